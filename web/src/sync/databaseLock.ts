/** Keeps a local database from being deleted while any tab has it open, by the browser's Web Locks. */

/** Say that this page has the database open. Call the result when it has closed it. */
export async function holdOpen(name: string): Promise<() => void> {
  if (!locksExist()) return () => {};
  return new Promise((resolve) => {
    void navigator.locks.request(name, { mode: 'shared' }, () =>
      new Promise<void>((release) => resolve(release)));
  });
}

/**
 * Run `act` while no page has the database open.
 *
 * @returns false when a page has it open, or when this browser cannot tell (no Web Locks: a page without TLS).
 */
export async function whileUnused(name: string, act: () => Promise<void>): Promise<boolean> {
  if (!locksExist()) return false;
  return navigator.locks.request(name, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
    if (lock) await act();
    return lock !== null;
  });
}

function locksExist(): boolean {
  return typeof navigator !== 'undefined' && 'locks' in navigator && navigator.locks !== undefined;
}
