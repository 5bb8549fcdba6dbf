/** Whether a pen, a finger or a mouse button is down on the board: nothing may come under it then. */
import { useEffect, useRef } from 'react';
import { createStore } from '../sync/valueStore';
import { useStore } from './useStore';

export const penDown = createStore(false);

/** Watch the pen for as long as the room is shown. */
export function useWatchedPen(): boolean {
  useEffect(() => {
    const end = new AbortController();
    const options = { capture: true, signal: end.signal };
    window.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof Element && target.closest('.room-board canvas')) penDown.set(true);
    }, options);
    for (const name of ['pointerup', 'pointercancel', 'blur'] as const) window.addEventListener(name, () => penDown.set(false), options);
    return () => {
      end.abort();
      penDown.set(false);
    };
  }, []);
  return useStore(penDown);
}

/** The value as it was when the pen went down, until it is up again. */
export function useUnderPen<T>(value: T): T {
  const down = useStore(penDown);
  const held = useRef(value);
  if (!down) held.current = value;
  return held.current;
}
