/** One open page in one room: composes the access, the documents and the signaling, and tells whether it still is in the room. */
import type { RecordingTold } from '../presence/signalMessages';
import { ApiError } from '../api/client';
import { rename as renameIdentity, newSessionId } from '../api/identity';
import { changeRoom, deleteRoom, type RoomChanges } from '../api/rooms';
import { CallEngine } from '../call/callEngine';
import type { Call } from '../call/types';
import { SignalClient } from '../presence/SignalClient';
import { endsRoom } from './closing';
import type { LiveDocument } from './documentConnection';
import type { Knocking } from './knocking';
import { LocalStore, type RefusedCopy } from './localStore';
import { knownPermissions } from './permissions';
import { RoomAccess } from './roomAccess';
import { type DocumentName, RoomDocuments } from './roomDocuments';
import { sameStatus } from './saveTracker';
import type {
  Knock, Me, MediaKind, MuteRequest, Permission, Person, Removal, Rights, RoomInfo, RoomSession, SaveStatus, Store,
} from './types';
import { createStore } from './valueStore';

const NEEDED: Readonly<Record<DocumentName, Permission>> = { whiteboard: 'draw', chat: 'chat' };

export class LiveRoomSession implements RoomSession {
  readonly status = createStore<SaveStatus>({ kind: 'opening' });
  readonly permissions = createStore<ReadonlySet<Permission>>(new Set());
  readonly removal = createStore<Removal | null>(null);
  readonly signal: SignalClient;
  private readonly documents: RoomDocuments;
  private readonly endings: (() => void)[] = [];
  private closed = false;
  private engine: CallEngine | undefined;

  private constructor(
    private readonly access: RoomAccess,
    private readonly store: LocalStore | undefined,
    refused: readonly string[],
  ) {
    this.permissions.set(this.permitted());
    this.documents = new RoomDocuments({
      room: this.id,
      me: () => this.me.get(),
      url: `${socketOrigin()}/sync/${encodeURIComponent(this.id)}`,
      token: () => access.token,
      renew: () => access.renew(),
      canWrite: (name) => this.may(NEEDED[name]),
      store, refused,
      isReborn: access.isReborn,
      onRights: (rights) => this.setRights(rights),
    });
    this.signal = new SignalClient({
      url: signalUrlOf(this.id),
      session: this.me.get().session,
      token: () => this.token(),
      renew: () => access.renew(),
      me: this.me,
      awareness: () => this.whiteboard.awareness,
      onRoom: (room) => access.setRoom(room),
      onYou: (you) => access.setMe({ name: you.name, role: you.role, color: you.color }),
      onRights: (rights) => this.setRights(rights),
      onEnded: (removal) => {
        if (endsRoom(removal.code)) this.end(removal);
      },
    });
    this.endings.push(
      this.me.subscribe(() => this.onMe()),
      access.tokens.subscribe(() => this.signal.renew(access.token)),
      this.documents.status.subscribe(() => this.showStatus()),
    );
  }

  /**
   * Enter a room: at once when this device has been there, else as soon as the server has let us in.
   *
   * @param key the invitation's key, from the link.
   * @param onKnocking the room has a lobby: this goes on when the person is admitted. Close it to give up.
   * @throws ApiError as RoomAccess.enter does.
   */
  static async enter(room: string, key?: string, onKnocking?: (knocking: Knocking) => void): Promise<LiveRoomSession> {
    const entrance = { room, session: newSessionId(), key, onKnocking, signalUrl: signalUrlOf(room) };
    const [access, store] = await Promise.all([RoomAccess.enter(entrance), LocalStore.open()]);
    const session = new LiveRoomSession(access, store, (await store?.copyNames()) ?? []);
    void session.start();
    return session;
  }

  get id(): string {
    return this.access.room.get().id;
  }

  get room(): Store<RoomInfo> {
    return this.access.room;
  }

  get me(): Store<Me> {
    return this.access.me;
  }

  get roster(): Store<readonly Person[]> {
    return this.signal.roster;
  }

  get whiteboard(): LiveDocument {
    return this.documents.whiteboard;
  }

  get chat(): LiveDocument {
    return this.documents.chat;
  }

  get generation(): Store<number> {
    return this.documents.generation;
  }

  /** Refused work of this room on this device, newest first. */
  get copies(): Store<readonly RefusedCopy[]> {
    return this.documents.copies;
  }

  get knocks(): Store<readonly Knock[]> {
    return this.signal.knocks;
  }

  get recording(): Store<RecordingTold | null> {
    return this.signal.recording;
  }

  get muteRequest(): Store<MuteRequest | null> {
    return this.signal.muteRequest;
  }

  /** Whether this device keeps anything. */
  get isStored(): boolean {
    return this.store !== undefined;
  }

