/**
 * Finds the rows of a log in which some structs came, without reading all of it: the clocks of a client only grow, so
 * what lies in one window of rows tells on which side of it another clock is.
 */
import type { Source } from './documentPlayer';
import type { Likely } from './likelyRows';
import type { Row } from './stream';
import { readStructs } from './structs';

/** Clocks of one client: from the first to before the last. */
export type Clocks = readonly [from: number, to: number];

/** Rows that are fetched at once. */
const WINDOW = 500;

export interface Wanted {
  /** By client; those of one do not overlap. */
  readonly clocks: ReadonlyMap<number, readonly Clocks[]>;
  /** The clock of each client's next struct. */
  readonly ends: ReadonlyMap<number, number>;
  /** The seq of the last row, in which each client came to its end. */
  readonly head: number;
}

export interface SearchOptions {
  readonly likely?: Likely | undefined;
  /** Rows that are fetched at once. */
  readonly window?: number | undefined;
}

interface Window {
  readonly number: number;
  readonly clients: ReadonlyMap<number, Clocks>;
}

export class RowSearch {
  private readonly read = new Map<number, Window>();
  private readonly missing: Map<number, Clocks[]>;
  private readonly total: number;
  private readonly window: number;
  private readonly windows: number;
  /** By client, where to look first. */
  private readonly likely = new Map<number, ReadonlySet<number>>();

  /** @param onRows Told the rows of a window, in which some of the wanted may be. */
  constructor(
    private readonly source: Pick<Source, 'rows'>, private readonly document: string, private readonly wanted: Wanted,
    private readonly onRows: (rows: readonly Row[]) => void, { likely = () => undefined, window = WINDOW }: SearchOptions = {},
  ) {
    this.missing = new Map([...wanted.clocks].map(([client, ranges]) => [client, [...ranges]]));
    this.total = this.left();
    this.window = window;
    this.windows = Math.ceil(wanted.head / window);
    for (const client of this.missing.keys()) this.likely.set(client, this.windowsOf(likely(client) ?? []));
  }

  /** How much of what is wanted was found, or is not there any more: 0 to 1. */
  get share(): number {
    return 1 - this.left() / Math.max(1, this.total);
  }

  /** Fetch one more window. @returns Whether something is still missing. */
  async step(signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    for (const [client, ranges] of this.missing) {
      const range = ranges.at(-1);
      if (!range) {
        this.missing.delete(client);
        continue;
      }
      const number = this.next(client, range[1] - 1);
      if (number === undefined) ranges.pop(); // it was thinned out
      else await this.fetch(number, signal);
      return true;
    }
    return false;
  }

  private left(): number {
    return [...this.missing.values()].flat().reduce((sum, [from, to]) => sum + to - from, 0);
  }

  private async fetch(number: number, signal?: AbortSignal): Promise<void> {
    const rows: Row[] = [];
    const after = number * this.window;
    const range = { after, until: Math.min(after + this.window, this.wanted.head), keyframe: false };
    await this.source.rows(this.document, range, { keyframe() {}, row: (row) => void rows.push(row) }, signal);
    const clients = clientsOf(rows);
    this.read.set(number, { number, clients });
    for (const [client, clocks] of clients) {
      const ranges = this.missing.get(client);
      if (ranges) this.missing.set(client, without(ranges, clocks));
    }
    this.onRows(rows);
  }

  /** The window to look into for a clock; undefined when it can be in none. */
  private next(client: number, clock: number): number | undefined {
    let [low, high, lowClock, highClock] = [-1, this.windows, 0, this.wanted.ends.get(client) ?? clock + 1];
    for (const { number, clients } of this.read.values()) {
      const clocks = clients.get(client);
      if (clocks && clocks[1] <= clock && number > low) [low, lowClock] = [number, clocks[1]];
      if (clocks && clocks[0] > clock && number < high) [high, highClock] = [number, clocks[0]];
    }
    const free: number[] = [];
    for (let number = low + 1; number < high; number += 1) if (!this.read.has(number)) free.push(number);
    const likely = free.filter((number) => this.likely.get(client)?.has(number));
    const places = likely.length > 0 ? likely : free;
    // where it would be if everybody went on evenly; each third time the middle, in case nobody did
    const even = low + ((high - low) * (clock - lowClock + 1)) / (highClock - lowClock + 1);
    const aim = this.read.size % 3 === 2 ? farthest(places, this.read) : even;
    return places.reduce<number | undefined>((best, number) => (best === undefined || Math.abs(number - aim) < Math.abs(best - aim) ? number : best), undefined);
  }

  private windowsOf(ranges: readonly Clocks[]): ReadonlySet<number> {
    const found = new Set<number>();
    for (const [from, to] of ranges) for (let number = Math.floor(from / this.window); number * this.window < to; number += 1) found.add(number);
    return found;
  }
}

/** The middle of the longest stretch of which nothing was read. */
function farthest(free: readonly number[], read: ReadonlyMap<number, unknown>): number {
  let [best, length, begin] = [free[0] ?? 0, 0, 0];
  free.forEach((number, index) => {
    if (read.has(number - 1)) begin = index;
    if (index - begin + 1 > length) [best, length] = [free[(begin + index) >> 1]!, index - begin + 1];
  });
  return best;
}

function clientsOf(rows: readonly Row[]): Map<number, Clocks> {
  const clients = new Map<number, Clocks>();
  for (const { update } of rows) {
    readStructs(update, {
      struct: ({ client, clock, length }) => {
        const [from, to] = clients.get(client) ?? [clock, clock];
        clients.set(client, [Math.min(from, clock), Math.max(to, clock + length)]);
      },
      deleted() {},
    });
  }
  return clients;
}

function without(ranges: readonly Clocks[], [from, to]: Clocks): Clocks[] {
  const parts = ranges.flatMap(([begin, end]): Clocks[] => [[begin, Math.min(end, from)], [Math.max(begin, to), end]]);
  return parts.filter(([begin, end]) => begin < end);
}
