/** What the page adds to `window`. */
interface Window {
  EXCALIDRAW_ASSET_PATH: string | string[];
  /** The handle of tests: see ARCHITECTURE.md. */
  __thunderline?: Record<string, unknown>;
}
