/** A list that grows at its top by itself and at its end on request: the newest page is polled, older ones are asked for. */
import { useCallback, useEffect, useState } from 'react';
import { ask, useAdmin } from './adminApi';
import { type Polled, usePolled } from './usePolled';

export interface Page<T> {
  rows: readonly T[];
  /** What to ask for as `before` to get the next page; null when there is none. */
  next: number | null;
}

export interface Pages<T> {
  newest: Polled<unknown>;
  rows: readonly T[];
  hasMore: boolean;
  more: () => Promise<void>;
}

interface Older<T> {
  path: string;
  rows: readonly T[];
  /** undefined until an older page was asked for. */
  next: number | null | undefined;
}

/**
 * @param path With its filters, without `before`.
 * @param read Takes a page out of an answer; must be the same function at every call.
 */
export function usePages<T>(path: string, read: (answer: never) => Page<T>, keyOf: (row: T) => string | number): Pages<T> {
  const { token } = useAdmin();
  const newest = usePolled<never>(path);
  const [older, setOlder] = useState<Older<T>>({ path, rows: [], next: undefined });
  useEffect(() => setOlder({ path, rows: [], next: undefined }), [path]);
  const first = newest.value === undefined ? { rows: [], next: null } : read(newest.value);
  const known = older.path === path ? older : { path, rows: [], next: undefined };
  const next = known.next === undefined ? first.next : known.next;
  const more = useCallback(async () => {
    if (next === null) return;
    const page = read(await ask<never>(token, `${path}${path.includes('?') ? '&' : '?'}before=${next}`));
    // What the newest page held when the first older one was asked for would fall between the two once newer rows come.
    const between = known.next === undefined ? first.rows : [];
    setOlder({ path, rows: [...known.rows, ...between, ...page.rows], next: page.next });
  }, [token, path, next, read, known, first.rows]);
  return { newest, rows: without(first.rows, known.rows, keyOf), hasMore: next !== null, more };
}

/** Both lists in order, each row once, as the first list has it. */
function without<T>(first: readonly T[], older: readonly T[], keyOf: (row: T) => string | number): readonly T[] {
  if (older.length === 0) return first;
  const known = new Set(first.map(keyOf));
  return [...first, ...older.filter((row) => !known.has(keyOf(row)))];
}
