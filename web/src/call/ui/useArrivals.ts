/** Who came into the call or left it last, in a sentence for those who do not see the tiles. */
import { useEffect, useRef, useState } from 'react';
import type { RoomSession } from '../../sync/types';
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call } from '../types';

export function useArrivals(call: Call, session: Pick<RoomSession, 'roster' | 'me'>): string {
  const t = useTexts().call;
  const tiles = useStore(call.tiles);
  const before = useRef<ReadonlyMap<string, string>>(new Map());
  const [news, setNews] = useState('');
  useEffect(() => {
    const now = new Map(tiles.filter(({ isMe, kind }) => !isMe && kind === 'person').map(({ session: one, name }) => [one, name]));
    const [came] = [...now].filter(([one]) => !before.current.has(one));
    const [left] = [...before.current].filter(([one]) => !now.has(one));
    before.current = now;
    if (came) setNews(t.entered(came[1]));
    else if (left) setNews(t.left(left[1]));
  }, [tiles, t, session]);
  return news;
}
