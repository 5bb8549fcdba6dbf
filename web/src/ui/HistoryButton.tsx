/** The way from the room to its history. */
import { History } from 'lucide-react';
import type { RoomSession } from '../sync/types';
import { goTo, replayPath } from './route';
import { useTexts } from './texts';
import { useStore } from './useStore';

export function HistoryButton({ session }: { session: RoomSession }) {
  const t = useTexts().replay;
  const { id } = useStore(session.room);
  return (
    <button type="button" className="icon-button" title={t.open} aria-label={t.open} data-testid="history" onClick={() => goTo(replayPath(id))}>
      <History size={18} aria-hidden />
    </button>
  );
}
