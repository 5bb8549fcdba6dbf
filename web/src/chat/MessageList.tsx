/** The messages, newest at the bottom: the last ones are drawn, earlier ones as one scrolls up to them. */
import { ArrowDown } from 'lucide-react';
import { type KeyboardEvent, type Ref, useImperativeHandle, useMemo, useState } from 'react';
import { useChat } from './chatContext';
import { Message } from './Message';
import type { ChatMessage } from './readMessage';
import { rowsOf } from './rows';
import { useScroll } from './useScroll';

export interface MessageListHandle {
  /** Show a message, and mark it for a moment. */
  jump(id: string): void;
  toEnd(): void;
}

export interface MessageListProps {
  readonly messages: readonly ChatMessage[];
  readonly pending: ReadonlySet<string>;
  /** The message that the "new messages" line stands above. */
  readonly firstNew: string | null;
  readonly visible: boolean;
  /** What was said before is here; what comes now is news, and read out. */
  readonly settled: boolean;
  readonly ref: Ref<MessageListHandle>;
}

const FLASH_MS = 1_600;

export function MessageList({ messages, pending, firstNew, visible, settled, ref }: MessageListProps) {
  const { t, formats } = useChat();
  const scroll = useScroll(messages, firstNew, visible);
  const [flashing, setFlashing] = useState<string | null>(null);
  const reach = useReach(messages);
  useImperativeHandle(ref, () => ({
    toEnd: scroll.toEnd,
    jump(id) {
      if (!scroll.show(id)) return;
      reach.setStop(id);
      setFlashing(id);
      setTimeout(() => setFlashing((now) => (now === id ? null : now)), FLASH_MS);
    },
  }));
  const shown = useMemo(() => messages.slice(scroll.from), [messages, scroll.from]);
  const rows = useMemo(() => rowsOf(shown, firstNew), [shown, firstNew]);
  const byId = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages]);
  const now = Date.now();

  return (
    <div className="chat-list-place">
      <div
        ref={scroll.ref}
        className="chat-list"
        role="log"
        aria-label={t.messages}
        aria-live={settled && visible ? 'polite' : 'off'}
        aria-relevant="additions"
        onScroll={scroll.onScroll}
        {...reach.handlers}
      >
        <div className="chat-rows">
          {scroll.from > 0 && <button type="button" className="chat-earlier" onClick={scroll.loadEarlier}>{t.earlier}</button>}
          {rows.map((row) => {
            if (row.kind === 'day') return <p key={row.key} className="chat-day"><span>{formats.day(row.at, now)}</span></p>;
            if (row.kind === 'new') return <p key={row.key} className="chat-new" data-testid="chat-new"><span>{t.newMessages}</span></p>;
            const { message } = row;
            return (
              <Message
                key={row.key}
                message={message}
                original={message.replyTo === null ? undefined : byId.get(message.replyTo)}
                head={row.head}
                active={reach.active(message.id)}
                stop={message.id === reach.stop}
                pending={pending.has(message.id)}
                flashing={message.id === flashing}
              />
            );
          })}
          {settled && messages.length === 0 && <p className="chat-empty">{t.empty}</p>}
        </div>
      </div>
      {!scroll.atEnd && (
        <button type="button" className="chat-to-end" onClick={scroll.toEnd}>
          <ArrowDown size={16} aria-hidden />
          {scroll.below > 0 ? t.newBelow(scroll.below) : t.toEnd}
        </button>
      )}
    </div>
  );
}

/** Which message shows its actions, and which is the one stop of the tab key; the arrow keys walk from it. */
function useReach(messages: readonly ChatMessage[]) {
  const [hovered, setHovered] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [chosen, setStop] = useState<string | null>(null);
  const last = messages.at(-1)?.id ?? null;
  const stop = useMemo(
    () => (chosen !== null && messages.some((message) => message.id === chosen) ? chosen : last), [chosen, messages, last],
  );
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const at = articleOf(event.target);
    if (!at || event.target !== at) return;
    const articles = [...event.currentTarget.querySelectorAll<HTMLElement>('.chat-message')];
    const index = articles.indexOf(at);
    const next = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: articles.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    articles[next]?.focus();
  };
  return {
    stop,
    setStop,
    active: (id: string) => id === hovered || id === focused,
    handlers: {
      onKeyDown,
      onMouseOver: (event: React.MouseEvent) => setHovered(idOf(event.target)),
      onMouseLeave: () => setHovered(null),
      onFocus: (event: React.FocusEvent) => {
        const id = idOf(event.target);
        const byKeyboard = event.target.matches(':focus-visible') || event.target.closest('.chat-actions');
        if (id) setStop(id);
        setFocused(byKeyboard ? id : null);
      },
      onBlur: (event: React.FocusEvent) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocused(null);
      },
    },
  };
}

const articleOf = (target: EventTarget): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('.chat-message') : null;

const idOf = (target: EventTarget): string | null => articleOf(target)?.dataset['id'] ?? null;
