/** F6 and Shift+F6 move between the parts of the page, those that carry `data-region`. */
import { useEffect } from 'react';

const FOCUSABLE = 'button:not(:disabled), input:not(:disabled), textarea:not(:disabled), a[href], [tabindex="0"]';

export function useRegionKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'F6' || document.querySelector('dialog:modal')) return;
      event.preventDefault();
      event.stopPropagation();
      moveFocus(event.shiftKey ? -1 : 1);
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}

function moveFocus(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((one) => one.checkVisibility());
  if (regions.length === 0) return;
  const current = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(current + step + regions.length) % regions.length];
  const first = [...(next?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])].find((one) => one.checkVisibility());
  (first ?? next)?.focus();
}

/** Keys that do something to what has the focus; all others are for the board, wherever the focus is. */
const KEYS_OF_CONTROLS = new Set(['Enter', ' ', 'Tab', 'Escape', 'Delete', 'Backspace', 'Home', 'End', 'PageUp', 'PageDown',
  'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']);

/** The board listens on the whole document: keep from it what is pressed in a button or field of the frame. */
export function keepKeys(event: Pick<KeyboardEvent, 'key' | 'stopPropagation'> & { target: EventTarget }): void {
  const inField = (event.target as Element).closest('input, textarea, select, dialog');
  if (inField || KEYS_OF_CONTROLS.has(event.key)) event.stopPropagation();
}
