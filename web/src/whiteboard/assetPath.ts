/** Must be evaluated before Excalidraw: its fonts come from this host. Import it first. */
window.EXCALIDRAW_ASSET_PATH = '/excalidraw/';
