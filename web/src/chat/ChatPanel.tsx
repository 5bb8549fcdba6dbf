/** The room's chat: composes the list of messages, what is being written, and what may be done with a message. */
import { type DragEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { DocumentConnection, RoomSession } from '../sync/types';
import { colorOf } from '../sync/userColor';
import { language, type Texts, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import './chat.css';
import { type ChatActions, ChatContext, type ChatContextValue } from './chatContext';
import { authorNames, type DeletedMessage, edit, messagesOf, remove, restore, send, toggleReaction } from './chatModel';
import { recall, remember } from './chatMemory';
import { Composer, type ComposerHandle, type Mode } from './Composer';
import { useDraftFiles } from './draftFiles';
import { formatsFor } from './format';
import { MessageList, type MessageListHandle } from './MessageList';
import { pendingOf } from './pending';
import { useTellTyping, useTypingNames } from './typing';
import { useReading, useSettled } from './useUnread';

export { useUnread } from './useUnread';

const UNDO_MS = 8_000;
const WRITING: Mode = { kind: 'write', replyTo: null };

/** @param visible Whether the panel is open: what is in it is then read. It may stay mounted while it is closed. */
export function ChatPanel({ session, visible }: { session: RoomSession; visible: boolean }) {
  useStore(session.generation);
  const connection = session.chat;
  const { sub } = useStore(session.me);
  const messages = useStore(messagesOf(connection.doc));
  const pending = useStore(pendingOf(session).ids);
  const firstNew = useReading(session, visible);
  const settled = useSettled(connection);
  const list = useRef<MessageListHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const closedBecause = useClosedBecause(session, connection);
  const [mode, setMode] = useState<Mode>(WRITING);
  const [deleted, setDeleted] = useState<DeletedMessage | null>(null);
  const actions = useActions(session, { list, composer, setMode, setDeleted });
  const context = useContextValue(session, closedBecause === '', actions);
  const { t } = context;
  const noFilesBecause = useNoFilesBecause(session);
  const files = useDraftFiles(session, t, context.formats, noFilesBecause);
  const [draft, setDraft] = useDraft(session);
  const tellTyping = useTellTyping(connection);
  const typing = useTypingNames(connection, sub);
  const drop = useDrop(closedBecause === '' && mode.kind === 'write', (dropped) => {
    files.add(dropped);
    composer.current?.focus();
  });

  const leaveMode = (): void => {
    setMode(WRITING);
    composer.current?.focus();
  };
  const onText = (text: string): void => {
    if (mode.kind === 'edit') return setMode({ ...mode, text });
    setDraft(text);
    tellTyping(text !== '');
  };
  const submit = (): void => {
    tellTyping(false);
    if (mode.kind === 'edit') {
      if (edit(connection.doc, mode.id, mode.text)) pendingOf(session).add(mode.id);
      return leaveMode();
    }
    const { name } = session.me.get();
    const attachments = files.files.flatMap((file) => file.ref ?? []);
    const id = send(connection.doc, { sub, name }, { text: draft, replyTo: mode.replyTo, attachments });
    if (!id) return;
    pendingOf(session).add(id);
    setDraft('');
    files.clear();
    leaveMode();
    list.current?.toEnd();
  };
  const editLast = (): void => {
    const last = messages.findLast((message) => message.author === sub && !message.deleted);
    if (last) actions.edit(last);
  };

  return (
    <ChatContext value={context}>
      <section className="chat" aria-label={t.title} {...drop.handlers}>
        <MessageList ref={list} messages={messages} pending={pending} firstNew={firstNew} visible={visible} settled={settled} />
        {deleted && (
          <UndoBar
            key={deleted.id}
            onUndo={() => {
              restore(connection.doc, deleted);
              pendingOf(session).add(deleted.id);
            }}
            onClose={() => setDeleted(null)}
          />
        )}
        <p className="chat-typing">{typing.length > 0 ? t.typing(typing) : ''}</p>
        <Composer
          ref={composer}
          mode={mode}
          text={mode.kind === 'edit' ? mode.text : draft}
          files={files}
          original={mode.kind === 'write' ? messages.find((message) => message.id === mode.replyTo) : undefined}
          closedBecause={closedBecause}
          noFilesBecause={noFilesBecause}
          onText={onText}
          onSubmit={submit}
          onCancel={leaveMode}
          onEditLast={editLast}
          onLeave={() => tellTyping(false)}
        />
        {drop.over && <div className="chat-drop">{t.drop}</div>}
      </section>
    </ChatContext>
  );
}

/** Why nothing can be written, in words; empty when it can. */
function useClosedBecause(session: RoomSession, connection: DocumentConnection): string {
  const { chat: t, rights } = useTexts();
  const { role } = useStore(session.me);
  const mayChat = useStore(session.permissions).has('chat');
  const { kind } = useStore(connection.status);
  if (kind === 'stopped' || kind === 'refused') return t.stopped;
  if (mayChat) return '';
  return role === 'viewer' ? t.viewOnly : rights.why.chat;
}

/** Why no file can be added, in words; empty when one can. */
function useNoFilesBecause(session: RoomSession): string {
  const { rights } = useTexts();
  return useStore(session.permissions).has('upload') ? '' : rights.why.upload;
}

interface Parts {
  readonly list: React.RefObject<MessageListHandle | null>;
  readonly composer: React.RefObject<ComposerHandle | null>;
  readonly setMode: (mode: Mode) => void;
  readonly setDeleted: (deleted: DeletedMessage | null) => void;
}

/** The same object as long as the session lives: messages are not drawn again for it. */
function useActions(session: RoomSession, { list, composer, setMode, setDeleted }: Parts): ChatActions {
  return useMemo(() => {
    const write = (mode: Mode): void => {
      setMode(mode);
      requestAnimationFrame(() => composer.current?.focus());
    };
    return {
      react: (id, emoji) => toggleReaction(session.chat.doc, id, emoji, session.me.get().sub),
      reply: (id) => write({ kind: 'write', replyTo: id }),
      edit: ({ id, text }) => write({ kind: 'edit', id, text }),
      remove: ({ id }) => setDeleted(remove(session.chat.doc, id)),
      jump: (id) => list.current?.jump(id),
    };
  }, [session, list, composer, setMode, setDeleted]);
}

/** What the parts of the panel need to know; a replay shows messages with it too. */
export function useContextValue(session: RoomSession, mayWrite: boolean, actions: ChatActions): ChatContextValue {
  const t: Texts['chat'] = useTexts().chat;
  const { sub, name, color } = useStore(session.me);
  const moderates = useStore(session.permissions).has('moderate');
  const roster = useStore(session.roster);
  const words = useStore(language);
  return useMemo(() => {
    const known = new Map(roster.map((person) => [person.sub, person]));
    return {
      session, mayWrite, t, actions,
      me: sub,
      moderates,
      formats: formatsFor(words, t),
      nameOf: (one, then) => (one === sub ? name : known.get(one)?.name) || then || formerName(session, one) || t.someone,
      colorOf: (one) => (one === sub ? color : known.get(one)?.color) || colorOf(one),
    };
  }, [session, mayWrite, t, actions, sub, name, moderates, color, roster, words]);
}

const formerName = (session: RoomSession, sub: string): string | undefined =>
  authorNames(messagesOf(session.chat.doc).get()).get(sub);

/** The text being written; a reload keeps it. */
function useDraft(session: RoomSession): [string, (text: string) => void] {
  const [room, sub] = [session.room.get().id, session.me.get().sub];
  const [draft, setDraft] = useState(() => recall('chat-draft', room, sub) ?? '');
  useEffect(() => remember('chat-draft', room, sub, draft), [draft, room, sub]);
  return [draft, setDraft];
}

function UndoBar({ onUndo, onClose }: { onUndo: () => void; onClose: () => void }) {
  const t = useTexts().chat;
  const [held, setHeld] = useState(false);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(() => close.current(), UNDO_MS);
    return () => clearTimeout(timer);
  }, [held]);
  const hold = { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false), onFocus: () => setHeld(true), onBlur: () => setHeld(false) };
  return (
    <div className="chat-undo" role="status" {...hold}>
      <span>{t.deletedNow}</span>
      <button
        type="button"
        data-testid="chat-undo"
        onClick={() => {
          onUndo();
          onClose();
        }}
      >
        {t.undo}
      </button>
    </div>
  );
}

/** Files dropped anywhere on the panel. */
function useDrop(allowed: boolean, onFiles: (files: readonly File[]) => void) {
  const [over, setOver] = useState(false);
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files');
  return {
    over,
    handlers: {
      onDragOver(event: DragEvent) {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = allowed ? 'copy' : 'none';
        setOver(allowed);
      },
      onDragLeave(event: DragEvent) {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      },
      onDrop(event: DragEvent) {
        setOver(false);
        if (!holdsFiles(event)) return;
        event.preventDefault();
        if (allowed) onFiles([...event.dataTransfer.files]);
      },
    },
  };
}
