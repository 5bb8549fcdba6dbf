import { describe, expect, it } from 'vitest';
import { arrivalsOf, listOf } from './arrivals';
import type { RoomHistory } from './historyApi';

const overview = (came: Readonly<Record<string, number>>, pages: readonly string[] = Object.keys(came)): RoomHistory => ({
  room: { id: 'room', name: 'Room', created_at: 0 }, documents: [], marks: [],
  people: Object.entries(came).map(([sub, at]) => ({ sub, name: sub, color: '#000000', joined_at: at })),
  sessions: pages.map((sub) => ({ sub, joined_at: 5, left_at: null })),
});
const others = (count: number): string => `${count} others`;

describe('[RE16] who came', () => {
  it('is a moment in the time that is shown, of those who had a page open', () => {
    const history = overview({ early: 9, ann: 10, bob: 500, bot: 600, late: 1011 }, ['early', 'ann', 'bob', 'late']);
    expect(arrivalsOf(history, { begin: 10, end: 1010 })).toEqual([{ at: 10, subs: ['ann'] }, { at: 500, subs: ['bob'] }]);
  });

  it('is one moment for those who came at about the same time, so that none lies upon another', () => {
    const crowd = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`p${i}`, (i * 7919) % 1000]));
    const arrivals = arrivalsOf(overview(crowd), { begin: 0, end: 1000 });
    expect(arrivals.flatMap(({ subs }) => subs).length).toBe(200);
    expect(arrivals.length).toBeLessThanOrEqual(10);
    expect(arrivals.every(({ at }, i) => i === 0 || at - arrivals[i - 1]!.at >= 100)).toBe(true);
  });

  it('is told with at most four names', () => {
    const told = (count: number, locale = 'en') => listOf(['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'].slice(0, count), others, locale);
    expect([1, 2, 4, 5].map((count) => told(count))).toEqual(['Ann', 'Ann and Bob', 'Ann, Bob, Cleo, and Dan', 'Ann, Bob, Cleo, and 2 others']);
    expect(told(2, 'de')).toBe('Ann und Bob');
  });
});
