/**
 * A stroke's points as one array of integers: x and y as differences in units of 1/q px, then for a pen the pressure
 * (0–255). One array, because two that are pushed alternately never merge into one Yjs item.
 */
import * as Y from 'yjs';

export type Pair = readonly [number, number];
export type Stride = 2 | 3;

export const BASE_RESOLUTION = 8;
const MAX_RESOLUTION = 8 * 2 ** 8;

export interface InkPoints {
  readonly points: Pair[];
  /** One for each point for a pen, empty when pressure is simulated. */
  readonly pressures: number[];
}

export const isPair = (value: unknown): value is Pair =>
  Array.isArray(value) && value.length === 2 && Number.isFinite(value[0]) && Number.isFinite(value[1]);

/** Steps per pixel for a stroke drawn at this zoom: the finer one looks, the finer it is kept. */
export function resolutionAt(zoom: number): number {
  const doublings = Math.max(0, Math.ceil(Math.log2(Number.isFinite(zoom) && zoom > 0 ? zoom : 1)));
  return Math.min(BASE_RESOLUTION * 2 ** doublings, MAX_RESOLUTION);
}

export const strideOf = (simulatePressure: unknown): Stride => (simulatePressure === false ? 3 : 2);

/** Continues the integers of a stroke; remembers where it stands, so that appending needs no look back. */
export class InkEncoder {
  private x = 0;
  private y = 0;

  constructor(readonly resolution: number, readonly stride: Stride) {}

  /** The integers for points[from..]. */
  encode(points: readonly Pair[], pressures: readonly number[], from = 0): number[] {
    const out: number[] = [];
    for (let i = from; i < points.length; i++) {
      const [px, py] = points[i]!;
      const x = Math.round(px * this.resolution);
      const y = Math.round(py * this.resolution);
      out.push(x - this.x, y - this.y);
      if (this.stride === 3) out.push(Math.round(Math.min(1, Math.max(0, pressures[i] ?? 0.5)) * 255));
      this.x = x;
      this.y = y;
    }
    return out;
  }

  /** Stand behind the last of these integers. */
  seek(values: readonly number[]): void {
    this.x = this.y = 0;
    for (let i = 0; i + this.stride <= values.length; i += this.stride) {
      this.x += values[i]!;
      this.y += values[i + 1]!;
    }
  }
}

/** Integers → points, scaled. A rest that is no whole point is left out. */
export function decodePoints(values: readonly number[], stride: Stride, resolution: number, scale: Pair = [1, 1]): Pair[] {
  const out: Pair[] = [];
  let x = 0;
  let y = 0;
  for (let i = 0; i + stride <= values.length; i += stride) {
    x += values[i]!;
    y += values[i + 1]!;
    out.push([(x / resolution) * scale[0], (y / resolution) * scale[1]]);
  }
  return out;
}

/** What the document holds for a stroke, read defensively; null when it is no stroke. */
export function decodeInk(map: Y.Map<unknown>): InkPoints | null {
  const array = map.get('pts');
  if (!(array instanceof Y.Array)) return null;
  const values: unknown[] = array.toArray();
  if (!values.every(Number.isSafeInteger)) return null;
  const integers = values as number[];
  const stride = strideOf(map.get('simulatePressure'));
  const points = decodePoints(integers, stride, resolutionOf(map), scaleOf(map));
  const pressures: number[] = [];
  if (stride === 3) for (let i = 2; i < integers.length; i += 3) pressures.push(Math.min(255, Math.max(0, integers[i]!)) / 255);
  return { points, pressures };
}

export function resolutionOf(map: Y.Map<unknown>): number {
  const q = map.get('q');
  return typeof q === 'number' && q >= 1 && q <= MAX_RESOLUTION ? q : BASE_RESOLUTION;
}

export function scaleOf(map: Y.Map<unknown>): Pair {
  const scale = map.get('sc');
  return isPair(scale) ? scale : [1, 1];
}

/** How many points from the start are equal in both. */
export function sharedPrefix(a: readonly Pair[], b: readonly Pair[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i] && (a[i]![0] !== b[i]![0] || a[i]![1] !== b[i]![1])) return i;
  }
  return length;
}

export function extentOf(points: readonly Pair[]): Pair {
  let left = 0, right = 0, top = 0, bottom = 0;
  for (const [x, y] of points) {
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return [right - left, bottom - top];
}

export interface Fit {
  readonly scale: Pair;
  /** Where the first point went: Excalidraw keeps a resized stroke's smallest coordinate, not its origin. */
  readonly shift: Pair;
}

/** px; a stroke is kept at 1/8 px, so a fit closer than this cannot be told from the original. */
const FIT_TOLERANCE = 0.3;

/** The scale and shift that turn `base` into `points`, if one pair does for all of them. */
export function fitScale(base: readonly Pair[], points: readonly Pair[]): Fit | null {
  if (base.length === 0 || base.length !== points.length) return null;
  const x = fitAxis(base, points, 0);
  const y = fitAxis(base, points, 1);
  return x && y ? { scale: [x.scale, y.scale], shift: [x.shift, y.shift] } : null;
}

function fitAxis(base: readonly Pair[], points: readonly Pair[], axis: 0 | 1): { scale: number; shift: number } | null {
  let far = 0;
  for (let i = 1; i < base.length; i++) {
    if (Math.abs(base[i]![axis] - base[0]![axis]) > Math.abs(base[far]![axis] - base[0]![axis])) far = i;
  }
  const span = base[far]![axis] - base[0]![axis];
  const scale = span === 0 ? 1 : (points[far]![axis] - points[0]![axis]) / span;
  const shift = points[0]![axis] - base[0]![axis] * scale;
  for (let i = 0; i < base.length; i++) {
    if (Math.abs(base[i]![axis] * scale + shift - points[i]![axis]) > FIT_TOLERANCE) return null;
  }
  return { scale, shift };
}
