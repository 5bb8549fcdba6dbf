/** One open page in one room: composes the access, the two documents, the roster, and what becomes of refused work. */
import { rename as renameIdentity, newSessionId } from '../api/identity';
import { changeRoom, type RoomChanges } from '../api/rooms';
import { SignalClient } from '../presence/SignalClient';
import { LiveDocument } from './documentConnection';
import {
  currentGeneration, databaseOf, deleteUnused, keepCopy, nextGeneration, pointerOf, takeUpFormer, type DocumentKey,
} from './generations';
import { LocalStore, type RefusedCopy } from './localStore';
import { RoomAccess } from './roomAccess';
import { sameStatus, worstStatus } from './saveTracker';
import type { Me, Person, RoomInfo, RoomSession, SaveStatus, Store } from './types';
import { createStore } from './valueStore';

type DocumentName = 'whiteboard' | 'chat';

const DOCUMENTS: readonly DocumentName[] = ['whiteboard', 'chat'];
/** A document that is refused so often in a row is not opened again: something else is wrong. */
const REFUSALS = { most: 3, withinMs: 60_000 };

export class LiveRoomSession implements RoomSession {
  readonly generation = createStore(0);
  readonly status = createStore<SaveStatus>({ kind: 'opening' });
  /** Refused work of this room on this device, newest first. */
  readonly copies = createStore<readonly RefusedCopy[]>([]);
  readonly signal: SignalClient;
  private readonly documents: Record<DocumentName, LiveDocument>;
  private readonly newer = new Set<DocumentName>();
  private readonly refusals: number[] = [];
  private readonly endings: (() => void)[] = [];
  private closed = false;

  private constructor(
    private readonly access: RoomAccess,
    private readonly store: LocalStore | undefined,
  ) {
    this.documents = { whiteboard: this.open('whiteboard'), chat: this.open('chat') };
    this.signal = new SignalClient({
      url: `${socketOrigin()}/signal/${encodeURIComponent(this.id)}`,
      session: this.me.get().session,
      token: () => this.token(),
      renew: () => access.renew(),
      me: this.me,
      awareness: () => this.whiteboard.awareness,
      onRoom: (room) => access.setRoom(room),
      onYou: (you) => access.setMe({ name: you.name, role: you.role, color: you.color }),
    });
    this.endings.push(this.me.subscribe(() => this.onMe()));
    this.listenForNewerGenerations();
  }

