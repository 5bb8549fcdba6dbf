/** Why a room does not open or no longer goes on: what happened, what is safe, what to do next. */
import { CircleAlert } from 'lucide-react';
import { useEffect } from 'react';
import { keepKeys } from './regions';
import './stoppedPage.css';
import { useTexts } from './texts';

export interface StoppedPageProps {
  code: string;
  onHome: () => void;
  onRetry: () => void;
  /** This device has a copy that can still be looked at. */
  onLookAtCopy?: () => void;
}

export function StoppedPage({ code, onHome, onRetry, onLookAtCopy }: StoppedPageProps) {
  const t = useTexts().stopped;
  const page = t.pages[code];
  const { title, body, next } = page ?? t.other;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="stopped" data-region="stopped" data-testid="stopped" onKeyDown={keepKeys}>
      <div className="stopped-card" role="alert">
        <CircleAlert size={28} aria-hidden />
        <h1>{title}</h1>
        <p>{body}</p>
        <p>{next}</p>
        {onLookAtCopy && <p className="muted">{t.safe}</p>}
        <div className="stopped-actions">
          <button type="button" className="button primary" onClick={onHome}>{t.home}</button>
          <button type="button" className="button" onClick={onRetry}>{t.retry}</button>
          {onLookAtCopy && <button type="button" className="button" onClick={onLookAtCopy}>{t.lookAtCopy}</button>}
        </div>
        {!page && <p className="muted small">{t.code(code)}</p>}
      </div>
    </main>
  );
}
