import { describe, expect, it } from 'vitest';
import { held, matches, sorted, sortOf, textOfSort } from './order';

const keyOf = ({ id }: { id: string }): string => id;
const rows = (text: string): { id: string }[] => [...text].map((id) => ({ id }));
const order = (shown: readonly { key: string; gone: boolean }[]): string => shown.map(({ key, gone }) => (gone ? `(${key})` : key)).join('');
const shownOf = (text: string) => rows(text).map((row) => ({ key: row.id, row, gone: false }));

describe('a table that is held', () => {
  it('keeps every row in its place, whatever the new order is', () => {
    expect(order(held(shownOf('abc'), rows('cba'), keyOf))).toBe('abc');
  });

  it('puts new rows at the end and keeps the place of those that went', () => {
    expect(order(held(shownOf('abc'), rows('xca'), keyOf))).toBe('a(b)cx');
  });

  it('shows the new values of rows that stay', () => {
    const before = [{ key: 'a', row: { id: 'a', n: 1 }, gone: false }];
    expect(held(before, [{ id: 'a', n: 2 }], keyOf)[0]?.row).toEqual({ id: 'a', n: 2 });
  });

  it('takes a row back that went and came again', () => {
    const without = held(shownOf('ab'), rows('b'), keyOf);
    expect(order(without)).toBe('(a)b');
    expect(order(held(without, rows('ab'), keyOf))).toBe('ab');
  });
});

describe('an order', () => {
  const values = (list: (string | number | null)[], descending: boolean): unknown[] =>
    sorted(list, (one) => one, descending, 'en');

  it('puts what has no value last, either way', () => {
    expect(values([null, 2, 1], false)).toEqual([1, 2, null]);
    expect(values([null, 1, 2], true)).toEqual([2, 1, null]);
  });

  it('reads names as people do', () => {
    expect(values(['Room 10', 'room 9', 'Älg', 'Zoo'], false)).toEqual(['Älg', 'room 9', 'Room 10', 'Zoo']);
  });

  it('keeps equals as they were', () => {
    const list = [{ id: 'b', n: 1 }, { id: 'a', n: 1 }];
    expect(sorted(list, ({ n }) => n, true, 'en').map(keyOf)).toEqual(['b', 'a']);
  });

  it('travels in the address', () => {
    const fallback = { column: 'name', descending: false };
    expect(sortOf(null, fallback)).toBe(fallback);
    for (const text of ['size', '-size']) expect(textOfSort(sortOf(text, fallback))).toBe(text);
  });
});

describe('a search', () => {
  it('wants every word somewhere, in any letters', () => {
    expect(matches('BOB plan', ['Planning', 'bob'])).toBe(true);
    expect(matches('bob carol', ['Planning', 'bob'])).toBe(false);
    expect(matches('', ['x', null, undefined])).toBe(true);
  });
});
