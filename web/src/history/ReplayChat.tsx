/** The chat as it was at the moment that is shown; a click on a message goes to when it was written. */
import { useMemo, useRef } from 'react';
import { ChatContext, type ChatActions } from '../chat/chatContext';
import { messagesOf } from '../chat/chatModel';
import { useContextValue } from '../chat/ChatPanel';
import { MessageList, type MessageListHandle } from '../chat/MessageList';
import type { RoomSession } from '../sync/types';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import type { Replay } from './replay';

const NONE: ReadonlySet<string> = new Set();
const nothing = (): void => {};

export function ReplayChat({ session, replay }: { session: RoomSession; replay: Replay }) {
  const t = useTexts().replay;
  const messages = useStore(messagesOf(useStore(replay.chat.moment).doc));
  const list = useRef<MessageListHandle>(null);
  const actions = useMemo<ChatActions>(
    () => ({ react: nothing, reply: nothing, edit: nothing, remove: nothing, jump: (id) => list.current?.jump(id) }), [],
  );
  const context = useContextValue(session, false, actions);
  const go = (target: EventTarget): void => {
    const id = target instanceof Element && !target.closest('button, a') ? target.closest<HTMLElement>('.chat-message')?.dataset['id'] : undefined;
    const message = messages.find((one) => one.id === id);
    if (message) void replay.seek(replay.instantOf(message.id, message.sentAt));
  };
  return (
    <ChatContext value={context}>
      <section
        className="chat replay-chat"
        aria-label={t.messages}
        onClick={(event) => go(event.target)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.target);
        }}
      >
        <MessageList ref={list} messages={messages} pending={NONE} firstNew={null} visible settled={false} />
      </section>
    </ChatContext>
  );
}
