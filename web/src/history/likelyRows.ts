/** Where in a log a client may have written: where its owner was active, as the track shows it. A hint, no more. */
import type { Timeline } from './historyApi';

/** By client, ranges of rows `from` < seq ≤ `to`; undefined where nothing is known. */
export type Likely = (client: number) => readonly (readonly [from: number, to: number])[] | undefined;

/** @param timeline Of all of the log: what is before it would have to be counted, too. */
export function likelyRows({ activity, first_at: first, last_at: last, since, until }: Timeline, authors: ReadonlyMap<number, string>): Likely {
  if (first === null || last === null || since > first || until <= last) return () => undefined;
  const byStep = new Map<number, number>();
  for (const { step, rows } of activity) byStep.set(step, (byStep.get(step) ?? 0) + rows);
  let seq = 0;
  const begins = new Map([...byStep].sort(([a], [b]) => a - b).map(([step, rows]) => [step, (seq += rows) - rows]));
  return (client) => {
    const owner = authors.get(client);
    if (owner === undefined) return undefined;
    return activity.filter(({ user }) => user === owner).map(({ step }) => [begins.get(step)!, begins.get(step)! + byStep.get(step)!] as const);
  };
}
