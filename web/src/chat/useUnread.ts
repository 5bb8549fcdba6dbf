/** How many messages of others have not been seen, and where the new ones begin. */
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { DocumentConnection, RoomSession } from '../sync/types';
import { useStore } from '../ui/useStore';
import { messagesOf } from './chatModel';
import { countUnread, firstUnread, readMarkOf } from './readMark';

/** How long a panel that was just opened waits for the server before it takes what this device has as all there is. */
const SETTLE_MS = 3_000;

/**
 * The number for the chat's button: messages by others that this person has not seen on this device.
 *
 * @param visible The panel is open; while the page is shown too, nothing is unread.
 */
export function useUnread(session: RoomSession, visible: boolean): number {
  useStore(session.generation);
  const messages = useStore(messagesOf(session.chat.doc));
  const read = useStore(readMarkOf(session).vector);
  const me = useStore(session.me).sub;
  const shown = usePageShown();
  const count = useMemo(() => countUnread(messages, read, me), [messages, read, me]);
  return visible && shown ? 0 : count;
}

/**
 * Marks everything as read while the panel is seen.
 *
 * @returns The id of the first message that was new when the panel was opened, until it is closed.
 */
export function useReading(session: RoomSession, visible: boolean): string | null {
  const connection = session.chat;
  const messages = useStore(messagesOf(connection.doc));
  const me = useStore(session.me).sub;
  const reading = usePageShown() && visible;
  const settled = useSettled(connection);
  const [firstNew, setFirstNew] = useState<string | null>(null);
  const mark = readMarkOf(session);
  useEffect(() => {
    if (reading && settled) setFirstNew(firstUnread(messagesOf(connection.doc).get(), mark.vector.get(), me));
  }, [reading, settled, connection, mark, me]);
  useEffect(() => {
    if (!reading || !settled) return;
    const read = mark.vector.get();
    if (read === null || countUnread(messages, read, me) > 0) mark.read(connection.doc);
  }, [reading, settled, messages, connection, mark, me]);
  return firstNew;
}

/** What this device has is loaded, and what the server has too, unless it cannot be reached. */
export function useSettled(connection: DocumentConnection): boolean {
  const [settled, setSettled] = useState<DocumentConnection | null>(null);
  useEffect(() => {
    const settle = (): void => setSettled(connection);
    const timer = setTimeout(settle, SETTLE_MS);
    void Promise.all([connection.whenLocal, connection.whenSynced]).then(settle);
    return () => clearTimeout(timer);
  }, [connection]);
  return settled === connection;
}

const watchPage = (listener: () => void): (() => void) => {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
};

const usePageShown = (): boolean =>
  useSyncExternalStore(watchPage, () => document.visibilityState === 'visible', () => true);
