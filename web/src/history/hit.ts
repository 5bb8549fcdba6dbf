/** Which element lies under a point of the board. */
import type { SceneElement } from '../whiteboard/schema';

type Pair = readonly [number, number];

const OUTLINED = new Set(['line', 'arrow', 'freedraw']);

/**
 * @param elements Lowest first.
 * @param reach How far beside a line still counts, in scene units.
 */
export function elementAt(elements: readonly SceneElement[], point: Pair, reach: number): SceneElement | undefined {
  return elements.findLast((element) => isHit(element, point, reach));
}

function isHit(element: SceneElement, point: Pair, reach: number): boolean {
  const { x, y, width, height } = element;
  const points = element['points'] as readonly Pair[] | undefined;
  const center: Pair = [x + width / 2, y + height / 2];
  const [px, py] = turned(point, points ? middleOf(points, x, y) : center, -Number(element['angle'] ?? 0));
  if (OUTLINED.has(element.type) && points) {
    const local: Pair = [px - x, py - y];
    const near = reach + Number(element['strokeWidth'] ?? 1);
    return points.some((one, index) => distance(local, points[index - 1] ?? one, one) <= near);
  }
  return px >= x - reach && px <= x + width + reach && py >= y - reach && py <= y + height + reach;
}

function middleOf(points: readonly Pair[], x: number, y: number): Pair {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [px, py] of points) {
    [left, right, top, bottom] = [Math.min(left, px), Math.max(right, px), Math.min(top, py), Math.max(bottom, py)];
  }
  return [x + (left + right) / 2, y + (top + bottom) / 2];
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
