/** One document at one moment of its history, moved forward row by row or to any other moment. */
import type * as Y from 'yjs';
import { type ValueStore, createStore } from '../sync/valueStore';
import type { HistoryApi } from './historyApi';
import { Moment, applied } from './moment';
import type { Row } from './stream';

/** Rows fetched at a time. */
const WINDOW = 500;
/** Fetched ones that are kept. */
const MAX_WINDOWS = 16;
/** Further ahead than this a keyframe is nearer. */
const MAX_FORWARD = 2_000;
/** The next window is fetched when so many rows of this one are left. */
const AHEAD = 200;

export type Source = Pick<HistoryApi, 'rows' | 'state'>;

export class DocumentPlayer {
  /** Is replaced at a jump. */
  readonly moment: ValueStore<Moment>;
  /** The last row that the document has; 0: none. */
  seq = 0;
  private readonly windows = new Map<number, Row[]>();
  private readonly loading = new Map<number, Promise<void>>();
  private aim = 0;
  private seeking: AbortController | undefined;

  /**
   * @param head The seq of the last row there is.
   * @param onDocument The document of the moment was built, and will change.
   */
  constructor(
    private readonly source: Source, readonly name: string, public head: number,
    private readonly onDocument: (doc: Y.Doc) => void = () => {},
  ) {
    this.moment = createStore(new Moment({ keyframe: undefined, rows: [] }, onDocument));
  }

  /** All of it, built when it was not yet: that takes its time. */
  get doc(): Y.Doc {
    return this.moment.get().doc;
  }

  /** The next row, if it was fetched already; null when there is none. */
  get next(): Row | null | undefined {
    return this.seq >= this.head ? null : this.rowAt(this.seq + 1);
  }

  /**
   * Take in the fetched rows up to an instant, all in one transaction, and see to it that more are fetched in time.
   *
   * @returns Whether all of them were there; else they are on their way.
   */
  advance(until: number): boolean {
    const [rows, isAll] = this.rowsUntil(until);
    this.apply(rows);
    if (this.seq + AHEAD < this.head) void this.fetch(windowOf(this.seq + AHEAD)).catch(() => {});
    if (!isAll) void this.fetch(windowOf(this.seq + 1)).catch(() => {});
    return isAll;
  }

  /**
   * Go to an instant, or to the last row there is. The newest call counts; earlier ones end without effect.
   *
   * @param at Microseconds.
   * @returns Whether this call counted.
   */
  async seek(at: number | 'end'): Promise<boolean> {
    const aim = ++this.aim;
    this.seeking?.abort();
    if (at === 'end' ? this.seq === this.head : this.head === 0) return true;
    const ahead = at === 'end' ? undefined : this.rowsTo(at);
    if (ahead) {
      this.take(ahead);
      return true;
    }
    const isNear = at === 'end' && this.seq > 0 && this.head - this.seq <= WINDOW;
    let arrive: () => void;
    try {
      arrive = isNear ? await this.fetchNew() : await this.fetchState(at);
    } catch (error) {
      if (aim !== this.aim) return false;
      throw error;
    }
    if (aim !== this.aim) return false;
    arrive();
    return true;
  }

  /** What is being fetched for a seek is not needed any more. */
  stop(): void {
    this.aim += 1;
    this.seeking?.abort();
  }

  /** The rows from here to an instant, if it lies ahead, they are known, and a keyframe is not nearer. */
  private rowsTo(at: number): Row[] | undefined {
    const here = this.rowAt(this.seq);
    if (!here || here.at > at) return undefined;
    const [rows, isAll] = this.rowsUntil(at);
    const pending = this.moment.get().unbuilt?.rows.length ?? 0;
    return isAll && pending + rows.length <= MAX_FORWARD ? rows : undefined;
  }

  /** The known rows behind this one up to an instant, and whether these are all of them. */
  private rowsUntil(until: number): [rows: Row[], isAll: boolean] {
    const rows: Row[] = [];
    let seq = this.seq + 1;
    let row = this.rowAt(seq);
    for (; row && row.at <= until; row = this.rowAt(seq)) {
      rows.push(row);
      seq += 1;
    }
    return [rows, row !== undefined || seq > this.head];
  }

  /** Have the state at an instant; gives what goes there. */
  private async fetchState(at: number | 'end'): Promise<() => void> {
    let keyframe: Uint8Array | undefined;
    const rows: Uint8Array[] = [];
    const seeking = (this.seeking = new AbortController());
    const seq = await this.source.state(this.name, at === 'end' ? { seq: this.head } : { at }, {
      keyframe: ({ update }) => void (keyframe = update), row: ({ update }) => void rows.push(update),
    }, seeking.signal);
    return () => {
      const before = this.moment.get();
      this.seq = seq;
      this.head = Math.max(this.head, seq);
      this.moment.set(new Moment({ keyframe, rows }, this.onDocument));
      before.drop();
    };
  }

  /** The log has grown a little: its new rows do. As `fetchState`. */
  private async fetchNew(): Promise<() => void> {
    for (let one = windowOf(this.seq + 1); one <= windowOf(this.head); one += 1) await this.fetch(one);
    return () => this.take(this.rowsUntil(Infinity)[0]);
  }

  /** As `apply`; what is not built stays so. */
  private take(rows: readonly Row[]): void {
    const { unbuilt } = this.moment.get();
    if (!unbuilt || rows.length === 0) return this.apply(rows);
    this.seq += rows.length;
    const updates = [...unbuilt.rows, ...rows.map(({ update }) => update)];
    this.moment.set(new Moment({ keyframe: unbuilt.keyframe, rows: updates }, this.onDocument));
  }

  private apply(rows: readonly Row[]): void {
    const last = rows.at(-1);
    if (!last) return;
    applied(this.doc, rows.map(({ update }) => update));
    this.seq = last.seq;
  }

  private rowAt(seq: number): Row | undefined {
    return this.windows.get(windowOf(seq))?.[(seq - 1) % WINDOW];
  }

  /** Have the rows of a window; a window that the log's end cut short is fetched again when the log has grown. */
  private fetch(window: number): Promise<void> {
    const after = window * WINDOW;
    const until = Math.min(after + WINDOW, this.head);
    const known = this.windows.get(window);
    if (known && known.length >= until - after) {
      this.windows.delete(window);
      this.windows.set(window, known); // the newest use is last
      return Promise.resolve();
    }
    const loading = this.loading.get(window) ?? this.load(window, after, until).finally(() => this.loading.delete(window));
    this.loading.set(window, loading);
    return loading;
  }

  private async load(window: number, after: number, until: number): Promise<void> {
    const rows: Row[] = [];
    await this.source.rows(this.name, { after, until, keyframe: false }, { keyframe() {}, row: (row) => void rows.push(row) });
    this.windows.set(window, rows);
    for (const oldest of this.windows.keys()) {
      if (this.windows.size <= MAX_WINDOWS) break;
      this.windows.delete(oldest);
    }
  }
}

const windowOf = (seq: number): number => Math.floor((seq - 1) / WINDOW);
