/** Which element lies under a point of the board. */
import type { SceneElement } from '../whiteboard/schema';

type Pair = readonly [number, number];

/** Left, top, right, bottom. */
export type Bounds = readonly [number, number, number, number];

const OUTLINED = new Set(['line', 'arrow', 'freedraw']);

/**
 * @param elements Lowest first.
 * @param reach How far beside a line still counts, in scene units.
 */
export function elementAt(elements: readonly SceneElement[], point: Pair, reach: number): SceneElement | undefined {
  return elements.findLast((element) => isHit(element, point, reach));
}

/** An element's extent as it lies there, without what its strokes add. */
export function boundsOf(element: SceneElement): Bounds {
  const [left, top, right, bottom] = uprightBounds(element);
  const center: Pair = [(left + right) / 2, (top + bottom) / 2];
  const corners = ([[left, top], [right, top], [right, bottom], [left, bottom]] as const).map((corner) => turned(corner, center, angleOf(element)));
  return around(corners);
}

/** As if it were not turned: it is turned around the middle of these. */
export function uprightBounds(element: SceneElement): Bounds {
  const { x, y, width, height } = element;
  const points = element['points'] as readonly Pair[] | undefined;
  return points ? around(points.map(([px, py]) => [x + px, y + py])) : [x, y, x + width, y + height];
}

/** Clockwise, radians. */
export const angleOf = (element: SceneElement): number => Number(element['angle'] ?? 0);

function isHit(element: SceneElement, point: Pair, reach: number): boolean {
  const { x, y, width, height } = element;
  const points = element['points'] as readonly Pair[] | undefined;
  const [left, top, right, bottom] = uprightBounds(element);
  const [px, py] = turned(point, [(left + right) / 2, (top + bottom) / 2], -angleOf(element));
  if (OUTLINED.has(element.type) && points) {
    const local: Pair = [px - x, py - y];
    const near = reach + Number(element['strokeWidth'] ?? 1);
    return points.some((one, index) => distance(local, points[index - 1] ?? one, one) <= near);
  }
  return px >= x - reach && px <= x + width + reach && py >= y - reach && py <= y + height + reach;
}

function around(points: readonly Pair[]): Bounds {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  return [left, top, right, bottom];
}

function turned([x, y]: Pair, [cx, cy]: Pair, angle: number): Pair {
  if (angle === 0) return [x, y];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}

/** From a point to the segment between two others. */
function distance([x, y]: Pair, [ax, ay]: Pair, [bx, by]: Pair): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
