/** Covers the room when this page is not in it any more, until the person wants to see the copy on this device. */
import { useEffect, useState } from 'react';
import * as Y from 'yjs';
import type { LiveRoomSession } from '../sync/roomSession';
import type { RoomInfo, SaveStatus } from '../sync/types';
import { boardOf } from '../whiteboard/boardHandle';
import { type Copy, chatFile, download, excalidrawFile } from './refusedFiles';
import { StoppedPage } from './StoppedPage';
import { useTexts } from './texts';
import { RETRY_LOCKED_MS } from './useRoomSession';
import { useStore } from './useStore';

/** In these it makes sense to begin from the door. */
const FROM_THE_DOOR: ReadonlySet<string> = new Set(['must_knock', 'not_admitted', 'room_deleted', 'unknown_room', 'identity_changed']);

export function RoomStopped({ session, onHome, onEnterAnew }: {
  session: LiveRoomSession; onHome: () => void; onEnterAnew: () => void;
}) {
  const t = useTexts().stopped;
  const status = useStore(session.status);
  const room = useStore(session.room);
  const [looking, setLooking] = useState('');
  const page = pageOf(status, room);
  const isWaiting = page === 'room_closed' || page === 'room_locked';
  useRetrying(session, isWaiting);
  if (status.kind !== 'stopped' || looking === status.code) return null;
  return (
    <StoppedPage
      code={page}
      reason={status.reason}
      isRetrying={isWaiting}
      onHome={onHome}
      onRetry={FROM_THE_DOOR.has(page) ? onEnterAnew : () => session.retry()}
      retryWords={page === 'must_knock' ? t.knock : page === 'removed' ? t.comeBack : undefined}
      onLookAtCopy={() => setLooking(status.code)}
      onDownload={page === 'room_deleted' || page === 'banned' ? () => downloadCopies(session) : undefined}
    />
  );
}

/** The server has one code for a locked and a closed room, and one for being invited and being let in. */
export function pageOf(status: SaveStatus, room: Pick<RoomInfo, 'door' | 'access'>): string {
  if (status.kind !== 'stopped') return '';
  if (status.code === 'room_locked' && room.door === 'closed') return 'room_closed';
  if (status.code === 'not_admitted' && room.access === 'lobby') return 'must_knock';
  return status.code;
}

function useRetrying(session: LiveRoomSession, isWaiting: boolean): void {
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => session.retry(), RETRY_LOCKED_MS);
    return () => clearInterval(timer);
  }, [session, isWaiting]);
}

/** The board for Excalidraw with the pictures that this page has, and the chat as text if anything was said. */
function downloadCopies(session: LiveRoomSession): void {
  const copyOf = (document: 'whiteboard' | 'chat'): Copy => ({
    room: session.id, document, update: Y.encodeStateAsUpdate(session[document].doc), at: Date.now(),
  });
  download(excalidrawFile(copyOf('whiteboard'), boardOf(session).get()?.api.getFiles()));
  if (session.chat.doc.getArray('messages').length > 0) download(chatFile(copyOf('chat')));
}
