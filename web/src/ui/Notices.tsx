/** The notices at the bottom of the page: read aloud, gone after a while, held while somebody is at them. */
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { dismiss, dismissAll, type Notice, notices } from './noticeStore';
import './notices.css';
import { keepKeys } from './regions';
import { useTexts } from './texts';
import { useStore } from './useStore';

const SHOWN_MS = 8_000;
/** Whoever wants to take something back needs longer. */
const SHOWN_WITH_ACTION_MS = 15_000;

/** @param children notices that stay until they are answered. */
export function Notices({ children }: { children?: ReactNode }) {
  const t = useTexts().notices;
  const shown = useStore(notices);
  useEffect(() => dismissAll, []);
  return (
    <section className="notices" aria-label={t.region} data-region="notices" onKeyDown={keepKeys}>
      {children}
      <div role="status" className="notices-list">
        {shown.map((notice) => <Passing key={notice.id} notice={notice} />)}
      </div>
    </section>
  );
}

function Passing({ notice }: { notice: Notice }) {
  const [held, setHeld] = useState(false);
  const { id, words, action } = notice;
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(() => dismiss(id), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, id, action]);
  return (
    <NoticeBar
      words={words}
      onDismiss={() => dismiss(id)}
      onHold={setHeld}
      action={action && { words: action.words, act: () => { dismiss(id); action.act(); } }}
    />
  );
}

export function NoticeBar({ words, icon, action, onDismiss, onHold, testId = 'notice' }: {
  words: string;
  icon?: ReactNode;
  action?: Notice['action'];
  onDismiss: () => void;
  onHold?: (held: boolean) => void;
  testId?: string;
}) {
  const t = useTexts().notices;
  const hold = onHold && {
    onMouseEnter: () => onHold(true), onMouseLeave: () => onHold(false), onFocus: () => onHold(true), onBlur: () => onHold(false),
  };
  return (
    <div className="notice" data-testid={testId} {...hold}>
      {icon}
      <span className="notice-words">{words}</span>
      {action && <button type="button" className="button" data-testid="notice-action" onClick={action.act}>{action.words}</button>}
      <button type="button" className="icon-button" aria-label={t.dismiss} title={t.dismiss} onClick={onDismiss}>
        <X size={16} aria-hidden />
      </button>
    </div>
  );
}
