/** Writes what changed in a stroke: its new tail while drawing, two numbers for a resize, else all of it. */
import * as Y from 'yjs';
import type { ElementMap, SceneElement } from './schema';
import {
  InkEncoder, type Pair, type Stride, decodePoints, fitScale, resolutionAt, resolutionOf, scaleOf, sharedPrefix, strideOf,
} from './points';
import type { InkShadow } from './shadow';

const UNSHIFTED: Pair = [0, 0];

/**
 * Bring the document's points to those of `element`. Runs inside a transaction.
 *
 * @param known What this scene last knew of the stroke; null when it never had it.
 * @returns The new knowledge. Its `shift` must be added to the element's x and y before they are written.
 */
export function writeInk(map: ElementMap, element: SceneElement, known: InkShadow | null, zoom: number): InkShadow {
  const points = element['points'] as readonly Pair[];
  const pressures = (element['pressures'] as readonly number[] | undefined) ?? [];
  const stride = strideOf(element['simulatePressure']);
  const current = map.get('pts');
  if (known && current === known.array && known.array.length === known.length && known.encoder.stride === stride) {
    if (points === known.points) return known;
    const changed = rewriteTail(map, points, pressures, known) ?? rescale(map, points, known);
    if (changed) return changed;
  }
  return rewrite(map, points, pressures, stride, zoom);
}

/** Keep the points that are equal from the start, replace the rest. */
function rewriteTail(
  map: ElementMap, points: readonly Pair[], pressures: readonly number[], known: InkShadow,
): InkShadow | null {
  if (map.has('sc') || known.shift[0] !== 0 || known.shift[1] !== 0) return null;
  const kept = sharedPrefix(known.points, points);
  if (kept * 2 < known.points.length) return null;
  if (kept < known.points.length) {
    const start = kept * known.encoder.stride;
    known.array.delete(start, known.array.length - start);
    known.encoder.seek(known.array.toArray());
  }
  const tail = known.encoder.encode(points, pressures, kept);
  if (tail.length) known.array.push(tail);
  known.length = known.array.length;
  known.points = points;
  return known;
}

function rescale(map: ElementMap, points: readonly Pair[], known: InkShadow): InkShadow | null {
  if (points.length !== known.points.length) return null;
  const base = decodePoints(known.array.toArray(), known.encoder.stride, known.encoder.resolution);
  const fit = fitScale(base, points);
  if (!fit) return null;
  const stored = scaleOf(map);
  if (stored[0] !== fit.scale[0] || stored[1] !== fit.scale[1]) map.set('sc', [...fit.scale]);
  known.points = points;
  known.scale = fit.scale;
  known.shift = fit.shift;
  return known;
}

function rewrite(
  map: ElementMap, points: readonly Pair[], pressures: readonly number[], stride: Stride, zoom: number,
): InkShadow {
  const encoder = new InkEncoder(resolutionAt(zoom), stride);
  const array = new Y.Array<number>();
  array.push(encoder.encode(points, pressures));
  map.set('pts', array);
  if (map.get('q') !== encoder.resolution) map.set('q', encoder.resolution);
  if (map.has('sc')) map.delete('sc');
  return { array, length: array.length, encoder, points, scale: [1, 1], shift: UNSHIFTED };
}

/** What the scene knows after it was given the document's stroke, whose decoded points are `points`. */
export function readInk(map: ElementMap, points: readonly Pair[]): InkShadow | null {
  const array = map.get('pts');
  if (!(array instanceof Y.Array)) return null;
  const encoder = new InkEncoder(resolutionOf(map), strideOf(map.get('simulatePressure')));
  encoder.seek(array.toArray() as number[]);
  return { array: array as Y.Array<number>, length: array.length, encoder, points, scale: scaleOf(map), shift: UNSHIFTED };
}
