/**
 * The right to be in a room: the token, who I am there, and the room's description.
 *
 * All of it is kept on the device, so that the room opens without the server. `join` is idempotent: the same guest key
 * is the same user, so it also renews a token and renames.
 */
import { ApiError } from '../api/client';
import { identity } from '../api/identity';
import { type InLobby, isInLobby, joinRoom, type Joined, type Member } from '../api/rooms';
import { isDeleted, type Kept, keptOf, noteDeleted, readKept, writeKept } from './keptAccess';
import { Knocking } from './knocking';
import type { Me, RoomInfo } from './types';
import { colorOf } from './userColor';
import { createStore, type ValueStore } from './valueStore';

/** A token is renewed when so much of its time is left, or a quarter of it if that is less. */
const EARLY_MS = 10 * 60_000;
const MOST_TIMER_MS = 2 ** 31 - 1;
const LEAST_TIMER_MS = 5_000;
const RETRY_MS = 30_000;

export interface Entrance {
  room: string;
  session: string;
  /** The invitation's key, from the link. */
  key?: string | undefined;
  /** `wss://host/signal/<room>`, to knock at. */
  signalUrl: string;
  /** The room has a lobby and this person must wait: entering goes on when he is admitted. */
  onKnocking?: ((knocking: Knocking) => void) | undefined;
}

export class RoomAccess {
  readonly room: ValueStore<RoomInfo>;
  readonly me: ValueStore<Me>;
  /** The newest token, though it may have expired. */
  readonly tokens: ValueStore<string>;
  /** The room had been deleted and is there again: what is in the local copies belongs to the deleted one. */
  readonly isReborn: boolean;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private joining: Promise<void> | undefined;
  private ended: string | undefined;

  private constructor(private kept: Kept, session: string, isReborn = false) {
    this.room = createStore(kept.room);
    this.me = createStore(meOf(kept.me, session));
    this.tokens = createStore(kept.token);
    this.isReborn = isReborn;
    if (this.isDeleted) this.ended = 'room_deleted';
    this.schedule(kept.expires - Date.now() - earlyOf(kept));
  }

  /**
   * Enter a room: at once when this device has been there, else when the server has let us in.
   *
   * @throws ApiError when the server refuses, and when it cannot be reached and this device was never in the room.
   */
  static async enter(entrance: Entrance): Promise<RoomAccess> {
    const { room, session, key } = entrance;
    const kept = readKept(room);
    if (!kept || key !== undefined || kept.mustKnock || isDeleted(room)) return RoomAccess.join(entrance, kept);
    const access = new RoomAccess(kept, session);
    // What has changed meanwhile arrives later; the documents tell when the room is no more.
    access.renew().catch(() => {});
    return access;
  }

  private static async join(entrance: Entrance, kept: Kept | undefined): Promise<RoomAccess> {
    const { room, session, key } = entrance;
    const join = (): Promise<Joined | InLobby> => joinRoom(room, identity(), key);
    try {
      const answer = await join();
      const joined = isInLobby(answer) ? await admission(entrance, answer, join) : answer;
      const fresh = keptOf(joined);
      writeKept(fresh);
      const isReborn = isDeleted(room);
      noteDeleted(room, false);
      return new RoomAccess(fresh, session, isReborn);
    } catch (error) {
      if (!(error instanceof ApiError) || !kept) throw error;
      // A copy of a room that is no more may be read for ever; any other when the server cannot be asked.
      if (!isDeleted(room) && !error.isTemporary) throw error;
      return new RoomAccess(kept, session);
    }
  }

  /** Whether the room opens on this device without the server. */
  static isKept(room: string): boolean {
    return readKept(room) !== undefined;
  }

  /** The newest token, though it may have expired. */
  get token(): string {
    return this.tokens.get();
  }

  /** The room was deleted, in this visit or before. */
  get isDeleted(): boolean {
    return isDeleted(this.kept.room.id);
  }

