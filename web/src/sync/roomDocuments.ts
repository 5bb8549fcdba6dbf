/**
 * The two documents of a room: which generation of each is in use, and what becomes of refused work.
 *
 * What the server has refused must never reach it again: not from this page, not from another tab that has it too, not
 * from the local database. So a refusal begins a new generation for all tabs, and a former one is sent no more.
 */
import {
  afterCopies, currentGeneration, databaseOf, deleteUnused, keepCopy, LEFT_BEHIND, nextGeneration, pointerOf,
  takeUpFormer, type DocumentKey,
} from './generations';
import { LiveDocument } from './documentConnection';
import type { LocalStore, RefusedCopy } from './localStore';
import { listenToPage } from './pageEvents';
import { sameStatus, worstStatus } from './saveTracker';
import type { Me, Rights, SaveStatus } from './types';
import { createStore } from './valueStore';

export type DocumentName = 'whiteboard' | 'chat';

export const DOCUMENTS: readonly DocumentName[] = ['whiteboard', 'chat'];
/** A document that is refused so often in a row is not opened again: something else is wrong. */
const REFUSALS = { most: 3, withinMs: 60_000 };

export interface RoomDocumentsOptions {
  room: string;
  me: () => Me;
  /** `wss://host/sync/<room>` */
  url: string;
  token: () => string;
  renew: () => Promise<unknown>;
  canWrite: (name: DocumentName) => boolean;
  /** undefined where this device keeps nothing. */
  store: LocalStore | undefined;
  /** The names of the databases of which there are refused copies. */
  refused: readonly string[];
  /** The room was deleted and is there again: leave behind what this device has of the deleted one. */
  isReborn: boolean;
  onRights: (rights: Rights) => void;
}

export class RoomDocuments {
  /** Rises with each replaced document. */
  readonly generation = createStore(0);
  /** The worse of the two; `refused` while there is a copy that nobody has read about. */
  readonly status = createStore<SaveStatus>({ kind: 'opening' });
  /** Refused work of this room on this device, newest first. */
  readonly copies = createStore<readonly RefusedCopy[]>([]);
  private readonly documents: Record<DocumentName, LiveDocument>;
  /** The newest generation known in this page: where localStorage is full the pointer stays behind. */
  private readonly newest: Record<DocumentName, number> = { whiteboard: 0, chat: 0 };
  private readonly newer = new Set<DocumentName>();
  private readonly writable = new Set<DocumentName>();
  private readonly refusals: number[] = [];
  private stopListening: () => void = () => {};
  private closed = false;

  constructor(private readonly options: RoomDocumentsOptions) {
    for (const name of DOCUMENTS) {
      this.newest[name] = afterCopies(this.keyOf(name), options.refused);
      if (options.isReborn) this.advance(name, this.newestOf(name));
    }
    this.documents = { whiteboard: this.open('whiteboard'), chat: this.open('chat') };
    this.showRights();
    this.listenForNewerGenerations();
  }

  get whiteboard(): LiveDocument {
    return this.documents.whiteboard;
  }

  get chat(): LiveDocument {
    return this.documents.chat;
  }

  connect(): void {
    for (const name of DOCUMENTS) this.documents[name].connect();
  }

  /** Connect no more; what is here stays readable. */
  stop(code: string, reason: string): void {
    for (const name of DOCUMENTS) this.documents[name].stop(code, reason);
  }

  /** Find what earlier pages have left: copies, and work that was never saved. */
  async takeUp(): Promise<void> {
    const { store, room } = this.options;
    if (!store) return;
    for (const name of DOCUMENTS) await this.takeUpFormer(name);
    const kept = (await store.copies()).filter((copy) => copy.room === room);
    const all = new Map([...kept, ...this.copies.get()].map((copy) => [copy.name, copy]));
    this.copies.set([...all.values()].sort((a, b) => b.at - a.at));
    this.showStatus();
  }

  /** My name or colour has changed, or what I may do. A document that had stopped because I might not write goes on. */
  showMe(): void {
    for (const name of DOCUMENTS) this.introduce(this.documents[name]);
    this.showRights();
  }

  private showRights(): void {
    for (const name of DOCUMENTS) {
      const could = this.writable.has(name);
      if (!this.options.canWrite(name)) this.writable.delete(name);
      else this.writable.add(name);
      const document = this.documents[name];
      document.refreshStatus();
      const status = document.status.get();
      if (!could && this.writable.has(name) && status.kind === 'stopped' && status.code === REFUSED_AGAIN) document.connect();
    }
    this.showStatus();
  }

  /** The person has read that work was refused and keeps the copy for later. */
  async keepForLater(copies: readonly RefusedCopy[]): Promise<void> {
    const seen = new Set(copies.map((copy) => copy.name));
    const next = this.copies.get().map((copy) => (seen.has(copy.name) ? { ...copy, seen: true } : copy));
    this.copies.set(next);
    this.showStatus();
    for (const copy of next) if (seen.has(copy.name)) await this.options.store?.putCopy(copy);
  }

  /** Throw a copy away for good. */
  async discard(copy: RefusedCopy): Promise<void> {
    await this.options.store?.deleteCopy(copy.name);
    this.copies.set(this.copies.get().filter((one) => one.name !== copy.name));
    this.showStatus();
  }

  close(): void {
    this.closed = true;
    this.stopListening();
    for (const name of DOCUMENTS) void this.documents[name].destroy();
  }

  // ---- generations

  private keyOf(document: DocumentName): DocumentKey {
    return { room: this.options.room, document, sub: this.options.me().sub };
  }

