/** Where people pointed: fetched in windows of time, bounded in memory, and told for any instant. All in microseconds. */
import { createStore } from '../sync/valueStore';
import { firstThat } from './bisect';
import type { Span } from './replay';

/** Where a pointer was from an instant on; without a place: not on the board any more. */
export type Sample = readonly [at: number] | readonly [at: number, x: number, y: number];

/** Samples of one page, in their order. */
export interface Trail {
  readonly session: string;
  readonly sub: string;
  readonly samples: readonly Sample[];
}

export interface Cursor {
  readonly session: string;
  readonly sub: string;
  readonly x: number;
  readonly y: number;
}

export interface TrailSource {
  cursors(span: { since: number; until: number }, signal: AbortSignal): Promise<readonly Trail[]>;
}

const SECOND = 1_000_000;
export const WINDOW = 60 * SECOND;
/** Between samples as near as this a pointer moves evenly; else it rested where it was last. */
const EVEN = SECOND;
/** So long one sees where somebody rests. */
export const LINGER = 8 * SECOND;
const MOST_WINDOWS = 8;
const RETRY_MS = 5_000;

/** Where a pointer is at an instant; null: nowhere, or it has rested for too long. */
export function placeAt(samples: readonly Sample[], at: number): readonly [x: number, y: number] | null {
  const next = firstThat(samples, ([sampled]) => sampled > at);
  const [last, coming] = [samples[next - 1], samples[next]];
  if (last?.length !== 3 || at - last[0] > LINGER) return null;
  const [from, x, y] = last;
  if (coming?.length !== 3 || coming[0] - from > EVEN) return [x, y];
  const share = (at - from) / (coming[0] - from);
  return [x + (coming[1] - x) * share, y + (coming[2] - y) * share];
}

interface Window {
  readonly trails: readonly Trail[];
  /** It reached beyond what had happened when it was read. */
  readonly isOpen: boolean;
}

export class TrailWindows {
  private readonly windows = new Map<number, Window>();
  private wanted: readonly number[] = [];
  private reading: AbortController | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly stale = new Set<number>();
  private joined: { readonly place: number; readonly trails: readonly Trail[] } | undefined;
  private isClosed = false;
  /** Counts what was read. */
  readonly version = createStore(0);

  constructor(
    private readonly source: TrailSource,
    /** What there is to see: from the beginning of the room until now. */
    private readonly whole: () => Span,
  ) {}

  /** Everybody's pointer at an instant, as far as it has been read. */
  at(at: number): Cursor[] {
    return this.around(Math.floor(at / WINDOW)).flatMap(({ session, sub, samples }) => {
      const place = placeAt(samples, at);
      return place ? [{ session, sub, x: place[0], y: place[1] }] : [];
    });
  }

  /** Somebody looks at this instant, and soon at what comes in this time: read what is missing, one window after the other. */
  want(at: number, ahead: number): void {
    const [first, here, last] = [at - LINGER, at, at + ahead].map((one) => Math.floor(one / WINDOW)) as [number, number, number];
    const places = [here, first];
    for (let place = here + 1; place <= last && places.length < MOST_WINDOWS - 1; place++) places.push(place);
    this.wanted = [...new Set(places)];
    this.read();
  }

  /** More has happened: what was read too early is read again, and shown meanwhile. */
  grow(): void {
    for (const [place, { isOpen }] of this.windows) if (isOpen) this.stale.add(place);
    this.read();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.reading?.abort();
  }

  private read(): void {
    if (this.reading || this.retry !== undefined || this.isClosed) return;
    const { begin, end } = this.whole();
    const place = this.wanted.find((one) => (!this.windows.has(one) || this.stale.has(one)) && (one + 1) * WINDOW > begin && one * WINDOW <= end);
    if (place === undefined) return;
    const reading = (this.reading = new AbortController());
    const [since, until] = [Math.max(begin, place * WINDOW), (place + 1) * WINDOW];
    this.source.cursors({ since, until }, reading.signal).then(
      (trails) => {
        if (this.isClosed) return;
        this.reading = undefined;
        this.keep(place, { trails, isOpen: until > end });
        this.read();
      },
      () => { // pointers are no reason to disturb anybody: what matters tells of its troubles itself
        this.reading = undefined;
        if (!this.isClosed) this.retry = setTimeout(() => this.again(), RETRY_MS);
      },
    );
  }

  private again(): void {
    this.retry = undefined;
    this.read();
  }

  private keep(place: number, window: Window): void {
    this.stale.delete(place);
    this.windows.set(place, window);
    for (const old of this.windows.keys()) {
      if (this.windows.size <= MOST_WINDOWS) break;
      if (!this.wanted.includes(old)) this.windows.delete(old);
    }
    this.joined = undefined;
    this.version.set(this.version.get() + 1);
  }

  /** The trails of a window, with what comes right before and after it. */
  private around(place: number): readonly Trail[] {
    if (this.joined?.place !== place) this.joined = { place, trails: this.join(place) };
    return this.joined.trails;
  }

  private join(place: number): Trail[] {
    const trails = new Map<string, { session: string; sub: string; samples: Sample[] }>();
    for (const near of [place - 1, place, place + 1]) {
      for (const { session, sub, samples } of this.windows.get(near)?.trails ?? []) {
        const trail = trails.get(session) ?? { session, sub, samples: [] };
        trail.samples.push(...samples);
        trails.set(session, trail);
      }
    }
    return [...trails.values()];
  }
}
