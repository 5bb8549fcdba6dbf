/** What the parts of the client know of each other: people, rooms, documents and how safe the work in them is. */
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

/** A value that changes; the shape that React's useSyncExternalStore reads. `get` returns the same reference until it changes. */
export interface Store<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

export type Role = 'owner' | 'moderator' | 'member' | 'viewer';

/** One open page of one user; `since` in microseconds of the epoch. */
export interface Person {
  session: string;
  sub: string;
  name: string;
  role: Role;
  color: string;
  since: number;
}

export interface Me {
  sub: string;
  name: string;
  role: Role;
  color: string;
  session: string;
}

export interface RoomInfo {
  id: string;
  name: string;
  access: 'link' | 'invite';
  default_role: 'member' | 'viewer';
}

export type SaveStatus =
  | { kind: 'opening' }
  | { kind: 'saved' }
  | { kind: 'saving'; changes: number }
  /** `stored`: a probe wrote to this device's database and read it back. */
  | { kind: 'offline'; changes: number; stored: boolean }
  | { kind: 'viewOnly' }
  | { kind: 'refused'; code: string; reason: string; changes: number }
  | { kind: 'stopped'; code: string };

export interface DocumentConnection {
  readonly name: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly status: Store<SaveStatus>;
  /** The copy on this device, if any, is loaded. */
  readonly whenLocal: Promise<void>;
  /** The server's copy has been received at least once. */
  readonly whenSynced: Promise<void>;
  connected: boolean;
  disconnect(): void;
  connect(): void;
  destroy(): Promise<void>;
}

export interface RoomSession {
  room: Store<RoomInfo>;
  me: Store<Me>;
  /** Replaced when its work was refused: subscribe to `generation` and read again. */
  whiteboard: DocumentConnection;
  generation: Store<number>;
  chat: DocumentConnection;
  roster: Store<readonly Person[]>;
  /** The worse of the two documents' statuses. */
  status: Store<SaveStatus>;
  token(): Promise<string>;
  rename(name: string): Promise<void>;
  close(): void;
}
