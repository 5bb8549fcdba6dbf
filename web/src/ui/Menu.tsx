/** A menu in the browser's top layer: arrow keys move, Enter chooses, Esc closes and gives the focus back. */
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import './menu.css';
import { keepKeys } from './regions';

export interface MenuItem {
  words: string;
  icon: ReactNode;
  act: () => void;
  isDangerous?: boolean;
  /** Why it cannot be chosen. */
  lockedBecause?: string;
  testId?: string;
}

export interface MenuHandle {
  /** Under this element, which gets the focus back. */
  openAt(anchor: HTMLElement): void;
}

const GAP = 4;

export function Menu({ label, items, ref }: { label: string; items: readonly MenuItem[]; ref: Ref<MenuHandle> }) {
  const panel = useRef<HTMLDivElement>(null);
  const anchor = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  useImperativeHandle(ref, () => ({
    openAt(element) {
      anchor.current = element;
      setOpen(true);
    },
  }));
  useEffect(() => {
    if (!open || !panel.current || !anchor.current) return;
    panel.current.showPopover();
    place(panel.current, anchor.current);
    itemsOf(panel.current)[0]?.focus();
  }, [open]);
  const close = (): void => {
    panel.current?.hidePopover();
    anchor.current?.focus();
  };
  if (!open) return null;
  return (
    <div
      ref={panel}
      popover="auto"
      className="menu"
      role="menu"
      aria-label={label}
      onToggle={(event) => {
        if (event.newState === 'closed') setOpen(false);
      }}
      onKeyDown={(event) => {
        keepKeys(event);
        if (event.key === 'Tab') close();
        else moveIn(event);
      }}
      onContextMenu={(event) => event.preventDefault()}
    >
      {items.map((item) => (
        <button
          key={item.words}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={item.isDangerous ? 'menu-entry danger' : 'menu-entry'}
          aria-disabled={item.lockedBecause !== undefined}
          data-testid={item.testId}
          onClick={() => {
            if (item.lockedBecause !== undefined) return;
            close();
            item.act();
          }}
        >
          {item.icon}
          <span>
            {item.words}
            {item.lockedBecause && <span className="menu-why">{item.lockedBecause}</span>}
          </span>
        </button>
      ))}
    </div>
  );
}

function place(panel: HTMLElement, anchor: HTMLElement): void {
  const { left, right, top, bottom } = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  // To the left of what stands at the right edge.
  const x = left + width + GAP > innerWidth ? right - width : left;
  const y = bottom + GAP + height > innerHeight ? top - GAP - height : bottom + GAP;
  panel.style.left = `${Math.max(GAP, x)}px`;
  panel.style.top = `${Math.max(GAP, y)}px`;
}

const itemsOf = (panel: HTMLElement): HTMLElement[] => [...panel.querySelectorAll<HTMLElement>('[role=menuitem]')];

function moveIn(event: React.KeyboardEvent<HTMLElement>): void {
  const items = itemsOf(event.currentTarget);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[to % items.length]?.focus();
}