  private newestOf(name: DocumentName): number {
    return Math.max(currentGeneration(this.keyOf(name)), this.newest[name]);
  }

  /** Begin the generation after this one, for all tabs. */
  private advance(name: DocumentName, former: number): void {
    this.newest[name] = Math.max(nextGeneration(this.keyOf(name), former), this.newest[name]);
  }

  private open(name: DocumentName): LiveDocument {
    const { url, token, renew, canWrite, store, me, onRights } = this.options;
    const generation = this.newestOf(name);
    const connection = new LiveDocument({
      url, token, renew, store, onRights,
      database: databaseOf(this.keyOf(name), generation),
      session: me().session,
      canWrite: () => canWrite(name),
      isNewest: () => this.newestOf(name) <= generation,
      onSuperseded: (former) => void this.followNewer(name, former),
      onRefused: (refused, code, reason) => void this.continueAfresh(name, refused, { code, reason }),
    });
    connection.status.subscribe(() => {
      this.showStatus();
      this.adoptNewer(name);
    });
    this.introduce(connection);
    return connection;
  }

  /** Say in a document who I am. */
  private introduce({ awareness }: LiveDocument): void {
    const { sub, name, color } = this.options.me();
    awareness.setLocalStateField('user', { id: sub, name, color });
  }

  private replace(name: DocumentName, isHopeless = false): void {
    this.newer.delete(name);
    this.documents[name] = this.open(name);
    if (isHopeless) this.documents[name].stop(REFUSED_AGAIN);
    else this.documents[name].connect();
    this.generation.set(this.generation.get() + 1);
    this.showStatus();
  }

  private async takeUpFormer(name: DocumentName): Promise<void> {
    const { store, isReborn } = this.options;
    if (store) await takeUpFormer(store, this.keyOf(name), this.documents[name].database.generation, isReborn);
  }

  // ---- refused work

  /** The server has refused what was written here: keep it as a copy and go on with what the server has. */
  private async continueAfresh(name: DocumentName, refused: LiveDocument, why: Why): Promise<void> {
    this.advance(name, refused.database.generation);
    if (why.code === 'permission_denied') this.options.renew().catch(() => {});
    this.replace(name, this.isRefusedTooOften());
    await this.keep(refused, why);
    await refused.destroy();
    const { store } = this.options;
    if (store && (await store.copy(refused.database.name))) await deleteUnused(store, refused.database);
  }

  private async keep(refused: LiveDocument, why: Why): Promise<void> {
    // What an editor still had in its hand when the document was taken from it is written into it, and belongs here.
    await new Promise((resolve) => setTimeout(resolve));
    const update = refused.wholeUpdate();
    const changes = refused.unsaved;
    try {
      const copy = await keepCopy(this.options.store, refused.database, { ...why, changes }, update);
      this.copies.set([copy, ...this.copies.get().filter((one) => one.name !== copy.name)]);
      await refused.giveUpUnsaved();
    } catch {
      // The device could not store the copy: it stays in this page, and in the database that is not deleted.
      const unstored = { ...refused.database, ...why, changes, update, at: Date.now(), seen: false };
      this.copies.set([unstored, ...this.copies.get()]);
    }
    this.showStatus();
  }

  private isRefusedTooOften(): boolean {
    const now = Date.now();
    this.refusals.push(now);
    return this.refusals.filter((at) => now - at < REFUSALS.withinMs).length > REFUSALS.most;
  }

  // ---- other tabs

  /** Another tab's work was refused: this one has it too, through the common database and channel, and follows it. */
  private listenForNewerGenerations(): void {
    if (typeof window === 'undefined') return;
    const listener = (event: StorageEvent): void => {
      for (const name of DOCUMENTS) if (event.key === pointerOf(this.keyOf(name))) this.noticeNewer(name);
    };
    const look = (): void => DOCUMENTS.forEach((name) => this.noticeNewer(name));
    // A page that was frozen is not told what it has missed.
    const stopPage = listenToPage({ shown: look, online: look, hidden() {}, offline() {} });
    window.addEventListener('storage', listener);
    this.stopListening = () => {
      window.removeEventListener('storage', listener);
      stopPage();
    };
  }

  private noticeNewer(name: DocumentName): void {
    if (this.documents[name].database.generation >= this.newestOf(name)) return;
    this.newer.add(name);
    this.adoptNewer(name);
  }

  /** Not before everything made here is saved over the socket that stands: if it cannot be, it is refused in its turn. */
  private adoptNewer(name: DocumentName): void {
    const current = this.documents?.[name];
    if (!this.newer.has(name) || this.closed || !current?.isUpToDate) return;
    this.replace(name);
    void current.destroy().then(() => this.takeUpFormer(name));
  }

  /** This page comes back as a former generation. What was made here since may build on what was refused: it is kept. */
  private async followNewer(name: DocumentName, former: LiveDocument): Promise<void> {
    if (this.closed || this.documents[name] !== former) return;
    this.replace(name);
    if (former.unsavedHere > 0) await this.keep(former, LEFT_BEHIND);
    await former.destroy();
    await this.takeUpFormer(name);
  }

  // ---- status

  private showStatus(): void {
    if (!this.documents) return;
    const chat = this.chat.status.get();
    // Who may draw, but not chat, is no mere onlooker: the chat says so itself.
    const worst = worstStatus(this.whiteboard.status.get(), chat.kind === 'viewOnly' ? { kind: 'saved' } : chat);
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

interface Why {
  code: string;
  reason: string;
}

const REFUSED_AGAIN = 'refused_again';
