/** Opens a room's replay for as long as it is shown, and keeps its clock going while it plays. */
import { useEffect, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { useStore } from '../ui/useStore';
import { HistoryApi } from './historyApi';
import { Replay } from './replay';

export type Opening = { kind: 'opening' } | { kind: 'open'; replay: Replay } | { kind: 'failed'; error: unknown };

export function useReplay(session: RoomSession): [Opening, () => void] {
  const [opening, setOpening] = useState<Opening>({ kind: 'opening' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    let opened: Replay | undefined;
    setOpening({ kind: 'opening' });
    Replay.open(new HistoryApi(session.room.get().id, () => session.token())).then(
      (replay) => {
        if (!current) return replay.close();
        opened = replay;
        setOpening({ kind: 'open', replay });
      },
      (error: unknown) => {
        if (current) setOpening({ kind: 'failed', error });
      },
    );
    return () => {
      current = false;
      opened?.close();
    };
  }, [session, attempt]);
  return [opening, () => setAttempt((count) => count + 1)];
}

/** A frame of the replay for each of the screen's, while it plays. */
export function useFrames(replay: Replay): void {
  const playing = useStore(replay.playing);
  useEffect(() => {
    if (!playing) return undefined;
    let before = performance.now();
    let frame = requestAnimationFrame(function next(now) {
      replay.frame(now - before);
      before = now;
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [replay, playing]);
}
