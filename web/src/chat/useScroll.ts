/** Keeps the newest message in view, or what is being read in its place, whatever is added above or below. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ChatMessage } from './readMessage';

/** How many messages are drawn at first, and how many more each time. */
export const PAGE = 200;
/** px: closer to the bottom counts as at the bottom. */
const END_PX = 40;
/** px from the top at which earlier messages are added. */
const EARLIER_PX = 300;
/** px between the top and the line above what is new. */
const LINE_PX = 24;

export function useScroll(messages: readonly ChatMessage[], firstNew: string | null, visible: boolean) {
  const ref = useRef<HTMLDivElement>(null);
  /** The first message drawn, while one reads further up; null: the last PAGE. */
  const [pinned, setPinned] = useState<number | null>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [lengthAtEnd, setLengthAtEnd] = useState(0);
  const following = useRef(true);
  const anchor = useRef<{ id: string; top: number } | null>(null);
  const wanted = useRef<string | null>(null);
  const lineShown = useRef<string | null>(null);
  const count = messages.length;
  const from = Math.min(pinned ?? Infinity, Math.max(0, count - PAGE));

  const follow = useCallback((end: boolean) => {
    if (end === following.current) return;
    following.current = end;
    setAtEnd(end);
    setPinned(end ? null : from);
    setLengthAtEnd(count);
  }, [from, count]);

  const toEnd = useCallback(() => {
    follow(true);
    if (ref.current) ref.current.scrollTop = ref.current.scrollHeight;
  }, [follow]);

  const loadEarlier = useCallback(() => {
    follow(false);
    setPinned(Math.max(0, from - PAGE));
  }, [from, follow]);

  const onScroll = (): void => {
    const list = ref.current;
    if (!list || list.clientHeight === 0) return;
    const end = list.scrollHeight - list.scrollTop - list.clientHeight < END_PX;
    follow(end);
    anchor.current = end ? null : firstInView(list);
    if (from > 0 && list.scrollTop < EARLIER_PX) loadEarlier();
  };

  /** @returns Whether there is such a message. */
  const show = useCallback((id: string): boolean => {
    const index = messages.findIndex((message) => message.id === id);
    if (index < 0) return false;
    wanted.current = id;
    follow(false);
    setPinned(Math.min(from, Math.max(0, index - 10)));
    bring(ref.current, wanted);
    return true;
  }, [messages, from, follow]);

  useLayoutEffect(() => {
    const list = ref.current;
    if (!list || !visible) return;
    if (bring(list, wanted)) return;
    if (following.current) list.scrollTop = list.scrollHeight;
    else if (anchor.current) keepInPlace(list, anchor.current);
    if (firstNew !== lineShown.current) {
      lineShown.current = firstNew;
      showNewLine(list);
    }
  }, [messages, from, visible, firstNew]);

  // Opened again, it begins with what is newest.
  useEffect(() => {
    if (!visible) follow(true);
  }, [visible, follow]);

  useEffect(() => {
    const list = ref.current!;
    const observer = new ResizeObserver(() => {
      if (following.current) list.scrollTop = list.scrollHeight;
    });
    observer.observe(list);
    observer.observe(list.firstElementChild!); // its content, which grows by itself: a picture becomes a card
    return () => observer.disconnect();
  }, []);

  return { ref, from, atEnd, below: atEnd ? 0 : count - lengthAtEnd, onScroll, loadEarlier, show, toEnd };
}

function firstInView(list: HTMLElement): { id: string; top: number } | null {
  const edge = list.getBoundingClientRect().top;
  for (const message of list.querySelectorAll<HTMLElement>('.chat-message')) {
    const { top, bottom } = message.getBoundingClientRect();
    if (bottom > edge) return { id: message.dataset['id'] ?? '', top: top - edge };
  }
  return null;
}

/** What is new may fill more than the panel: begin where it begins. */
function showNewLine(list: HTMLElement): void {
  const line = list.querySelector('.chat-new')?.getBoundingClientRect();
  const { top } = list.getBoundingClientRect();
  if (line && line.top < top) list.scrollTop += line.top - top - LINE_PX;
}

const elementOf = (list: HTMLElement, id: string): HTMLElement | null =>
  list.querySelector<HTMLElement>(`.chat-message[data-id="${CSS.escape(id)}"]`);

function keepInPlace(list: HTMLElement, { id, top }: { id: string; top: number }): void {
  const message = elementOf(list, id);
  if (message) list.scrollTop += message.getBoundingClientRect().top - list.getBoundingClientRect().top - top;
}

/** Into the middle of the list, once it is drawn. */
function bring(list: HTMLElement | null, wanted: { current: string | null }): boolean {
  const message = list && wanted.current !== null ? elementOf(list, wanted.current) : null;
  if (!message) return false;
  wanted.current = null;
  message.scrollIntoView({ block: 'center' });
  message.focus({ preventScroll: true });
  return true;
}
