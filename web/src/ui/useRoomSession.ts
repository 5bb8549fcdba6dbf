/** Enters a room and stays in it for as long as its page is shown. */
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { LiveRoomSession } from '../sync/roomSession';

export type Entering =
  | { kind: 'entering' }
  | { kind: 'entered'; session: LiveRoomSession }
  | { kind: 'failed'; code: string };

const RETRY_MS = 5_000;

/** @param ready false while the person has not given a name yet. */
export function useRoomSession(room: string, key: string | undefined, ready: boolean): [Entering, () => void] {
  const [entering, setEntering] = useState<Entering>({ kind: 'entering' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (!ready) return undefined;
    let current = true;
    let session: LiveRoomSession | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failed = (error: unknown): void => {
      if (!current) return;
      const code = error instanceof ApiError ? error.code : 'unexpected_answer';
      if (!(error instanceof ApiError)) console.error(error);
      setEntering({ kind: 'failed', code });
      if (error instanceof ApiError && error.isTemporary) timer = setTimeout(() => setAttempt((count) => count + 1), RETRY_MS);
    };
    LiveRoomSession.enter(room, key).then((entered) => {
      if (!current) return entered.close();
      session = entered;
      setEntering({ kind: 'entered', session: entered });
    }, failed);
    return () => {
      current = false;
      clearTimeout(timer);
      session?.close();
      setEntering({ kind: 'entering' });
    };
  }, [room, key, ready, attempt]);
  return [entering, () => setAttempt((count) => count + 1)];
}
