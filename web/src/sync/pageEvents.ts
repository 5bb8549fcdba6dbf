/** What the browser tells the page about its network and its life. */

export interface PageListener {
  online(): void;
  offline(): void;
  /** The page is in front of somebody again. */
  shown(): void;
  /** The page may be frozen or closed at any time from now on. */
  hidden(): void;
}

/** Listen until the result is called. Without a browser there is nothing to hear. */
export function listenToPage(listener: PageListener): () => void {
  if (typeof window === 'undefined') return () => {};
  const end = new AbortController();
  const options = { signal: end.signal };
  window.addEventListener('online', () => listener.online(), options);
  window.addEventListener('offline', () => listener.offline(), options);
  window.addEventListener('pagehide', () => listener.hidden(), options);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') listener.shown();
    else listener.hidden();
  }, options);
  return () => end.abort();
}
