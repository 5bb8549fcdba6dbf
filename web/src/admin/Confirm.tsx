/** Asks before something is done: says what goes; for what cannot be undone, wants a name typed. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Dialog } from '../ui/Dialog';
import { useTexts } from '../ui/texts';
import { wordsOf } from './adminApi';

export interface ConfirmProps {
  title: string;
  body?: ReactNode;
  /** What the button says. */
  act: string;
  danger?: boolean;
  /** What has to be typed, and the words that ask for it. */
  typed?: { ask: string; wanted: string };
  /** Fields that belong to the question. */
  children?: ReactNode;
  onAct: () => Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, body, act, danger = false, typed, children, onAct, onClose }: ConfirmProps) {
  const t = useTexts();
  const [text, setText] = useState('');
  const [state, setState] = useState<{ busy: boolean; problem: string }>({ busy: false, problem: '' });
  const isReady = !typed || tidy(text) === tidy(typed.wanted);
  useReturnFocus();
  const submit = async (): Promise<void> => {
    if (!isReady || state.busy) return;
    setState({ busy: true, problem: '' });
    try {
      await onAct();
      onClose();
    } catch (error) {
      setState({ busy: false, problem: wordsOf(error, t.admin) });
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="dialog-form" data-testid="confirm" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        {body && <p>{body}</p>}
        {children}
        {typed && (
          <label className="field">
            <span>{typed.ask} <strong className="admin-wanted">{typed.wanted}</strong></span>
            <input className="input" data-testid="confirm-typed" autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
          </label>
        )}
        {state.problem && <p className="problem" role="alert">{state.problem}</p>}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>{t.shell.cancel}</button>
          <button
            type="submit"
            className={danger ? 'button admin-danger' : 'button primary'}
            data-testid="confirm-act"
            aria-disabled={!isReady || state.busy}
          >
            {act}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** After the dialog the focus is where it was; if that is gone, at the start of the content. */
export function useReturnFocus(): void {
  const before = useRef(typeof document === 'undefined' ? null : document.activeElement);
  useEffect(() => () => {
    const from = before.current;
    requestAnimationFrame(() => {
      const target = from instanceof HTMLElement && from.isConnected ? from : document.getElementById('admin-content');
      if (!document.querySelector('dialog:modal')) target?.focus();
    });
  }, []);
}

function tidy(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim();
}
