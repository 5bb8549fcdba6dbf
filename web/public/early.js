// Runs before the first paint and before the app: a file, because the policy forbids inline scripts.
(function () {
  // Excalidraw fetches its fonts from this host.
  window.EXCALIDRAW_ASSET_PATH = location.origin + '/excalidraw/';
  var theme = 'system';
  try {
    theme = localStorage.getItem('thunderline:theme') || 'system';
  } catch (blocked) {
    // Storage is blocked: the system's theme decides.
  }
  if (theme === 'system') theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = theme;
})();
