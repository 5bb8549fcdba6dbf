/** The way into the call: shows how many are in it, and opens the preview. */
import { Phone } from 'lucide-react';
import { useState } from 'react';
import type { RoomSession } from '../../sync/types';
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call } from '../types';
import './call.css';
import { PreviewDialog } from './PreviewDialog';

export function CallButton({ call, session }: { call: Call; session: Pick<RoomSession, 'permissions' | 'roster'> }) {
  const t = useTexts().call;
  const state = useStore(call.state);
  const count = useStore(call.inCall).length;
  const [isOpen, setOpen] = useState(false);
  const isOut = state.kind === 'out' || state.kind === 'failed';
  const words = !isOut ? t.shown : count > 0 ? t.joinWith(count) : t.join;
  return (
    <>
      <button
        type="button"
        className="icon-button call-button"
        title={words}
        aria-label={words}
        aria-disabled={!isOut}
        data-busy={count > 0}
        data-testid="call"
        onClick={() => {
          if (isOut) setOpen(true);
        }}
      >
        <Phone size={18} aria-hidden />
        {count > 0 && <span className="call-count" aria-hidden>{count}</span>}
      </button>
      {isOpen && <PreviewDialog call={call} session={session} onClose={() => setOpen(false)} />}
    </>
  );
}
