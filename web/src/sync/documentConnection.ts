/**
 * One document, live: the Yjs document, its copy on this device, its socket, and the truth about how safe the work is.
 *
 * A connection is one *generation*: after a refusal it ends for good and its owner opens the next.
 */
import * as decoding from 'lib0/decoding';
import { IndexeddbPersistence } from 'y-indexeddb';
import type { Awareness } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { ApiError } from '../api/client';
import { closingOf } from './closing';
import { countingSocket } from './countingSocket';
import { holdOpen } from './databaseLock';
import type { LocalDatabase, LocalStore } from './localStore';
import { listenToPage } from './pageEvents';
import { announceAgain, forgetOthers } from './reannounce';
import { SaveTracker } from './saveTracker';
import type { DocumentConnection, Rights, SaveStatus, Store } from './types';
import { UnsavedCount } from './unsavedCount';
import { createStore } from './valueStore';

const MESSAGE_EXTENSION = 100;
const BACKOFF_MS = { least: 4_000, spread: 4_000 };
/** A new token helps against a lost permission only if the role has changed meanwhile. */
const MOST_RENEWALS_OF_A_ROLE = 3;
const RENEWAL_MS = { first: 250, most: 30_000 };
/** How long a slow local database may keep the socket waiting. */
const LOCAL_PATIENCE_MS = 4_000;

export interface DocumentOptions {
  /** `wss://host/sync/<room>` */
  url: string;
  database: LocalDatabase;
  session: string;
  /** The token to connect with; read at each attempt. */
  token: () => string;
  /** Get another token. Rejects with an ApiError when the server gives none. */
  renew: () => Promise<unknown>;
  canWrite: () => boolean;
  /** undefined where this device keeps nothing. */
  store: LocalStore | undefined;
  onRefused: (connection: LiveDocument, code: string, reason: string) => void;
  /** The server has told what I may do. */
  onRights?: (rights: Rights) => void;
  /** Whether no newer generation of this document has begun, here or in another tab. */
  isNewest?: () => boolean;
  /** It came to a new socket as a former generation: what it holds may have been refused, so none of it was sent. */
  onSuperseded?: (connection: LiveDocument) => void;
  WebSocket?: typeof WebSocket;
  disableBroadcast?: boolean;
}

type Extension =
  | { type: 'saved'; through: number; seq: number }
  | { type: 'rejected'; document: string; code: string; reason: string }
  | ({ type: 'permissions' } & Rights)
  | { type: 'draining' };

export class LiveDocument implements DocumentConnection {
  readonly doc = new Y.Doc();
  readonly awareness: Awareness;
  readonly provider: WebsocketProvider;
  readonly whenLocal: Promise<void>;
  readonly whenSynced: Promise<void>;
  /** Why the socket was last closed by the server: a stable code, or empty. */
  readonly trouble = createStore('');
  private readonly tracker: SaveTracker;
  private readonly count: UnsavedCount;
  private persistence: IndexeddbPersistence | undefined;
  private releaseDatabase: () => void = () => {};
  private readonly stopListening: () => void;
  private renewals = 0;
  private renewalTimer: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;
  private ended = false;

  constructor(private readonly options: DocumentOptions) {
    const { database, store, session } = options;
    this.count = new UnsavedCount(store, database.name, session);
    this.tracker = new SaveTracker({ inherited: 0, canWrite: options.canWrite });
    this.tracker.setStored(store !== undefined);
    // Before the provider's own listener: a change is counted before the frame that carries it is sent.
    this.doc.on('update', this.onUpdate);
    this.provider = this.createProvider();
    this.awareness = this.provider.awareness;
    this.whenSynced = new Promise((resolve) => this.provider.once('sync', () => resolve()));
    this.whenLocal = this.openLocal().catch(() => this.tracker.setStored(false));
    this.status.subscribe(this.noteUnsaved);
    this.stopListening = listenToPage({
      online: this.retryNow, shown: this.retryNow, hidden: this.flush, offline: this.onOffline,
    });
  }

  get name(): string {
    return this.options.database.document;
  }

  get database(): LocalDatabase {
    return this.options.database;
  }

  get status(): Store<SaveStatus> {
    return this.tracker.status;
  }

  get connected(): boolean {
    return this.provider.wsconnected;
  }

  get unsaved(): number {
    return this.tracker.unsaved;
  }

  /** How many of them were made in this page, and not by one before it or beside it. */
  get unsavedHere(): number {
    return this.count.own;
  }

  /** Everything that was made here, and all that is in the local database, is committed on the server. */
  get isUpToDate(): boolean {
    return this.tracker.isUpToDate;
  }

