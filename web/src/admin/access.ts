/**
 * The admin token of this tab: taken from `#token=…`, kept in sessionStorage, forgotten when the server refuses it.
 */
import { createStore } from '../sync/valueStore';

export type AdminAccess =
  | { kind: 'none' }
  | { kind: 'left' }
  | { kind: 'expired' }
  | { kind: 'refused' }
  | { kind: 'token'; token: string };

const KEY = 'thunderline:admin';

export const adminAccess = createStore<AdminAccess>({ kind: 'none' });

/** Take the token out of the address: else whoever copies the address passes it on. Without one, the one kept before. */
export function takeAdminToken(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    if (token !== '') keep(token);
  }
  const kept = token || read();
  if (kept) adminAccess.set({ kind: 'token', token: kept });
}

/** What becomes of the access when the server answers with a code. Others than these do not concern the token. */
export function accessAfter(code: string): AdminAccess | null {
  if (code === 'token_expired') return { kind: 'expired' };
  return code === 'token_invalid' ? { kind: 'refused' } : null;
}

export function leave(next: AdminAccess): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Storage is blocked: there was nothing kept.
  }
  adminAccess.set(next);
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is blocked: the token lasts as long as the page.
  }
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
