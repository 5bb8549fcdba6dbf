/** Who is writing a message now, through the awareness of the chat document. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type { DocumentConnection } from '../sync/types';
import { readPresence } from '../whiteboard/presence';

/** Without a key pressed for so long, somebody has stopped. */
const TYPING_MS = 4_000;

/** Names of the others, each person once, in the order of their ids. */
export function typingNames(awareness: Awareness, me: string): string[] {
  const names = new Map<string, string>();
  for (const state of awareness.getStates().values()) {
    if (state['typing'] !== true) continue;
    const user = readPresence(state)?.user;
    if (user && user.id !== me) names.set(user.id, user.name);
  }
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}

export function useTypingNames({ awareness }: DocumentConnection, me: string): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const update = (): void => {
      const next = typingNames(awareness, me);
      setNames((shown) => (next.join('\n') === shown.join('\n') ? shown : next));
    };
    update();
    awareness.on('change', update);
    return () => awareness.off('change', update);
  }, [awareness, me]);
  return names;
}

/** Tells the others that I am typing, at most once a pause. Call with false when the message is sent or left. */
export function useTellTyping({ awareness }: DocumentConnection): (typing: boolean) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useCallback((typing: boolean) => {
    clearTimeout(timer.current);
    if (typing) timer.current = setTimeout(() => tell(false), TYPING_MS);
    const state = awareness.getLocalState();
    if (state && (state['typing'] === true) !== typing) awareness.setLocalStateField('typing', typing);
  }, [awareness]);
  useEffect(() => () => tell(false), [tell]);
  return tell;
}