  /** The document as one update, with all that is in it. */
  wholeUpdate(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc);
  }

  /** Connect no more, and say why; what is in the document stays readable. */
  stop(code: string, reason = ''): void {
    this.wanted = false;
    clearTimeout(this.renewalTimer);
    this.provider.disconnect();
    this.tracker.stop(code, reason);
  }

  /** Connect once the local copy is loaded: what it holds is then part of the first exchange. */
  connect(): void {
    this.wanted = true;
    this.tracker.resume();
    const patience = new Promise((resolve) => setTimeout(resolve, LOCAL_PATIENCE_MS));
    void Promise.race([this.whenLocal, patience]).then(() => {
      if (this.wanted && !this.ended) this.provider.connect();
    });
  }

  disconnect(): void {
    this.wanted = false;
    this.provider.disconnect();
    this.tracker.closed();
  }

  /** The role may have changed. */
  refreshStatus(): void {
    this.tracker.show();
  }

  /** The work has been kept elsewhere; nothing in this database waits for the server any more. */
  async giveUpUnsaved(): Promise<void> {
    await this.count.clear();
  }

  async destroy(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.wanted = false;
    clearTimeout(this.renewalTimer);
    this.stopListening();
    await this.count.flush().catch(() => {});
    this.provider.destroy();
    await this.whenLocal;
    await this.persistence?.destroy();
    this.doc.destroy();
    this.releaseDatabase();
  }

  // ---- the local copy

  private async openLocal(): Promise<void> {
    const { store, database } = this.options;
    if (!store) return;
    this.releaseDatabase = await holdOpen(database.name);
    await store.register(database);
    this.tracker.inherit(await this.count.inherited());
    if (this.ended) return;
    const persistence = new IndexeddbPersistence(database.name, this.doc);
    this.persistence = persistence;
    await Promise.race([persistence.whenSynced, failureOf(database.name, persistence)]);
    // From now on a failed write (quota, eviction) ends the promise that the work is on this device.
    for (const event of ['abort', 'close'] as const) {
      persistence.db?.addEventListener(event, () => this.tracker.setStored(false));
    }
  }

  private readonly flush = (): void => void this.count.flush().catch(() => this.tracker.setStored(false));

  private readonly noteUnsaved = (): void => this.count.set(this.tracker.unsaved, this.tracker.isUpToDate);

  private readonly onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this.provider || origin === this.persistence) return;
    this.tracker.changedLocally();
    this.noteUnsaved();
  };

  // ---- the socket

  private createProvider(): WebsocketProvider {
    const { url, database, session, token, disableBroadcast } = this.options;
    const { doc } = this;
    const provider = new WebsocketProvider(url, database.document, this.doc, {
      connect: false,
      // Read by the provider at each attempt.
      params: { get token() { return token(); }, session, get client() { return String(doc.clientID); }, ext: '1' },
      WebSocketPolyfill: countingSocket(this.tracker, this.options.WebSocket ?? WebSocket, () => this.mayShare()),
      maxBackoffTime: BACKOFF_MS.least + Math.random() * BACKOFF_MS.spread,
      disableBc: disableBroadcast ?? false,
    });
    provider.bcChannel = database.name;
    provider.messageHandlers[MESSAGE_EXTENSION] = (_encoder, decoder, _provider, fromServer) => {
      if (fromServer) this.onExtension(JSON.parse(decoding.readVarString(decoder)) as Extension);
    };
    provider.on('status', ({ status }) => {
      if (status === 'connected') this.onConnected();
      else if (status === 'disconnected') forgetOthers(this.awareness);
    });
    provider.on('connection-close', (event) => this.onConnectionClosed(event));
    provider.on('closed', ({ code, reason }) => this.onFinalClose(code, reason));
    provider.on('sync', (synced) => {
      if (!synced) return;
      this.renewals = 0;
      this.trouble.set('');
    });
    return provider;
  }

  private onConnected(): void {
    this.tracker.resume();
    this.tracker.opened();
    announceAgain(this.awareness);
  }

  private mayShare(): boolean {
    if (this.options.isNewest?.() ?? true) return true;
    queueMicrotask(() => this.options.onSuperseded?.(this));
    return false;
  }

  private onConnectionClosed(event: CloseEvent | null): void {
    this.tracker.closed();
    this.trouble.set(event?.reason ?? '');
    if (event && closingOf(event.code, event.reason).kind === 'broken') this.tracker.stop(event.reason);
  }

  private onExtension(message: Extension): void {
    if (message.type === 'saved') {
      this.tracker.acknowledged(message.through);
      this.noteUnsaved();
    } else if (message.type === 'rejected') this.refuse(message.code, message.reason);
    else if (message.type === 'permissions') this.options.onRights?.(message);
    else if (message.type === 'draining') this.trouble.set('room_draining');
  }

  /** The provider will not connect again by itself. */
  private onFinalClose(code: number, reason: string): void {
    const closing = closingOf(code, reason);
    if (closing.kind === 'renew') this.renewSoon(closing.code);
    else if (closing.kind === 'refused') this.refuse(closing.code, '');
    else this.tracker.stop(closing.code);
  }

  private refuse(code: string, reason: string): void {
    if (this.ended) return;
    this.wanted = false;
    this.tracker.refuse(code, reason);
    this.provider.disconnect();
    this.options.onRefused(this, code, reason);
  }

  private renewSoon(code: string): void {
    if (code === 'permission_denied' && this.renewals >= MOST_RENEWALS_OF_A_ROLE) return this.tracker.stop(code);
    const delay = Math.min(RENEWAL_MS.first * 2 ** this.renewals, RENEWAL_MS.most);
    this.renewals += 1;
    this.renewalTimer = setTimeout(() => void this.renew(code), this.renewals === 1 ? 0 : delay);
  }

  private async renew(code: string): Promise<void> {
    try {
      await this.options.renew();
      if (this.wanted && !this.ended) this.provider.connect();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isTemporary) this.renewSoon(code);
      else this.tracker.stop(error.code);
    }
  }

  private readonly retryNow = (): void => {
    if (this.wanted && !this.provider.wsconnected && this.provider.shouldConnect) this.provider.connect();
  };

  /** The network went: do not wait for the socket to notice. It is tried again at once, for a server on this machine. */
  private readonly onOffline = (): void => {
    if (!this.wanted || !this.provider.shouldConnect) return;
    this.provider.disconnect();
    this.tracker.closed();
    this.provider.connect();
  };
}

/** y-indexeddb says nothing when its database cannot be opened. */
async function failureOf(name: string, persistence: IndexeddbPersistence): Promise<never> {
  try {
    await (persistence as unknown as { _db: Promise<IDBDatabase> })._db;
  } catch (error) {
    throw new Error(`The local database ${name} cannot be opened.`, { cause: error });
  }
  return new Promise<never>(() => {});
}
