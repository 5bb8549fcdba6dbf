/** Whoever has muted himself is heard while he holds Space; the board still moves by Space and the mouse. */
import { useEffect, useState } from 'react';
import { MEDIA_NEEDS } from '../../sync/permissions';
import type { RoomSession } from '../../sync/types';
import type { Call } from '../types';

/** Where Space has a meaning of its own. */
const OWN = 'input, textarea, select, button, a, summary, [contenteditable], dialog, [role="menu"]';

/** @returns Whether he is heard because of it. */
export function usePushToTalk(call: Call, session: Pick<RoomSession, 'permissions'>): boolean {
  const [isDown, setDown] = useState(false);
  useEffect(() => {
    const talk = (down: boolean): void => {
      setDown(down);
      call.pushToTalk(down);
    };
    const onDown = (event: KeyboardEvent): void => {
      if (event.key !== ' ' || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element | null)?.closest?.(OWN) || !session.permissions.get().has(MEDIA_NEEDS.mic)) return;
      if (call.local.get().mic.kind === 'off') talk(true);
    };
    const onUp = (event: KeyboardEvent): void => {
      if (event.key === ' ') talk(false);
    };
    const onBlur = (): void => talk(false);
    window.addEventListener('keydown', onDown, { capture: true });
    window.addEventListener('keyup', onUp, { capture: true });
    window.addEventListener('blur', onBlur);
    return () => {
      window.removeEventListener('keydown', onDown, { capture: true });
      window.removeEventListener('keyup', onUp, { capture: true });
      window.removeEventListener('blur', onBlur);
    };
  }, [call, session]);
  return isDown;
}
