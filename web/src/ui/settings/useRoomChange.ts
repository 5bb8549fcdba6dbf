/** Changes a room's settings: shown at once, saved at once, taken back when the server does not take them. */
import { useRef, useState } from 'react';
import type { RoomChanges } from '../../api/rooms';
import type { LiveRoomSession } from '../../sync/roomSession';
import type { RoomInfo } from '../../sync/types';
import { type Failure, failureOf } from '../failure';
import { useTexts } from '../texts';
import { useStore } from '../useStore';

export interface RoomChange {
  /** As it is, with what is on its way to the server. */
  readonly room: RoomInfo;
  /** @returns whether the server took it. */
  readonly save: (changes: RoomChanges) => Promise<boolean>;
  /** What became of the last change. */
  readonly words: string;
  readonly isProblem: boolean;
}

export function useRoomChange(session: Pick<LiveRoomSession, 'room' | 'changeRoom'>): RoomChange {
  const t = useTexts().settings;
  const room = useStore(session.room);
  const [pending, setPending] = useState<RoomChanges>({});
  const [state, setState] = useState<'idle' | 'saved' | Failure>('idle');
  const underway = useRef(0);
  const save = async (changes: RoomChanges): Promise<boolean> => {
    underway.current += 1;
    setPending((others) => ({ ...others, ...changes }));
    setState('idle');
    try {
      await session.changeRoom(changes);
      setState('saved');
      return true;
    } catch (error) {
      setState(failureOf(error));
      return false;
    } finally {
      underway.current -= 1;
      if (underway.current === 0) setPending({});
    }
  };
  const words = { idle: t.live, saved: t.saved, failed: t.failed, refused: t.refused }[state];
  return { room: { ...room, ...pending }, save, words, isProblem: state === 'failed' || state === 'refused' };
}