  /**
   * Enter a room: at once when this device has been there, else as soon as the server has said who we are.
   *
   * @param key the invitation's key, from the link.
   * @throws ApiError as RoomAccess.enter does.
   */
  static async enter(room: string, key?: string): Promise<LiveRoomSession> {
    const [access, store] = await Promise.all([RoomAccess.enter(room, newSessionId(), key), LocalStore.open()]);
    const session = new LiveRoomSession(access, store);
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

  /** Whether this device keeps anything. */
  get isStored(): boolean {
    return this.store !== undefined;
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

  /** The person has read that work was refused and keeps the copy for later. */
  async keepForLater(copies: readonly RefusedCopy[]): Promise<void> {
    const seen = new Set(copies.map((copy) => copy.name));
    const next = this.copies.get().map((copy) => (seen.has(copy.name) ? { ...copy, seen: true } : copy));
    this.copies.set(next);
    this.showStatus();
    for (const copy of next) if (seen.has(copy.name)) await this.store?.putCopy(copy);
  }

  /** Throw a copy away for good. */
  async discard(copy: RefusedCopy): Promise<void> {
    await this.store?.deleteCopy(copy.name);
    this.copies.set(this.copies.get().filter((one) => one.name !== copy.name));
    this.showStatus();
  }

  /** Try again now, after a stop. */
  retry(): void {
    for (const name of DOCUMENTS) this.documents[name].connect();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const end of this.endings) end();
    this.signal.close();
    this.access.close();
    for (const name of DOCUMENTS) void this.documents[name].destroy();
  }

  private async start(): Promise<void> {
    // Asked for once there is something to lose; where the browser decides by itself it costs nothing.
    void globalThis.navigator?.storage?.persist?.().catch(() => false);
    for (const name of DOCUMENTS) this.documents[name].connect();
    if (!this.store) return;
    for (const name of DOCUMENTS) {
      await takeUpFormer(this.store, this.keyOf(name), this.documents[name].database.generation);
    }
    const kept = (await this.store.copies()).filter((copy) => copy.room === this.id);
    const all = new Map([...kept, ...this.copies.get()].map((copy) => [copy.name, copy]));
    this.copies.set([...all.values()].sort((a, b) => b.at - a.at));
    this.showStatus();
  }

  // ---- documents and their generations

  private keyOf(document: DocumentName): DocumentKey {
    return { room: this.id, document, sub: this.me.get().sub };
  }

  private open(name: DocumentName): LiveDocument {
    const key = this.keyOf(name);
    const connection = new LiveDocument({
      url: `${socketOrigin()}/sync/${encodeURIComponent(this.id)}`,
      database: databaseOf(key, currentGeneration(key)),
      session: this.me.get().session,
      token: () => this.access.token,
      renew: () => this.access.renew(),
      canWrite: () => this.me.get().role !== 'viewer',
      store: this.store,
      onRefused: (refused, code, reason) => void this.continueAfresh(name, refused, { code, reason }),
    });
    connection.status.subscribe(() => {
      this.showStatus();
      this.adoptNewer(name);
    });
    this.introduce(connection);
    return connection;
  }

  /** Say in a document who we are. */
  private introduce({ awareness }: LiveDocument): void {
    const { sub, name, color } = this.me.get();
    awareness.setLocalStateField('user', { id: sub, name, color });
  }

  private onMe(): void {
    for (const name of DOCUMENTS) {
      this.introduce(this.documents[name]);
      this.documents[name].refreshStatus();
    }
    this.showStatus();
  }

  /** The server has refused what was written here: keep it as a copy and go on with what the server has. */
  private async continueAfresh(
    name: DocumentName, refused: LiveDocument, why: { code: string; reason: string },
  ): Promise<void> {
    const update = refused.wholeUpdate();
    const changes = refused.unsaved;
    nextGeneration(this.keyOf(name), refused.database.generation);
    if (why.code === 'permission_denied') this.access.renew().catch(() => {});
    this.replace(name, this.isRefusedTooOften());
    try {
      const copy = await keepCopy(this.store, refused.database, { ...why, changes }, update);
      this.copies.set([copy, ...this.copies.get().filter((one) => one.name !== copy.name)]);
      await refused.giveUpUnsaved();
    } catch {
      // The device could not store the copy: it stays in this page, and in the database that is not deleted.
      const unstored = { ...refused.database, ...why, changes, update, at: Date.now(), seen: false };
      this.copies.set([unstored, ...this.copies.get()]);
    }
    this.showStatus();
    await refused.destroy();
    if (this.store && (await this.store.copy(refused.database.name))) await deleteUnused(this.store, refused.database);
  }

  private isRefusedTooOften(): boolean {
    const now = Date.now();
    this.refusals.push(now);
    return this.refusals.filter((at) => now - at < REFUSALS.withinMs).length > REFUSALS.most;
  }

  private replace(name: DocumentName, stopped = false): void {
    this.newer.delete(name);
    this.documents[name] = this.open(name);
    if (stopped) this.documents[name].stop('refused_again');
    else this.documents[name].connect();
    this.generation.set(this.generation.get() + 1);
    this.showStatus();
  }

  /** Another tab's work was refused: this one has it too, through the common database, and follows it. */
  private listenForNewerGenerations(): void {
    if (typeof window === 'undefined') return;
    const listener = (event: StorageEvent): void => {
      for (const name of DOCUMENTS) {
        if (event.key !== pointerOf(this.keyOf(name))) continue;
        this.newer.add(name);
        this.adoptNewer(name);
      }
    };
    window.addEventListener('storage', listener);
    this.endings.push(() => window.removeEventListener('storage', listener));
  }

  /** Not before everything made here is saved: if it cannot be, it is refused, and kept as that. */
  private adoptNewer(name: DocumentName): void {
    const current = this.documents[name];
    if (!this.newer.has(name) || this.closed || !current.isUpToDate) return;
    const store = this.store;
    this.replace(name);
    void current.destroy().then(() => store && takeUpFormer(store, this.keyOf(name), this.documents[name].database.generation));
  }

  private showStatus(): void {
    if (!this.documents) return;
    const worst = worstStatus(this.whiteboard.status.get(), this.chat.status.get());
    const next = worst.kind === 'stopped' ? worst : (this.refusedStatus() ?? worst);
    if (!sameStatus(next, this.status.get())) this.status.set(next);
  }

  private refusedStatus(): SaveStatus | undefined {
    const unseen = this.copies.get().filter((copy) => !copy.seen);
    const [newest] = unseen;
    if (!newest) return undefined;
    const changes = unseen.reduce((sum, copy) => sum + copy.changes, 0);
    return { kind: 'refused', code: newest.code, reason: newest.reason, changes };
  }
}

/** `ws://host` or `wss://host`, as the page itself was loaded. */
function socketOrigin(): string {
  return location.origin.replace(/^http/, 'ws');
}
