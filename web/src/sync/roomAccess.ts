/**
 * The right to be in a room: the token, who I am there, and the room's description.
 *
 * All of it is kept on the device, so that the room opens without the server. `join` is idempotent: the same guest key
 * is the same user, so it also renews a token and renames.
 */
import { ApiError } from '../api/client';
import { identity } from '../api/identity';
import { joinRoom, type Joined, type Member } from '../api/rooms';
import type { Me, RoomInfo } from './types';
import { colorOf } from './userColor';
import { createStore, type ValueStore } from './valueStore';

interface Kept {
  room: RoomInfo;
  me: Member;
  token: string;
  /** Milliseconds of the epoch. */
  expires: number;
}

/** A token is renewed when so much of its time is left. */
const EARLY_MS = 10 * 60_000;
const MOST_TIMER_MS = 2 ** 31 - 1;
const RETRY_MS = 30_000;

export class RoomAccess {
  readonly room: ValueStore<RoomInfo>;
  readonly me: ValueStore<Me>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private joining: Promise<void> | undefined;
  private closed = false;

  private constructor(private kept: Kept, session: string) {
    this.room = createStore(kept.room);
    this.me = createStore(meOf(kept.me, session));
    this.schedule();
  }

  /**
   * Enter a room.
   *
   * @param key the invitation's key, from the link.
   * @throws ApiError when the server refuses, and when it cannot be reached and this device was never in the room.
   */
  static async enter(room: string, session: string, key?: string): Promise<RoomAccess> {
    const kept = key === undefined ? readKept(room) : undefined;
    if (!kept) return new RoomAccess(keep(await joinRoom(room, identity(), key)), session);
    const access = new RoomAccess(kept, session);
    // What has changed meanwhile arrives later; the documents tell when the room is no more.
    access.renew().catch(() => {});
    return access;
  }

  /** Whether the room opens on this device without the server. */
  static isKept(room: string): boolean {
    return readKept(room) !== undefined;
  }

  /** The newest token, though it may have expired. */
  get token(): string {
    return this.kept.token;
  }

  /** A token that is valid for some time yet, by this device's clock. */
  async validToken(): Promise<string> {
    if (this.kept.expires - Date.now() < EARLY_MS) await this.renew().catch((error: unknown) => this.ifStillValid(error));
    return this.kept.token;
  }

  /** Join again: a new token, and what the server now says of me and the room. */
  renew(): Promise<void> {
    this.joining ??= this.join().finally(() => {
      this.joining = undefined;
    });
    return this.joining;
  }

  /** The server, or another call, has told of the room. */
  setRoom(room: RoomInfo): void {
    this.kept = { ...this.kept, room };
    write(this.kept);
    if (JSON.stringify(room) !== JSON.stringify(this.room.get())) this.room.set(room);
  }

  setMe(changes: Partial<Pick<Me, 'name' | 'role' | 'color'>>): void {
    const { sub, name, role, session, color } = { ...this.me.get(), ...changes };
    this.kept = { ...this.kept, me: { sub, name, role } };
    write(this.kept);
    const next = { sub, name, role, color, session };
    if (JSON.stringify(next) !== JSON.stringify(this.me.get())) this.me.set(next);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async join(): Promise<void> {
    const joined = await joinRoom(this.kept.room.id, identity());
    if (joined.me.sub !== this.kept.me.sub) throw new ApiError('identity_changed', 'This browser is someone else now.', 403);
    this.kept = keep(joined);
    this.setRoom(joined.room);
    this.setMe({ name: joined.me.name, role: joined.me.role });
    this.schedule();
  }

  private ifStillValid(error: unknown): void {
    if (this.kept.expires <= Date.now()) throw error;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const delay = Math.max(this.kept.expires - Date.now() - EARLY_MS, RETRY_MS);
    this.timer = setTimeout(() => {
      this.renew().catch(() => this.schedule());
    }, Math.min(delay, MOST_TIMER_MS));
  }
}

function meOf({ sub, name, role }: Member, session: string): Me {
  return { sub, name, role, session, color: colorOf(sub) };
}

function keep(joined: Joined): Kept {
  const kept = { room: joined.room, me: joined.me, token: joined.token, expires: joined.expires_at / 1000 };
  write(kept);
  return kept;
}

function keyOf(room: string): string {
  return `thunderline:room:${room}`;
}

function write(kept: Kept): void {
  try {
    localStorage.setItem(keyOf(kept.room.id), JSON.stringify(kept));
  } catch {
    // Storage is blocked or full: the room opens only while the server answers.
  }
}

function readKept(room: string): Kept | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(room)) ?? 'null') as Partial<Kept> | null;
    return kept?.room && kept.me && kept.token && kept.expires !== undefined ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

/** Forget the way into a room; its documents stay. */
export function forgetAccess(room: string): void {
  try {
    localStorage.removeItem(keyOf(room));
  } catch {
    // Storage is blocked: nothing was kept.
  }
}
