/** A native modal dialog: focus stays in it, Esc and a click beside it close it. */
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import './dialog.css';
import { keepKeys } from './regions';
import { useTexts } from './texts';

export interface DialogProps {
  title: string;
  children: ReactNode;
  /** Without it the dialog cannot be closed, only answered. */
  onClose?: () => void;
  /** Stands on an empty page instead of covering one. */
  alone?: boolean;
  /** `large`: for many things; its head stays in view while the rest scrolls. */
  size?: 'normal' | 'large';
}

export function Dialog({ title, children, onClose, alone = false, size = 'normal' }: DialogProps) {
  const t = useTexts().shell;
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={alone ? 'dialog alone' : 'dialog'}
      data-size={size}
      aria-labelledby={heading}
      onKeyDown={keepKeys}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose?.();
      }}
    >
      <div className="dialog-body">
        <header className="dialog-header">
          <h2 id={heading}>{title}</h2>
          {onClose && (
            <button type="button" className="icon-button" aria-label={t.close} onClick={onClose}>
              <X size={18} aria-hidden />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
