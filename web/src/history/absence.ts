/** What somebody missed: since when he was away, who changed the board meanwhile, how many messages came. */
import type { ChatMessage } from '../chat/readMessage';
import type { HistoryApi, RoomHistory, Stay } from './historyApi';
import { knownNames } from './people';

export interface Missed {
  /** Microseconds: when he left. */
  readonly since: number;
  /** Names of those who changed the board. */
  readonly people: readonly string[];
  readonly messages: number;
}

/** Shorter absences are a reload, or a lost connection. */
const SHORTEST_ABSENCE = 5 * 60 * 1_000_000;

/** @returns null when he was here, was never here, or nothing happened. */
export async function missedBy(
  api: Pick<HistoryApi, 'overview' | 'timeline'>, sub: string, messages: readonly ChatMessage[],
): Promise<Missed | null> {
  const overview = await api.overview();
  const since = awaySince(overview.sessions, sub);
  if (since === null) return null;
  const count = messages.filter(({ author, sentAt, deleted }) => author !== sub && !deleted && sentAt * 1000 > since).length;
  const people = await changedBoard(api, overview, sub, since);
  return people.length + count > 0 ? { since, people, messages: count } : null;
}

/** When he left last, if that is long enough before he came now; his newest stay is the one that goes on. */
export function awaySince(stays: readonly Stay[], sub: string): number | null {
  const own = stays.filter((stay) => stay.sub === sub);
  const newest = own.reduce<Stay | null>((last, stay) => (last && last.joined_at >= stay.joined_at ? last : stay), null);
  const earlier = own.filter((stay) => stay !== newest);
  if (!newest || earlier.length === 0 || earlier.some(({ left_at: left }) => left === null)) return null;
  const left = Math.max(...earlier.map(({ left_at: at }) => at ?? 0));
  return newest.joined_at - left >= SHORTEST_ABSENCE ? left : null;
}

async function changedBoard(api: Pick<HistoryApi, 'timeline'>, overview: RoomHistory, sub: string, since: number): Promise<string[]> {
  const board = overview.documents.find(({ name }) => name === 'whiteboard');
  if (!board || board.last_at <= since) return [];
  const until = board.last_at + 1;
  const { activity } = await api.timeline('whiteboard', { since, until, step: Math.max(1, until - since) });
  const names = knownNames(overview);
  const subs = new Set(activity.map(({ user }) => user).filter((user) => user !== sub));
  return [...subs].flatMap((user) => names.get(user) ?? []).sort((a, b) => a.localeCompare(b));
}
