/** Why a room does not open or no longer goes on: what happened, what is safe, what to do next. */
import { Ban, CircleAlert, CloudOff, DoorClosed, Download, Lock, type LucideIcon, Trash2, UserMinus, Users } from 'lucide-react';
import { useEffect } from 'react';
import { personsReason } from './reasons';
import { keepKeys } from './regions';
import './stoppedPage.css';
import { useTexts } from './texts';

export interface StoppedPageProps {
  /** A key of `stopped.pages`, or a code that this page does not know. */
  code: string;
  /** What whoever did it has said. */
  reason?: string;
  onHome: () => void;
  onRetry?: () => void;
  /** What trying again is called, where it is more than that. */
  retryWords?: string;
  /** It is tried again by itself. */
  isRetrying?: boolean;
  /** This device has a copy that can still be looked at. */
  onLookAtCopy?: () => void;
  onDownload?: () => void;
}

const ICONS: Readonly<Record<string, LucideIcon>> = {
  removed: UserMinus, banned: Ban, room_locked: Lock, room_closed: DoorClosed, room_full: Users, room_deleted: Trash2,
  must_knock: DoorClosed, unreachable: CloudOff,
};
/** Nothing is wrong: the icon does not alarm. */
const CALM: ReadonlySet<string> = new Set(['room_locked', 'room_closed', 'room_full', 'must_knock']);

export function StoppedPage(props: StoppedPageProps) {
  const { code, onHome, onRetry, onLookAtCopy, onDownload } = props;
  const t = useTexts().stopped;
  const page = t.pages[code];
  const { title, body, next } = page ?? t.other;
  const reason = personsReason(props.reason);
  const Icon = ICONS[code] ?? CircleAlert;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="stopped" data-region="stopped" data-testid="stopped" data-code={code} onKeyDown={keepKeys}>
      <div className="stopped-card" role="alert" data-calm={CALM.has(code)}>
        <Icon size={28} aria-hidden />
        <h1>{title}</h1>
        <p>{body}</p>
        {reason && <p className="stopped-reason">{t.reason(reason)}</p>}
        {(code !== 'room_deleted' || onLookAtCopy) && <p>{next}</p>}
        {onLookAtCopy && <p className="muted">{t.safe}</p>}
        {props.isRetrying && <p className="stopped-retrying muted"><span className="spinner" aria-hidden />{t.retrying}</p>}
        <div className="stopped-actions">
          <button type="button" className="button primary" onClick={onHome}>{t.home}</button>
          {onRetry && <button type="button" className="button" data-testid="retry" onClick={onRetry}>{props.retryWords ?? t.retry}</button>}
          {onLookAtCopy && <button type="button" className="button" data-testid="look" onClick={onLookAtCopy}>{t.lookAtCopy}</button>}
          {onDownload && (
            <button type="button" className="button" data-testid="download-copy" onClick={onDownload}>
              <Download size={16} aria-hidden />
              {t.download}
            </button>
          )}
        </div>
        {!page && <p className="muted small">{t.code(code)}</p>}
      </div>
    </main>
  );
}