  may(permission: Permission): boolean {
    return this.permissions.get().has(permission);
  }

  token(): Promise<string> {
    return this.access.validToken();
  }

  /** Take another name, here and in every room from now on. Without the server it takes effect at the next contact. */
  async rename(name: string): Promise<void> {
    const tidy = renameIdentity(name).name;
    this.access.setMe({ name: tidy });
    this.signal.rename(tidy);
    await this.access.renew().catch(() => {});
  }

  /** @throws ApiError */
  async changeRoom(changes: RoomChanges): Promise<void> {
    this.access.setRoom(await changeRoom(this.id, await this.token(), changes));
  }

  /**
   * Delete the room for good. Everybody is sent away, this page too.
   *
   * @throws ApiError
   */
  async deleteRoom(): Promise<void> {
    await deleteRoom(this.id, await this.token());
    this.end({ code: 'room_deleted', reason: '' });
  }

  admit(sub: string): void {
    this.signal.admit(sub);
  }

  decline(sub: string, reason?: string): void {
    this.signal.decline(sub, reason);
  }

  requestMute(session: string, what: MediaKind): void {
    this.signal.requestMute(session, what);
  }

  setHand(up: boolean): void {
    this.signal.setHand(up);
  }

  /** The call of the room, in which this page is or is not. */
  get call(): Call {
    return (this.engine ??= new CallEngine(this));
  }

  dismissMuteRequest(): void {
    this.signal.muteRequest.set(null);
  }

  /** The person has read that work was refused and keeps the copy for later. */
  keepForLater(copies: readonly RefusedCopy[]): Promise<void> {
    return this.documents.keepForLater(copies);
  }

  /** Throw a copy away for good. */
  discard(copy: RefusedCopy): Promise<void> {
    return this.documents.discard(copy);
  }

  /** Try again now, after a stop. What belongs to a deleted room is never sent again: only entering anew asks for it. */
  retry(): void {
    if (this.closed || this.access.isDeleted) return;
    if (this.removal.get()) void this.comeBack();
    else this.documents.connect();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const end of this.endings) end();
    this.engine?.leave();
    this.signal.close();
    this.access.close();
    this.documents.close();
  }

  private async start(): Promise<void> {
    // Asked for once there is something to lose; where the browser decides by itself it costs nothing.
    void globalThis.navigator?.storage?.persist?.().catch(() => false);
    if (this.access.isDeleted) this.end({ code: 'room_deleted', reason: '' });
    else this.documents.connect();
    await this.documents.takeUp();
  }

  // ---- what I may do

  private setRights({ role, permissions }: Rights): void {
    this.access.setMe({ role, permissions: knownPermissions(permissions) });
  }

  private onMe(): void {
    this.showPermissions();
    this.documents.showMe();
  }

  private permitted(): ReadonlySet<Permission> {
    return new Set(this.removal.get() ? [] : this.me.get().permissions);
  }

  private showPermissions(): void {
    const before = this.permissions.get();
    const next = this.permitted();
    if (next.size !== before.size || [...next].some((permission) => !before.has(permission))) this.permissions.set(next);
  }

  // ---- being sent away

  /**
   * This page is not in the room any more. The signaling is left to end by itself: it may still say the reason.
   */
  private end(removal: Removal): void {
    const before = this.removal.get();
    if (this.closed || before?.reason || (before && !removal.reason)) return;
    this.removal.set(removal);
    this.access.end(removal.code);
    if (removal.code === 'room_deleted') this.signal.end(removal.code);
    this.showPermissions();
    this.documents.stop(removal.code, removal.reason);
    this.showStatus();
  }

  /** Ask to be let in again. */
  private async comeBack(): Promise<void> {
    this.access.resume();
    try {
      await this.access.renew();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, reason } = error.isTemporary ? (this.removal.get() ?? error) : error;
      this.removal.set(null);
      return this.end({ code, reason });
    }
    this.removal.set(null);
    this.onMe();
    this.documents.connect();
    this.signal.restart();
  }

  private showStatus(): void {
    const status = this.documents.status.get();
    if (status.kind === 'stopped' && endsRoom(status.code)) this.end({ code: status.code, reason: status.reason ?? '' });
    const removal = this.removal.get();
    const next: SaveStatus = removal
      ? { kind: 'stopped', code: removal.code, ...(removal.reason && { reason: removal.reason }) }
      : status;
    if (!sameStatus(next, this.status.get())) this.status.set(next);
  }
}

/** `ws://host` or `wss://host`, as the page itself was loaded. */
function socketOrigin(): string {
  return location.origin.replace(/^http/, 'ws');
}

function signalUrlOf(room: string): string {
  return `${socketOrigin()}/signal/${encodeURIComponent(room)}`;
}
