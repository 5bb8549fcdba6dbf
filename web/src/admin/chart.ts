/** Where the lines of the chart of concurrent users run: plain numbers, no DOM. */
import type { Concurrency } from './types';

export interface Range {
  /** Microseconds that are shown. */
  span: number;
  /** Microseconds of one point: the most at once within them. */
  step: number;
  /** How often to ask, in milliseconds. */
  poll: number;
}

const MINUTE = 60_000_000;
export const RANGES = {
  hour: { span: 60 * MINUTE, step: MINUTE / 2, poll: 2_000 },
  day: { span: 24 * 60 * MINUTE, step: 10 * MINUTE, poll: 2_000 },
  week: { span: 7 * 24 * 60 * MINUTE, step: 60 * MINUTE, poll: 10_000 },
  month: { span: 30 * 24 * 60 * MINUTE, step: 240 * MINUTE, poll: 30_000 },
} as const satisfies Readonly<Record<string, Range>>;
export type RangeName = keyof typeof RANGES;

export function isRangeName(name: string | null): name is RangeName {
  return name !== null && Object.hasOwn(RANGES, name);
}

/** Whole steps, so that points keep their place while time goes on; the last step is the one that now lies in. */
export function windowOf({ span, step }: Range, now: number): { since: number; until: number; step: number } {
  const until = (Math.floor(now / step) + 1) * step;
  return { since: until - span, until, step };
}

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The largest value of the axis and its marks: whole numbers, few of them. */
export function scaleOf(peak: number): { top: number; marks: readonly number[] } {
  const rough = Math.max(1, peak) / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power;
  const count = Math.max(1, Math.ceil(Math.max(1, peak) / step));
  return { top: count * step, marks: Array.from({ length: count + 1 }, (_, at) => at * step) };
}

export function xOf(at: number, since: number, until: number, frame: Frame): number {
  return frame.left + ((at - since) / (until - since)) * (frame.width - frame.left - frame.right);
}

export function yOf(value: number, top: number, frame: Frame): number {
  return frame.height - frame.bottom - (value / top) * (frame.height - frame.top - frame.bottom);
}

/** A line of steps: each value holds from its instant to the next one. */
export function stepLine(
  points: readonly Concurrency[], valueOf: (point: Concurrency) => number, bounds: { since: number; until: number; step: number }, top: number, frame: Frame,
): string {
  const parts = points.map((point, at) => {
    const x = round(xOf(point.at, bounds.since, bounds.until, frame));
    const end = round(xOf(Math.min(point.at + bounds.step, bounds.until), bounds.since, bounds.until, frame));
    return `${at === 0 ? 'M' : 'L'}${x} ${round(yOf(valueOf(point), top, frame))}H${end}`;
  });
  return parts.join('');
}

/** The instants that get a mark: as many as have room, at full minutes, hours or days of the reader's clock. */
export function timeMarks(since: number, until: number, width: number): readonly number[] {
  const most = Math.max(2, Math.floor(width / 90));
  const steps = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2 * 1440, 7 * 1440].map((minutes) => minutes * MINUTE);
  const step = steps.find((one) => (until - since) / one <= most) ?? 7 * 1440 * MINUTE;
  const offset = new Date(since / 1000).getTimezoneOffset() * MINUTE;
  const marks = [];
  for (let at = Math.ceil((since - offset) / step) * step + offset; at < until; at += step) marks.push(at);
  return marks;
}

/** The point that lies under a place of the picture. */
export function indexAt(x: number, count: number, frame: Frame): number {
  const share = (x - frame.left) / (frame.width - frame.left - frame.right);
  return Math.min(count - 1, Math.max(0, Math.floor(share * count)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
