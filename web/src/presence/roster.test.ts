import { describe, expect, it, vi } from 'vitest';
import type { Person } from '../sync/types';
import { initialsOf, membersOf } from './members';
import { RosterStore } from './rosterStore';
import { presumedPerson } from './signalMessages';
import { contrast, inkOn } from './ink';
import { colorOf } from '../sync/userColor';

function person(session: string, sub: string, changes: Partial<Person> = {}): Person {
  return presumedPerson({ session, sub, name: sub, role: 'member', color: '#1c7ed6', since: 1, ...changes });
}

const ann = person('s1', 'ann');
const bob = person('s2', 'bob');

function rosterOf(version: number, ...sessions: Person[]): RosterStore {
  const roster = new RosterStore();
  roster.reset({ version, sessions });
  return roster;
}

describe('the roster', () => {
  it('follows the diffs in the order of arrival', () => {
    const roster = rosterOf(3, ann);
    expect(roster.apply({ type: 'joined', version: 4, person: bob })).toBe('applied');
    expect(roster.apply({ type: 'updated', version: 5, person: { ...ann, name: 'Anna' } })).toBe('applied');
    expect(roster.get().map(({ name }) => name)).toEqual(['Anna', 'bob']);
    expect(roster.apply({ type: 'left', version: 6, session: 's1', sub: 'ann' })).toBe('applied');
    expect(roster.get()).toEqual([bob]);
  });

  it('does not apply a diff that comes after a missing one', () => {
    const roster = rosterOf(3, ann);
    expect(roster.apply({ type: 'joined', version: 5, person: bob })).toBe('gap');
    expect(roster.get()).toEqual([ann]);
  });

  it('does not apply a diff twice', () => {
    const roster = rosterOf(3, ann, bob);
    expect(roster.apply({ type: 'left', version: 3, session: 's2', sub: 'bob' })).toBe('known');
    expect(roster.get()).toEqual([ann, bob]);
  });

  it('takes a whole roster whatever its version: a restarted server counts from nothing', () => {
    const roster = rosterOf(70, ann, bob);
    roster.reset({ version: 1, sessions: [bob] });
    expect(roster.get()).toEqual([bob]);
    expect(roster.apply({ type: 'joined', version: 2, person: ann })).toBe('applied');
  });

  it('takes no diff while it does not come from the server', () => {
    const roster = rosterOf(3, ann);
    roster.substitute([bob]);
    expect(roster.apply({ type: 'joined', version: 4, person: ann })).toBe('gap');
  });

  it('keeps its value, and tells nobody, when nothing changed', () => {
    const roster = rosterOf(3, ann);
    const before = roster.get();
    const listener = vi.fn();
    roster.subscribe(listener);
    roster.reset({ version: 9, sessions: [{ ...ann }] });
    expect(roster.get()).toBe(before);
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('the people of a roster', () => {
  it('are one person each, however many pages they have open', () => {
    const members = membersOf([
      person('a', 'ann', { since: 10, name: 'Ann' }), person('b', 'bob', { since: 20 }),
      person('c', 'ann', { since: 30, name: 'Anna', role: 'owner' }),
    ], 'nobody');
    expect(members.map(({ sub, name, role, since, pages }) => ({ sub, name, role, since, pages }))).toEqual([
      { sub: 'ann', name: 'Anna', role: 'owner', since: 10, pages: 2 },
      { sub: 'bob', name: 'bob', role: 'member', since: 20, pages: 1 },
    ]);
  });

  it('speak and show what any of their pages does, and may what their newest may', () => {
    const [ann] = membersOf([
      person('a', 'ann', { since: 10, hand: true, media: { mic: true, camera: false, screen: false } }),
      person('b', 'ann', { since: 20, permissions: ['chat'], media: { mic: false, camera: false, screen: true } }),
    ], 'nobody');
    expect(ann).toMatchObject({ hand: true, media: { mic: true, camera: false, screen: true }, permissions: ['chat'] });
  });

  it('begin with oneself', () => {
    const members = membersOf([person('a', 'ann', { since: 10 }), person('b', 'bob', { since: 20 })], 'bob');
    expect(members.map(({ sub, isMe }) => [sub, isMe])).toEqual([['bob', true], ['ann', false]]);
  });

  it.each([
    ['Ann', 'A'], ['ann lee', 'AL'], ['Jean-Luc Picard', 'JP'], ['  ', '?'], ['😀 smile', '😀S'], ['élodie', 'É'], ['<Gus>', 'G'], ['李 小龙', '李小'],
  ])('%j has the initials %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });

  it('are written so that it can be read, whatever their colour', () => {
    const palette = Array.from({ length: 200 }, (_, at) => colorOf(`user-${at}`));
    expect(new Set(palette).size).toBe(12);
    const greys = Array.from({ length: 256 }, (_, at) => `#${at.toString(16).padStart(2, '0').repeat(3)}`);
    for (const color of [...palette, ...greys]) expect(contrast(inkOn(color), color), color).toBeGreaterThanOrEqual(4.5);
  });
});
