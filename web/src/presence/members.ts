/** The people of a roster: whoever has several pages open is one person. */
import type { Media, Person } from '../sync/types';

export interface Member extends Omit<Person, 'session'> {
  /** How many pages of the room this person has open. */
  pages: number;
  isMe: boolean;
}

/**
 * In the order of arrival, but oneself first. Name, role and rights are those of the newest page, `since` is that of the
 * oldest; what is on, and whether the hand is up, is so if it is on any page.
 */
export function membersOf(people: readonly Person[], me: string): readonly Member[] {
  const members = new Map<string, Member & { newest: number }>();
  for (const { session: _session, ...person } of people) {
    const known = members.get(person.sub);
    if (!known) {
      members.set(person.sub, { ...person, newest: person.since, pages: 1, isMe: person.sub === me });
      continue;
    }
    known.pages += 1;
    known.since = Math.min(known.since, person.since);
    known.hand ||= person.hand;
    known.media = eitherOf(known.media, person.media);
    if (person.since >= known.newest) {
      const { name, role, permissions, color, since: newest } = person;
      Object.assign(known, { name, role, permissions, color, newest });
    }
  }
  return [...members.values()]
    .map(({ newest: _newest, ...member }) => member)
    .sort((a, b) => Number(b.isMe) - Number(a.isMe) || a.since - b.since);
}

function eitherOf(one: Media, other: Media): Media {
  return { mic: one.mic || other.mic, camera: one.camera || other.camera, screen: one.screen || other.screen };
}

/** One or two letters that stand for a name: of its first and its last word. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s\p{P}\p{Sm}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase() || '?';
}
