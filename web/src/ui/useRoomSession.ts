/** Enters a room and stays in it for as long as its page is shown. */
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import type { Knocking } from '../sync/knocking';
import { LiveRoomSession } from '../sync/roomSession';

export type Entering =
  | { kind: 'entering' }
  /** In front of a room with a lobby, until somebody lets this person in. */
  | { kind: 'knocking'; knocking: Knocking }
  | { kind: 'entered'; session: LiveRoomSession }
  /** `isRetrying`: it is tried again by itself. */
  | { kind: 'failed'; code: string; reason: string; isRetrying: boolean };

const RETRY_MS = 5_000;
/** A locked room may be opened at any time; nobody tells those who stand before it. */
export const RETRY_LOCKED_MS = 10_000;

/** @param ready false while the person has not given a name yet. */
export function useRoomSession(room: string, key: string | undefined, ready: boolean): [Entering, () => void] {
  const [entering, setEntering] = useState<Entering>({ kind: 'entering' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (!ready) return undefined;
    let current = true;
    let session: LiveRoomSession | undefined;
    let waiting: Knocking | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failed = (error: unknown): void => {
      if (!current) return;
      const { code, reason } = error instanceof ApiError ? error : { code: 'unexpected_answer', reason: '' };
      if (!(error instanceof ApiError)) console.error(error);
      const delay = error instanceof ApiError ? delayAfter(error) : undefined;
      setEntering({ kind: 'failed', code, reason, isRetrying: delay !== undefined });
      if (delay !== undefined) timer = setTimeout(() => setAttempt((count) => count + 1), delay);
    };
    const knock = (knocking: Knocking): void => {
      if (!current) return knocking.close();
      waiting = knocking;
      setEntering({ kind: 'knocking', knocking });
    };
    LiveRoomSession.enter(room, key, knock).then((entered) => {
      if (!current) return entered.close();
      session = entered;
      setEntering({ kind: 'entered', session: entered });
    }, failed);
    return () => {
      current = false;
      clearTimeout(timer);
      waiting?.close();
      session?.close();
      // Why it failed stays in view while it is tried again.
      setEntering((was) => (was.kind === 'failed' ? was : { kind: 'entering' }));
    };
  }, [room, key, ready, attempt]);
  const again = (): void => {
    setEntering({ kind: 'entering' });
    setAttempt((count) => count + 1);
  };
  return [entering, again];
}

/** How long to wait before it makes sense to try again by itself; undefined when it makes none. */
function delayAfter(error: ApiError): number | undefined {
  if (error.code === 'room_locked') return RETRY_LOCKED_MS;
  if (!error.isTemporary) return undefined;
  return error.retryAfterSeconds === undefined ? RETRY_MS : error.retryAfterSeconds * 1000;
}
