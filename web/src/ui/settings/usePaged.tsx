/** A list, newest first, that grows at its end on request. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTexts } from '../texts';

export interface Rows<T> {
  rows: readonly T[];
  /** What to ask for as `before`; null: that was all. */
  next: number | null;
}

export interface Paged<T> {
  rows: readonly T[];
  hasMore: boolean;
  /** Nothing has been loaded yet. */
  isLoading: boolean;
  failed: boolean;
  more: () => void;
}

/** @param of what the list belongs to: another one is loaded anew. */
export function usePaged<T>(load: (before?: number) => Promise<Rows<T>>, of: object): Paged<T> {
  const [loaded, setLoaded] = useState<Rows<T>>({ rows: [], next: null });
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading');
  const latest = useRef(load);
  const asked = useRef(0);
  useEffect(() => {
    latest.current = load;
  });
  const get = useCallback((before?: number) => {
    const mine = ++asked.current;
    latest.current(before).then(
      ({ rows, next }) => {
        if (mine !== asked.current) return;
        setLoaded((known) => ({ rows: before === undefined ? rows : [...known.rows, ...rows], next }));
        setState('loaded');
      },
      () => mine === asked.current && setState('failed'),
    );
  }, []);
  useEffect(() => {
    get();
    return () => {
      asked.current += 1;
    };
  }, [get, of]);
  const { rows, next } = loaded;
  return { rows, hasMore: next !== null, isLoading: state === 'loading', failed: state === 'failed', more: () => get(next ?? undefined) };
}

export function MoreButton({ pages }: { pages: Pick<Paged<unknown>, 'hasMore' | 'failed' | 'more'> }) {
  const t = useTexts();
  return (
    <>
      {pages.failed && <p className="problem small" role="alert">{t.moderation.loadFailed}</p>}
      {pages.hasMore && <button type="button" className="button activity-more" onClick={pages.more}>{t.activity.more}</button>}
    </>
  );
}
