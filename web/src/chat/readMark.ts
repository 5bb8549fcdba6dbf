/**
 * How far this person has read the chat of a room, on this device.
 *
 * Kept is the document's state vector at that moment, not the id of the last message: what somebody wrote offline is
 * merged in *above* messages already read, and is unread all the same.
 */
import { fromBase64, toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';
import type { RoomSession, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { recall, remember } from './chatMemory';
import type { ChatMessage } from './readMessage';

/** Yjs client → next clock; null: this person has never seen this chat here. */
export type ReadVector = ReadonlyMap<number, number> | null;

export const isUnread = (message: ChatMessage, read: ReadVector, me: string): boolean =>
  !message.deleted && message.author !== me && (read?.get(message.struct.client) ?? 0) <= message.struct.clock;

export function countUnread(messages: readonly ChatMessage[], read: ReadVector, me: string): number {
  return messages.reduce((count, message) => count + (isUnread(message, read, me) ? 1 : 0), 0);
}

/** The id to draw the "new messages" line above. None where everything is new. */
export function firstUnread(messages: readonly ChatMessage[], read: ReadVector, me: string): string | null {
  if (!read) return null;
  return messages.find((message) => isUnread(message, read, me))?.id ?? null;
}

export interface ReadMark {
  readonly vector: Store<ReadVector>;
  /** Everything that the document holds now has been seen. */
  read(doc: Y.Doc): void;
}

export function createReadMark(room: string, sub: string): ReadMark {
  const vector = createStore<ReadVector>(parse(recall('chat-read', room, sub)));
  return {
    vector,
    read(doc) {
      const state = Y.encodeStateVector(doc);
      remember('chat-read', room, sub, toBase64(state));
      vector.set(Y.decodeStateVector(state));
    },
  };
}

function parse(kept: string | null): ReadVector {
  if (!kept) return null;
  try {
    return Y.decodeStateVector(fromBase64(kept));
  } catch {
    return null; // not ours, or cut off: as if never read
  }
}

const marks = new WeakMap<RoomSession, ReadMark>();

/** One for the button that shows the count and the panel that resets it. */
export function readMarkOf(session: RoomSession): ReadMark {
  let mark = marks.get(session);
  if (!mark) marks.set(session, (mark = createReadMark(session.room.get().id, session.me.get().sub)));
  return mark;
}
