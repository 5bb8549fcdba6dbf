/** One message of the list. */
import { Clock, CornerUpLeft, Pencil, Reply, SmilePlus, Trash2 } from 'lucide-react';
import { memo, useRef, useState } from 'react';
import { readableOn } from '../whiteboard/presence';
import { Attachments } from './Attachments';
import { useChat } from './chatContext';
import { MessageText } from './MessageText';
import { EmojiPicker, Reactions } from './Reactions';
import type { ChatMessage } from './readMessage';

export interface MessageProps {
  readonly message: ChatMessage;
  /** What it replies to; undefined when that is not (yet) here. */
  readonly original: ChatMessage | undefined;
  /** First of a group by one author: shown with name and time. */
  readonly head: boolean;
  /** Under the pointer or the focus: its actions are shown. */
  readonly active: boolean;
  /** The one message of the list that the tab key stops at. */
  readonly stop: boolean;
  readonly pending: boolean;
  readonly flashing: boolean;
}

export const Message = memo(function Message(props: MessageProps) {
  const { message, head, active, stop, pending, flashing } = props;
  const { t, me, formats, nameOf, colorOf } = useChat();
  const name = nameOf(message.author, message.name);
  const color = colorOf(message.author);
  return (
    <article
      className="chat-message"
      data-testid="chat-message"
      data-id={message.id}
      data-head={head}
      data-flash={flashing}
      data-pending={pending}
      tabIndex={stop ? 0 : -1}
      aria-label={t.messageBy(message.author === me ? t.you : name, formats.time(message.sentAt))}
    >
      {head
        ? <span className="chat-avatar" style={{ background: color, color: readableOn(color) }} aria-hidden>{initialOf(name)}</span>
        : <time className="chat-side-time" dateTime={isoOf(message.sentAt)} aria-hidden>{formats.shortTime(message.sentAt)}</time>}
      <div className="chat-body">
        {head && (
          <header className="chat-head">
            <bdi className="chat-author">{name}</bdi>
            {message.author === me && <span className="chat-you">{t.you}</span>}
            <time dateTime={isoOf(message.sentAt)} title={formats.moment(message.sentAt)}>{formats.time(message.sentAt)}</time>
          </header>
        )}
        {message.replyTo !== null && <Original id={message.replyTo} original={props.original} reachable={stop} />}
        <Content message={message} />
        {pending && <span className="chat-pending"><Clock size={12} aria-hidden />{t.pending}</span>}
        <Reactions message={message} reachable={stop} />
      </div>
      {active && !message.deleted && <Actions message={message} />}
    </article>
  );
});

function Content({ message }: { message: ChatMessage }) {
  const { t, formats } = useChat();
  if (message.deleted) return <p className="chat-deleted">{t.deleted}</p>;
  return (
    <>
      {message.text !== '' && <MessageText text={message.text} />}
      {message.editedAt !== null && <span className="chat-edited" title={formats.moment(message.editedAt)}>{t.edited}</span>}
      <Attachments attachments={message.attachments} />
    </>
  );
}

/** The message that is replied to, in one line; a click shows it. */
function Original({ id, original, reachable }: { id: string; original: ChatMessage | undefined; reachable: boolean }) {
  const { t, actions, nameOf } = useChat();
  if (!original) return <p className="chat-original"><CornerUpLeft size={12} aria-hidden />{t.originalMissing}</p>;
  return (
    <button
      type="button"
      className="chat-original"
      data-testid="chat-original"
      tabIndex={reachable ? 0 : -1}
      title={t.showOriginal}
      onClick={() => actions.jump(id)}
    >
      <CornerUpLeft size={12} aria-hidden />
      <bdi className="chat-original-name">{nameOf(original.author, original.name)}</bdi>
      <span className="chat-original-text" dir="auto">{previewOf(original, t)}</span>
    </button>
  );
}

export function previewOf(message: ChatMessage, t: { deleted: string; file: string }): string {
  if (message.deleted) return t.deleted;
  return message.text.slice(0, 200).replace(/\s+/g, ' ') || (message.attachments[0]?.file_name ?? t.file);
}

function Actions({ message }: { message: ChatMessage }) {
  const { t, me, mayWrite, moderates, actions } = useChat();
  const [picking, setPicking] = useState<'above' | 'below' | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  if (!mayWrite) return null;
  const mine = message.author === me;
  const close = (): void => {
    const leaving = bar.current?.contains(document.activeElement);
    if (leaving) bar.current?.closest<HTMLElement>('.chat-message')?.focus({ preventScroll: true });
    setPicking(null);
  };
  const pick = (emoji: string): void => {
    actions.react(message.id, emoji);
    close();
  };
  return (
    <div ref={bar} className="chat-actions" role="toolbar" aria-label={t.actions}>
      <Action label={t.react} expanded={picking !== null} onClick={() => setPicking(picking ? null : roomFor(bar.current))}>
        <SmilePlus size={16} aria-hidden />
      </Action>
      <Action label={t.reply} onClick={() => actions.reply(message.id)}><Reply size={16} aria-hidden /></Action>
      {mine && <Action label={t.edit} onClick={() => actions.edit(message)}><Pencil size={16} aria-hidden /></Action>}
      {(mine || moderates) && <Action label={t.remove} onClick={() => actions.remove(message)}><Trash2 size={16} aria-hidden /></Action>}
      {picking && <div className="chat-picker-place" data-place={picking}><EmojiPicker onPick={pick} onClose={close} /></div>}
    </div>
  );
}

function Action({ label, expanded, onClick, children }: {
  label: string; expanded?: boolean; onClick: () => void; children: React.ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-expanded={expanded}
      // The picker closes when it loses the focus; a press on its own button must not open it again.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

/** Where the picker fits within the list. */
function roomFor(bar: HTMLElement | null): 'above' | 'below' {
  const list = bar?.closest('.chat-list')?.getBoundingClientRect();
  return bar && list && list.bottom - bar.getBoundingClientRect().bottom < 132 ? 'above' : 'below';
}

const isoOf = (at: number): string => new Date(at).toISOString();

const initialOf = (name: string): string => ([...name.trim()][0] ?? '?').toLocaleUpperCase();
