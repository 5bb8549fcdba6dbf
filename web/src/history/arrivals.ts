/** When people first came, as moments of a history; those who came at about the same time are one. */
import type { RoomHistory } from './historyApi';
import type { Span } from './replay';

export interface Arrival {
  readonly at: number;
  readonly subs: readonly string[];
}

/** Of the part of the time that is shown: nearer to each other there is no room for two of them. */
export const ARRIVAL_ROOM = 0.1;

export function arrivalsOf({ people, sessions }: RoomHistory, { begin, end }: Span): readonly Arrival[] {
  const seen = new Set(sessions.map(({ sub }) => sub)); // others are known of, and never had a page open
  const came = people.filter(({ sub, joined_at: at }) => seen.has(sub) && at >= begin && at <= end);
  const arrivals: { at: number; subs: string[] }[] = [];
  for (const { sub, joined_at: at } of came.sort((a, b) => a.joined_at - b.joined_at)) {
    const last = arrivals.at(-1);
    if (last && at - last.at < (end - begin) * ARRIVAL_ROOM) last.subs.push(sub);
    else arrivals.push({ at, subs: [sub] });
  }
  return arrivals;
}

const MOST_NAMES = 3;

/** Names as a language lists them; of many only some. */
export function listOf(names: readonly string[], others: (count: number) => string, locale: string): string {
  const rest = names.length - MOST_NAMES;
  const told = rest > 1 ? [...names.slice(0, MOST_NAMES), others(rest)] : names;
  return new Intl.ListFormat(locale).format(told);
}
