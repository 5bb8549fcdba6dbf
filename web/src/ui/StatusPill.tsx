/** Always in view: whether the work is safe, in one or a few words; a click explains. */
import type { LiveRoomSession } from '../sync/roomSession';
import { Popover } from './Popover';
import './statusPill.css';
import { explanationOf, STATUS_ICONS, useCalmStatus, wordsOf } from './statusWords';
import { useTexts } from './texts';
import { useStore } from './useStore';

export function StatusPill({ session, onSeeWhy }: { session: LiveRoomSession; onSeeWhy: () => void }) {
  const t = useTexts().status;
  const status = useCalmStatus(useStore(session.status));
  useStore(session.generation);
  const trouble = useStore(session.whiteboard.trouble);
  const Icon = STATUS_ICONS[status.kind];
  const words = wordsOf(status, t);
  const isTurning = status.kind === 'opening' || status.kind === 'saving';
  // The number of changes rises while somebody draws: only another kind of status is worth being read aloud.
  const announced = status.kind === 'saving' || status.kind === 'opening' ? '' : wordsOf(withoutCount(status), t);
  return (
    <>
      <Popover
        label={t.details}
        className={`status-pill ${status.kind}`}
        testId="status"
        button={<><Icon className={isTurning ? 'spinning' : ''} size={16} aria-hidden /><span>{words}</span></>}
      >
        {(close) => (
          <div className="status-details">
            <h2>{words}</h2>
            <p>{explanationOf(status, t)}</p>
            {status.kind === 'offline' && t.troubles[trouble] && <p>{t.troubles[trouble]}</p>}
            <p className="muted small">{session.isStored ? t.stored : t.notStored}</p>
            {status.kind === 'refused' && (
              <button type="button" className="button" onClick={() => { close(); onSeeWhy(); }}>{t.seeWhy}</button>
            )}
            {(status.kind === 'offline' || (status.kind === 'stopped' && status.code !== 'room_deleted')) && (
              <button type="button" className="button" onClick={() => { close(); session.retry(); }}>{t.retry}</button>
            )}
          </div>
        )}
      </Popover>
      <span className="visually-hidden" role="status">{announced}</span>
    </>
  );
}

function withoutCount<T extends { kind: string }>(status: T): T {
  return status.kind === 'offline' ? { ...status, changes: 0 } : status;
}
