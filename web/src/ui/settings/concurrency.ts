/** The stretch of time that a list of concurrent people covers, and its highest point. */
import type { Concurrency } from '../../api/moderation';

const MINUTE = 60_000_000;

/** undefined while there is nothing to draw. All in microseconds. */
export function chartBounds(points: readonly Concurrency[]): { since: number; until: number; step: number } | undefined {
  const [first, second] = points;
  const last = points.at(-1);
  if (!first || !last || peakOf(points)?.people === 0) return undefined;
  const step = second ? second.at - first.at : MINUTE;
  return { since: first.at, until: last.at + step, step };
}

/** The first of the highest. */
export function peakOf(points: readonly Concurrency[]): Concurrency | undefined {
  return points.reduce<Concurrency | undefined>((most, point) => (!most || point.people > most.people ? point : most), undefined);
}
