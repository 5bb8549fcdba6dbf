import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LINGER, type Sample, type Trail, TrailWindows, WINDOW, placeAt } from './trails';

const SECOND = 1_000_000;
const BEGIN = 1_790_000_000 * SECOND;
const s = (seconds: number, ...place: [] | [number, number]): Sample => [BEGIN + seconds * SECOND, ...place] as Sample;
const at = (samples: readonly Sample[], seconds: number) => placeAt(samples, BEGIN + seconds * SECOND);

describe('[RE17] a pointer', () => {
  const samples = [s(1, 0, 0), s(1.2, 10, -20), s(2.2, 20, 0), s(5, 100, 100), s(5.5)];

  it('moves evenly between samples that are near each other', () => {
    expect([1, 1.1, 1.2, 1.7].map((one) => at(samples, one))).toEqual([[0, 0], [5, -10], [10, -20], [15, -10]]);
  });

  it('rests where it was last when the next sample is further away', () => {
    expect([2.3, 4.9, 5.2].map((one) => at(samples, one))).toEqual([[20, 0], [20, 0], [100, 100]]);
  });

  it('is nowhere before it came, after it left, and when it has rested for long', () => {
    expect([0.9, 5.5, 100].map((one) => at(samples, one))).toEqual([null, null, null]);
    const resting = [s(0, 1, 1), s(60, 2, 2)];
    expect([LINGER / SECOND, LINGER / SECOND + 0.1, 59.9, 60].map((one) => at(resting, one))).toEqual([[1, 1], null, null, [2, 2]]);
    expect(at([], 0)).toBeNull();
  });
});

/** A room in which Ann draws a line: at each second she is that far to the right. */
class Room {
  readonly asked: number[] = [];
  end = BEGIN + 3600 * SECOND;
  isDown = false;
  private held: (() => void)[] = [];
  isSlow = false;

  cursors = async ({ since, until }: { since: number; until: number }, signal: AbortSignal): Promise<Trail[]> => {
    this.asked.push((since - BEGIN) / WINDOW);
    if (this.isSlow) await new Promise<void>((go) => this.held.push(go));
    if (this.isDown || signal.aborted) throw new Error('down');
    const samples: Sample[] = [];
    for (let one = since; one < Math.min(until, this.end); one += SECOND) samples.push([one, (one - BEGIN) / SECOND, 0]);
    return [{ session: 'page', sub: 'ann', samples: samples.slice(0, 20) }, { session: 'page', sub: 'ann', samples: samples.slice(20) }];
  };

  go(): void {
    for (const go of this.held.splice(0)) go();
  }
}

describe('[RE15] what is read of pointers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const offset = (Math.ceil(BEGIN / WINDOW) * WINDOW - BEGIN) / SECOND; // windows begin at whole minutes
  const opened = (room: Room) => new TrailWindows(room, () => ({ begin: BEGIN, end: room.end }));
  const settled = () => vi.advanceTimersByTimeAsync(0);
  const minute = (count: number): number => BEGIN + (offset + 60 * count) * SECOND;
  const minutes = (room: Room): number[] => room.asked.map((one) => Math.round((one * WINDOW / SECOND - offset) / 60));

  it('is the window of the moment first, then the one before and those that come soon', async () => {
    const room = new Room();
    const windows = opened(room);
    windows.want(minute(10) + SECOND, 130 * SECOND);
    await settled();
    expect(minutes(room)).toEqual([10, 9, 11, 12]);
    expect(windows.at(minute(10) + 2.5 * SECOND)).toEqual([{ session: 'page', sub: 'ann', x: offset + 602.5, y: 0 }]);
    expect(windows.at(minute(11) - 0.5 * SECOND)).toEqual([{ session: 'page', sub: 'ann', x: offset + 659.5, y: 0 }]);
    windows.want(minute(10) + 30 * SECOND, 0);
    await settled();
    expect(room.asked.length).toBe(4);
  });

  it('is one at a time, and what somebody has passed meanwhile is not read', async () => {
    const room = new Room();
    room.isSlow = true;
    const windows = opened(room);
    for (const place of [5, 6, 7, 8]) windows.want(minute(place) + 30 * SECOND, 0);
    room.isSlow = false;
    room.go();
    await settled();
    expect(minutes(room)).toEqual([5, 8]);
  });

  it('is bounded however long somebody watches', async () => {
    const room = new Room();
    const windows = opened(room);
    for (let place = 1; place < 40; place++) {
      windows.want(minute(place) + 30 * SECOND, 60 * SECOND);
      await settled();
    }
    const shown = Array.from({ length: 41 }, (_, place) => windows.at(minute(place) + 30 * SECOND).length);
    expect(shown.reduce((a, b) => a + b)).toBe(8);
    expect(windows.at(minute(39) + 30 * SECOND).length).toBe(1);
  });

  it('is read again when it was read before its time was over', async () => {
    const room = new Room();
    room.end = minute(2) + 10 * SECOND;
    const windows = opened(room);
    windows.want(minute(2) + 9 * SECOND, 0);
    await settled();
    expect(windows.at(minute(2) + 25 * SECOND)).toEqual([]);
    room.end = minute(2) + 40 * SECOND;
    windows.grow();
    expect(windows.at(minute(2) + 5 * SECOND).length).toBe(1);
    await settled();
    expect(windows.at(minute(2) + 25 * SECOND).length).toBe(1);
    expect(minutes(room)).toEqual([2, 2]);
  });

  it('is nothing outside of the history, and is asked for again later when it fails', async () => {
    const room = new Room();
    const windows = opened(room);
    room.isDown = true;
    windows.want(BEGIN, 0);
    await settled();
    windows.want(BEGIN, 0);
    expect(room.asked).toEqual([0]);
    room.isDown = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(room.asked).toEqual([0, 0]);
    expect(windows.at(BEGIN).length).toBe(1);
    windows.close();
  });
});
