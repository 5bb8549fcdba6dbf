/** What people are called in lists of what has happened: they may have left long ago. */
import type { RoomMember } from '../../api/moderation';
import type { Members } from '../../presence/memberList';
import type { Store } from '../../sync/types';
import type { Texts } from '../texts';

/** For those who may not see the list. */
export const EMPTY_MEMBERS: Store<Members> = (() => {
  const nobody: Members = { members: undefined, failed: false };
  return { get: () => nobody, subscribe: () => () => {} };
})();

/** The user id under which the operator of the server acts. */
const OPERATOR = 'admin';
/** What the server calls somebody whose data was erased. */
const ERASED = 'Erased person';

export type NameOf = (sub: string | null | undefined, then?: string) => string;

/** @returns the name somebody has now, else the one given; empty for somebody unknown. */
export function namesOf(members: readonly RoomMember[] | undefined, t: Texts['events']): NameOf {
  const known = new Map(members?.map(({ sub, name }) => [sub, name]));
  return (sub, then) => {
    if (sub === OPERATOR) return t.operator;
    const name = sub ? (known.get(sub) ?? then) : then;
    return name === ERASED ? t.erased : (name ?? '');
  };
}
