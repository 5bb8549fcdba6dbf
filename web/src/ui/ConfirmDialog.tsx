/** Asks once before something that takes away: the title asks, the text says what goes, the button says what is done. */
import { type ReactNode, useId, useState } from 'react';
import { tidyName } from '../api/identity';
import './controls.css';
import { Dialog } from './Dialog';
import { failureOf } from './failure';
import { useTexts } from './texts';

export const MAX_REASON_LENGTH = 200;

export interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  /** The verb. */
  action: string;
  /** Asks for a sentence to whom it happens. */
  reasonHint?: string;
  /** What has to be typed first, and how that is asked for. */
  typed?: { text: string; label: string };
  isDangerous?: boolean;
  /** When it fails the dialog stays and says so. */
  onConfirm: (reason: string) => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ title, children, action, reasonHint, typed, isDangerous = true, onConfirm, onClose }: ConfirmDialogProps) {
  const t = useTexts();
  const hint = useId();
  const [reason, setReason] = useState('');
  const [entered, setEntered] = useState('');
  const [state, setState] = useState<'asking' | 'doing' | 'failed' | 'refused'>('asking');
  const isReady = state !== 'doing' && (!typed || tidyName(entered) === tidyName(typed.text));
  const confirm = (): void => {
    if (!isReady) return;
    setState('doing');
    onConfirm(tidyReason(reason)).then(onClose, (error: unknown) => setState(failureOf(error)));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          confirm();
        }}
      >
        {children}
        {reasonHint !== undefined && (
          <label className="field">
            <span>{t.moderation.reason}</span>
            <input
              className="input"
              value={reason}
              maxLength={MAX_REASON_LENGTH}
              aria-describedby={hint}
              data-testid="reason"
              onChange={(event) => setReason(event.target.value)}
            />
            <span className="muted small" id={hint}>{reasonHint}</span>
          </label>
        )}
        {typed && (
          <label className="field">
            <span>{typed.label}</span>
            <input
              className="input"
              value={entered}
              autoComplete="off"
              spellCheck={false}
              autoFocus
              data-testid="typed"
              onChange={(event) => setEntered(event.target.value)}
            />
          </label>
        )}
        {(state === 'failed' || state === 'refused') && <p className="problem" role="alert">{t.moderation[state]}</p>}
        <div className="dialog-actions">
          {/* What takes nothing away has the focus. */}
          <button type="button" className="button" autoFocus={!typed} onClick={onClose}>{t.shell.cancel}</button>
          <button
            type="submit"
            className={isDangerous ? 'button danger-fill' : 'button primary'}
            data-testid="confirm"
            disabled={!isReady}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** One line, no space around it. */
function tidyReason(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim().slice(0, MAX_REASON_LENGTH);
}
