/** What this device keeps of the way into a room: the token, who I am there, and the room's description. */
import type { Joined, Member } from '../api/rooms';
import { MEMBER_PERMISSIONS, presumedPermissions } from './permissions';
import type { RoomInfo } from './types';

export interface Kept {
  room: RoomInfo;
  me: Member;
  token: string;
  /** Milliseconds of the epoch, by this device's clock. */
  expires: number;
  /** How long the token was good for when it came, in milliseconds. */
  lasts: number;
  /** I have to knock again before I come in. */
  mustKnock?: boolean;
}

export function keptOf(joined: Joined): Kept {
  const lasts = lifetimeOf(joined.token) ?? Math.max(joined.expires_at / 1000 - Date.now(), 0);
  return complete({ room: joined.room, me: joined.me, token: joined.token, expires: Date.now() + lasts, lasts });
}

export function readKept(room: string): Kept | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(room)) ?? 'null') as Partial<Kept> | null;
    return kept?.room && kept.me && kept.token && kept.expires !== undefined ? complete(kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

export function writeKept(kept: Kept): void {
  try {
    localStorage.setItem(keyOf(kept.room.id), JSON.stringify(kept));
  } catch {
    // Storage is blocked or full: the room opens only while the server answers.
  }
}

/**
 * Whether the room was deleted: what is in its local copies must never be sent again. Kept apart from the rest, so that
 * no other tab overwrites it.
 */
export function isDeleted(room: string): boolean {
  try {
    return localStorage.getItem(deletedKeyOf(room)) !== null;
  } catch {
    return false;
  }
}

export function noteDeleted(room: string, deleted: boolean): void {
  try {
    if (deleted) localStorage.setItem(deletedKeyOf(room), '1');
    else localStorage.removeItem(deletedKeyOf(room));
  } catch {
    // Storage is blocked: then there is no local copy either.
  }
}

/** With what an older client or server did not know. */
function complete(kept: Kept): Kept {
  const { room, me } = kept;
  const unknown = { permissions: MEMBER_PERMISSIONS, door: 'open', max_people: 0, recovery: false } as const;
  return {
    ...kept,
    room: { ...unknown, ...room },
    me: { ...me, permissions: me.permissions ?? presumedPermissions(me.role) },
    lasts: kept.lasts ?? 0,
  };
}

/** From issue to expiry, in milliseconds: unlike the time of expiry it does not depend on this device's clock. */
export function lifetimeOf(token: string): number | undefined {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const { iat, exp } = JSON.parse(atob(payload)) as { iat?: unknown; exp?: unknown };
    return typeof iat === 'number' && typeof exp === 'number' && exp > iat ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(room: string): string {
  return `thunderline:room:${room}`;
}

function deletedKeyOf(room: string): string {
  return `thunderline:deleted:${room}`;
}
