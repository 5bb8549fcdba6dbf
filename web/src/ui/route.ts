/** Which page the address names, and how to go to another without loading anew. */
import { createStore } from '../sync/valueStore';

export type Route = { page: 'landing' } | { page: 'admin' } | { page: 'room'; room: string; isReplay: boolean };

const ADMIN_PATH = /^\/admin\/?$/;
const ROOM_PATH = /^\/r\/([^/]+?)(\/replay)?\/?$/;

export function routeOf(pathname: string): Route {
  if (ADMIN_PATH.test(pathname)) return { page: 'admin' };
  const [, room, replay] = ROOM_PATH.exec(pathname) ?? [];
  return room === undefined ? { page: 'landing' } : { page: 'room', room: decode(room), isReplay: replay !== undefined };
}

export const route = createStore<Route>(routeOf(location.pathname));

addEventListener('popstate', () => route.set(routeOf(location.pathname)));

export function goTo(path: string): void {
  history.pushState(null, '', path);
  route.set(routeOf(location.pathname));
}

/** Where a room's history is shown, at an instant (microseconds) or played from one on. */
export function replayPath(room: string, show: { at?: number; from?: number } = {}): string {
  const query = new URLSearchParams(Object.entries(show).map(([name, value]) => [name, String(Math.round(value))]));
  return `/r/${encodeURIComponent(room)}/replay${query.size > 0 ? `?${query}` : ''}`;
}

/** The invitation's key in the address (`#k=…`). */
export function invitationKey(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get('k') ?? undefined;
}

/** Take it out of the address: else whoever copies the address passes it on. */
export function hideInvitationKey(): void {
  if (invitationKey() !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
}

export type JoinTarget = { kind: 'room'; path: string } | { kind: 'other'; host: string } | { kind: 'none' };

/** What somebody pasted to join: a whole link of this server, or the id of a room. */
export function joinTargetOf(text: string, origin: string): JoinTarget {
  const trimmed = text.trim();
  if (/^[\w-]{1,64}$/.test(trimmed)) return { kind: 'room', path: `/r/${trimmed}` };
  const url = URL.canParse(trimmed, origin) && /^(https?:\/\/|\/)/.test(trimmed) ? new URL(trimmed, origin) : undefined;
  if (!url || !ROOM_PATH.test(url.pathname)) return { kind: 'none' };
  if (url.origin !== origin) return { kind: 'other', host: url.host };
  return { kind: 'room', path: url.pathname + url.search + url.hash };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
