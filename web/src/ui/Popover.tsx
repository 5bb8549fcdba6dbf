/** A small panel under a button, or above one that stands low, in the browser's top layer: Esc and a click elsewhere close it. */
import { type ReactNode, useId, useRef, useState } from 'react';
import './popover.css';
import { keepKeys } from './regions';

export interface PopoverProps {
  label: string;
  className: string;
  testId?: string;
  button: ReactNode;
  children: (close: () => void) => ReactNode;
}

const GAP = 8;

export function Popover({ label, className, testId, button, children }: PopoverProps) {
  const id = useId();
  const anchor = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const place = (): void => {
    if (!anchor.current || !panel.current) return;
    const { left, top, bottom } = anchor.current.getBoundingClientRect();
    const isAbove = top > innerHeight - bottom;
    const furthest = innerWidth - panel.current.offsetWidth - GAP;
    panel.current.style.left = `${Math.max(GAP, Math.min(left, furthest))}px`;
    panel.current.style.top = isAbove ? 'auto' : `${bottom + GAP}px`;
    panel.current.style.bottom = isAbove ? `${innerHeight - top + GAP}px` : 'auto';
    panel.current.style.maxHeight = `${(isAbove ? top : innerHeight - bottom) - 2 * GAP}px`;
  };
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={className}
        title={label}
        aria-expanded={open}
        data-testid={testId}
        popoverTarget={id}
      >
        {button}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        className="popover"
        role="group"
        aria-label={label}
        onKeyDown={keepKeys}
        onToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'open') requestAnimationFrame(place);
        }}
      >
        {open && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}