  /**
   * A token that is valid for some time yet, by this device's clock.
   *
   * @throws ApiError when there is none, and once this page is not in the room any more.
   */
  async validToken(): Promise<string> {
    if (this.ended !== undefined) throw this.notHere();
    if (this.kept.expires - Date.now() < earlyOf(this.kept)) {
      await this.renew().catch((error: unknown) => this.ifStillValid(error));
    }
    return this.kept.token;
  }

  /**
   * Join again: a new token, and what the server now says of me and the room.
   *
   * @throws ApiError
   */
  renew(): Promise<void> {
    if (this.ended !== undefined) return Promise.reject(this.notHere());
    this.joining ??= this.join().finally(() => {
      this.joining = undefined;
    });
    return this.joining;
  }

  /** The server, or another call, has told of the room. */
  setRoom(room: RoomInfo): void {
    this.keep({ ...this.kept, room });
    if (JSON.stringify(room) !== JSON.stringify(this.room.get())) this.room.set(room);
  }

  setMe(changes: Partial<Pick<Me, 'name' | 'role' | 'color' | 'permissions'>>): void {
    const { sub, name, role, permissions, session, color } = { ...this.me.get(), ...changes };
    this.keep({ ...this.kept, me: { sub, name, role, permissions } });
    const next = { sub, name, role, permissions, color, session };
    if (JSON.stringify(next) !== JSON.stringify(this.me.get())) this.me.set(next);
  }

  /** This page is not in the room any more: renew nothing, give out no token. A deletion is remembered for good. */
  end(code: string): void {
    this.ended = code;
    clearTimeout(this.timer);
    if (code === 'room_deleted') noteDeleted(this.kept.room.id, true);
  }

  /** Try again after an end. */
  resume(): void {
    this.ended = undefined;
  }

  close(): void {
    this.ended ??= 'left';
    clearTimeout(this.timer);
  }

  private notHere(): ApiError {
    return new ApiError(this.ended ?? 'left', 'This page is not in the room any more.', 403);
  }

  private keep(kept: Kept): void {
    this.kept = kept;
    writeKept(kept);
  }

  private async join(): Promise<void> {
    const joined = await joinRoom(this.kept.room.id, identity());
    if (joined.me.sub !== this.kept.me.sub) throw new ApiError('identity_changed', 'This browser is someone else now.', 403);
    if (isInLobby(joined)) {
      this.keep({ ...this.kept, mustKnock: true });
      throw new ApiError('not_admitted', 'You have to knock again.', 403);
    }
    this.keep(keptOf(joined));
    this.setRoom(this.kept.room);
    this.setMe(this.kept.me);
    this.tokens.set(joined.token);
    this.schedule(this.kept.lasts - earlyOf(this.kept));
  }

  private ifStillValid(error: unknown): void {
    if (this.kept.expires <= Date.now()) throw error;
  }

  /** Renew by itself, and go on trying while the server cannot be reached. */
  private schedule(delay: number): void {
    clearTimeout(this.timer);
    if (this.ended !== undefined) return;
    this.timer = setTimeout(() => {
      this.renew().catch((error: unknown) => {
        if (error instanceof ApiError && error.isTemporary) this.schedule(RETRY_MS);
      });
    }, Math.min(Math.max(delay, LEAST_TIMER_MS), MOST_TIMER_MS));
  }
}

function admission(
  { session, signalUrl, onKnocking }: Entrance, lobby: InLobby, join: () => Promise<Joined | InLobby>,
): Promise<Joined> {
  if (!onKnocking) throw new ApiError('not_admitted', 'This room has a lobby: knock first.', 403);
  const knocking = new Knocking({ url: signalUrl, session, lobby, join });
  onKnocking(knocking);
  return knocking.joined;
}

function earlyOf({ lasts }: Kept): number {
  return Math.min(EARLY_MS, lasts / 4);
}

function meOf({ sub, name, role, permissions }: Member, session: string): Me {
  return { sub, name, role, permissions, session, color: colorOf(sub) };
}
