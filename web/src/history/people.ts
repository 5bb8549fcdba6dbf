/** Who is who in a replay: names and colours of everybody who ever did something, and who was there when. */
import type { RoomSession } from '../sync/types';
import { colorOf } from '../sync/userColor';
import type { RoomHistory, Timeline } from './historyApi';

export interface Actor {
  readonly sub: string;
  readonly name: string;
  readonly color: string;
  /** What he added to the board in the time that is shown. */
  readonly rows: number;
}

export type NameOf = (sub: string) => string;

/** What everybody is called who was ever in the room, by id. */
export function knownNames({ people }: Pick<RoomHistory, 'people'>): Map<string, string> {
  return new Map(people.map(({ sub, name }) => [sub, name]));
}

export function namesOf(overview: RoomHistory, session: RoomSession, someone: string): NameOf {
  const names = knownNames(overview);
  const me = session.me.get();
  names.set(me.sub, me.name);
  return (sub) => names.get(sub) || someone;
}

/** Those who drew, the busiest first. */
export function actorsOf({ activity }: Timeline, nameOf: NameOf): Actor[] {
  const rows = new Map<string, number>();
  for (const one of activity) rows.set(one.user, (rows.get(one.user) ?? 0) + one.rows);
  return [...rows]
    .map(([sub, count]) => ({ sub, name: nameOf(sub), color: colorOf(sub), rows: count }))
    .sort((a, b) => b.rows - a.rows || a.name.localeCompare(b.name));
}

/** The people who had a page open at an instant. */
export function presentAt({ sessions }: RoomHistory, at: number): string[] {
  return [...new Set(sessions.filter(({ joined_at: from, left_at: to }) => from <= at && (to === null || at < to)).map(({ sub }) => sub))];
}
