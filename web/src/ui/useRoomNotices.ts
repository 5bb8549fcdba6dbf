/** Says in words what others have just changed for this page: rights, the door; and to those who moderate, raised hands. */
import { useEffect } from 'react';
import type { RoomSession } from '../sync/types';
import { say } from './noticeStore';
import { youCan } from './rightsWords';
import { language, texts } from './texts';

const SETTLE_MS = 250;

export function useRoomNotices(session: RoomSession): void {
  useEffect(() => {
    const endings = [watchRights(session), watchDoor(session), watchHands(session)];
    return () => {
      for (const end of endings) end();
    };
  }, [session]);
}

function watchRights(session: RoomSession): () => void {
  const now = () => ({ role: session.me.get().role, rights: [...session.permissions.get()].sort().join() });
  let known = now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    // Who is not in the room any more gets a page of his own.
    if (session.removal.get()) return;
    const { role, rights } = now();
    const t = texts();
    const can = youCan(session.permissions.get(), t.rights, language.get());
    if (role !== known.role) say(t.notices.roleChanged(t.rights.roles[role], can));
    else if (rights !== known.rights) say(t.notices.rightsChanged(can));
    known = { role, rights };
  };
  // Role and rights change together but are told of one after the other: one sentence for both.
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(tell, SETTLE_MS);
  };
  const endings = [session.permissions.subscribe(later), session.me.subscribe(later), () => clearTimeout(timer)];
  return () => endings.forEach((end) => end());
}

function watchDoor(session: RoomSession): () => void {
  let known = session.room.get().door;
  return session.room.subscribe(() => {
    const { door } = session.room.get();
    if (door === known) return;
    known = door;
    const t = texts().notices;
    if (door === 'locked') say(t.roomLocked);
    else if (door === 'closed') say(t.roomClosed);
    else say(t.roomOpened);
  });
}

function watchHands(session: RoomSession): () => void {
  const raised = () => new Map(session.roster.get().filter(({ hand }) => hand).map(({ sub, name }) => [sub, name]));
  let known = raised();
  return session.roster.subscribe(() => {
    const now = raised();
    const isMine = (sub: string): boolean => sub === session.me.get().sub;
    for (const [sub, name] of now) {
      if (!known.has(sub) && !isMine(sub) && session.may('moderate')) say(texts().moderation.raised(name));
    }
    known = now;
  });
}
