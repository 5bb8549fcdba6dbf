/** Something from the server that a component shows: loaded when it appears, and again when asked. */
import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<T> {
  /** undefined until it has been loaded once. */
  value: T | undefined;
  /** The last attempt did not succeed: what is shown may be old. */
  failed: boolean;
}

/** @param key of what is loaded: another key loads anew. */
export function useLoaded<T>(load: () => Promise<T>, key: string): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: undefined, failed: false });
  const latest = useRef(load);
  const asked = useRef(0);
  useEffect(() => {
    latest.current = load;
  });
  const reload = useCallback(() => {
    const mine = ++asked.current;
    latest.current().then(
      (value) => mine === asked.current && setLoaded({ value, failed: false }),
      // Only shown: that it is old is said, and it can be asked for again.
      () => mine === asked.current && setLoaded(({ value }) => ({ value, failed: true })),
    );
  }, []);
  useEffect(() => {
    reload();
    return () => {
      asked.current += 1;
    };
  }, [reload, key]);
  return [loaded, reload];
}
