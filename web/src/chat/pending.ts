/** Which messages are not on the server yet: those written here since everything was last saved. Survives a reload. */
import type { DocumentConnection, RoomSession, SaveStatus, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { recall, remember } from './chatMemory';

export interface Pending {
  readonly ids: Store<ReadonlySet<string>>;
  /** The message was just written or edited. */
  add(id: string): void;
}

const NONE: ReadonlySet<string> = new Set();
const isSaved = ({ kind }: SaveStatus): boolean => kind === 'saved' || kind === 'viewOnly';

export function createPending(status: Store<SaveStatus>, room: string, sub: string): Pending {
  const kept = recall('chat-pending', room, sub)?.split(' ') ?? [];
  const ids = createStore<ReadonlySet<string>>(new Set(kept));
  const set = (next: ReadonlySet<string>): void => {
    remember('chat-pending', room, sub, [...next].join(' '));
    ids.set(next);
  };
  const clear = (): void => {
    if (isSaved(status.get()) && ids.get().size > 0) set(NONE);
  };
  status.subscribe(clear);
  clear();
  return {
    ids,
    // The connection has heard of the change already: if all is saved, so is this.
    add: (id) => (isSaved(status.get()) ? undefined : set(new Set([...ids.get(), id]))),
  };
}

const known = new WeakMap<DocumentConnection, Pending>();

export function pendingOf(session: RoomSession): Pending {
  const connection = session.chat;
  let pending = known.get(connection);
  if (!pending) {
    pending = createPending(connection.status, session.room.get().id, session.me.get().sub);
    known.set(connection, pending);
  }
  return pending;
}
