/** One document at one moment of its history, moved forward row by row or to any other moment. */
import * as Y from 'yjs';
import type { HistoryApi } from './historyApi';
import type { Keyframe, Row } from './stream';

/** Rows fetched at a time. */
const WINDOW = 500;
/** Fetched ones that are kept. */
const MAX_WINDOWS = 16;
/** Further ahead than this a keyframe is nearer. */
const MAX_FORWARD = 2_000;
/** The next window is fetched when so many rows of this one are left. */
const AHEAD = 200;

/** The origin of its transactions. */
export const REPLAY = 'replay';

export type Source = Pick<HistoryApi, 'rows'>;

export class DocumentPlayer {
  doc = new Y.Doc();
  /** The last row that the document has; 0: none. */
  seq = 0;
  private readonly windows = new Map<number, Row[]>();
  private readonly loading = new Map<number, Promise<void>>();
  private aim = 0;
  private seeking: AbortController | undefined;

  /**
   * @param head The seq of the last row there is.
   * @param onDocument The document was replaced by another one.
   */
  constructor(
    private readonly source: Source, readonly name: string, public head: number, private readonly onDocument: (doc: Y.Doc) => void,
  ) {}

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
    const rows: Row[] = [];
    let row = this.rowAt(this.seq + 1);
    while (row && row.at <= until) {
      rows.push(row);
      row = this.rowAt(row.seq + 1);
    }
    this.apply(rows);
    if (this.seq + AHEAD < this.head) void this.fetch(windowOf(this.seq + AHEAD)).catch(() => {});
    if (row || this.seq >= this.head) return true;
    void this.fetch(windowOf(this.seq + 1)).catch(() => {});
    return false;
  }

  /**
   * Go to the state after a row. The newest call counts; earlier ones end without effect.
   *
   * @returns Whether this call counted.
   */
  async seek(seq: number): Promise<boolean> {
    const aim = ++this.aim;
    this.seeking?.abort();
    if (seq === this.seq) return true;
    if (seq > this.seq && seq - this.seq <= MAX_FORWARD) {
      for (let one = windowOf(this.seq + 1); one <= windowOf(seq); one += 1) await this.fetch(one);
      if (aim !== this.aim) return false;
      this.apply(this.rowsUpTo(seq));
      return true;
    }
    return this.rebuild(seq, aim);
  }

  /** What is being fetched for a seek is not needed any more. */
  stop(): void {
    this.aim += 1;
    this.seeking?.abort();
  }

  private async rebuild(seq: number, aim: number): Promise<boolean> {
    const updates: Uint8Array[] = [];
    if (seq > 0) {
      const seeking = (this.seeking = new AbortController());
      const take = ({ update }: Keyframe | Row): void => void updates.push(update);
      try {
        await this.source.rows(this.name, { after: seq, until: seq, keyframe: true }, { keyframe: take, row: take }, seeking.signal);
      } catch (error) {
        if (aim !== this.aim) return false;
        throw error;
      }
    }
    if (aim !== this.aim) return false;
    const doc = new Y.Doc();
    doc.transact(() => updates.forEach((update) => Y.applyUpdate(doc, update, REPLAY)), REPLAY);
    this.doc.destroy();
    this.doc = doc;
    this.seq = seq;
    this.onDocument(doc);
    return true;
  }

  private apply(rows: readonly Row[]): void {
    const last = rows.at(-1);
    if (!last) return;
    this.doc.transact(() => rows.forEach(({ update }) => Y.applyUpdate(this.doc, update, REPLAY)), REPLAY);
    this.seq = last.seq;
  }

  private rowsUpTo(seq: number): Row[] {
    const rows: Row[] = [];
    for (let one = this.seq + 1; one <= seq; one += 1) rows.push(this.rowAt(one)!);
    return rows;
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
