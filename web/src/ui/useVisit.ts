/** Notes for the start page how the room looked and who was there: now and then, and when the page is left. */
import { useEffect } from 'react';
import { noteRoom } from '../landing/recentRooms';
import type { LiveRoomSession } from '../sync/roomSession';
import { listenToPage } from '../sync/pageEvents';
import { boardOf } from '../whiteboard/boardHandle';

const EVERY_MS = 60_000;
const PICTURE = { width: 320, quality: 0.7, maxElements: 3_000 };

export function useVisit(session: LiveRoomSession): void {
  useEffect(() => {
    const met = new Set<string>();
    const note = (thumbnail?: string): void => {
      const { id, name } = session.room.get();
      const me = session.me.get().sub;
      for (const person of session.roster.get()) if (person.sub !== me) met.add(person.name);
      noteRoom({ id, name, at: Date.now(), people: [...met], ...(thumbnail && { thumbnail }) });
    };
    const picture = (): void => void drawBoard(session).then((drawn) => drawn && note(drawn), () => {});
    note();
    const endings = [
      session.roster.subscribe(() => note()),
      session.room.subscribe(() => note()),
      listenToPage({ online() {}, offline() {}, shown() {}, hidden: picture }),
    ];
    const timer = setInterval(picture, EVERY_MS);
    return () => {
      clearInterval(timer);
      for (const end of endings) end();
    };
  }, [session]);
}

/** A small picture of the whole board, as a data URL; undefined while there is nothing to show. */
export async function drawBoard(session: LiveRoomSession): Promise<string | undefined> {
  const board = boardOf(session).get();
  const elements = board?.elements() ?? [];
  if (!board || elements.length === 0 || elements.length > PICTURE.maxElements) return undefined;
  const { exportToCanvas } = await import('@excalidraw/excalidraw');
  const canvas = await exportToCanvas({
    elements: elements as unknown as Parameters<typeof exportToCanvas>[0]['elements'],
    files: board.api.getFiles(),
    maxWidthOrHeight: PICTURE.width,
    exportPadding: 8,
    appState: { exportBackground: true, viewBackgroundColor: '#ffffff' },
  });
  return canvas.toDataURL('image/webp', PICTURE.quality);
}
