/** Who is in the room, for components. */
import { useMemo } from 'react';
import type { RoomSession } from '../sync/types';
import { useStore } from '../ui/useStore';
import { type Attention, attentionOf } from './boardPresence';
import { type Member, membersOf } from './members';

export interface Present {
  readonly members: readonly Member[];
  /** By user; who is missing is in the room, but not on the board. */
  readonly attention: ReadonlyMap<string, Attention>;
}

export function usePresent(session: RoomSession): Present {
  useStore(session.generation);
  const { awareness } = session.whiteboard;
  const attention = useStore(useMemo(() => attentionOf(awareness), [awareness]));
  const roster = useStore(session.roster);
  const me = useStore(session.me).sub;
  return useMemo(() => ({ members: membersOf(roster, me), attention }), [roster, me, attention]);
}
