/** What the parts of the client know of each other: people, rooms, documents and how safe the work in them is. */
import type { RecordingTold } from '../presence/signalMessages';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

/** A value that changes; the shape that React's useSyncExternalStore reads. `get` returns the same reference until it changes. */
export interface Store<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

export type Role = 'owner' | 'moderator' | 'member' | 'viewer';

export type Permission = 'draw' | 'chat' | 'voice' | 'video' | 'screen_share' | 'upload' | 'record' | 'moderate';

export type MediaKind = 'mic' | 'camera' | 'screen';

/** What somebody sends into the call. */
export type Media = Record<MediaKind, boolean>;

/** One open page of one user; `since` in microseconds of the epoch. */
export interface Person {
  session: string;
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
  color: string;
  since: number;
  media: Media;
  /** The hand is up. */
  hand: boolean;
  /** What the page calls itself in the call, another id at each joining; empty while it is out of it. */
  call: string;
}

/** One entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  urls: readonly string[];
  username?: string;
  credential?: string;
}

/** How calls find their way. `expires_at` in microseconds of the epoch, by the server's clock; 0: never. */
export interface IceState {
  servers: readonly IceServer[];
  relay_only: boolean;
  expires_at: number;
}

export interface Me {
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
  color: string;
  session: string;
}

/** What the server lets this person do here. */
export interface Rights {
  role: Role;
  permissions: readonly Permission[];
}

/** `link`: whoever has the link; `invite`: invited people only; `lobby`: knock, and a moderator admits. */
export type RoomAccessKind = 'link' | 'invite' | 'lobby';

/** `locked`: nobody new; `closed`: only those who moderate. */
export type Door = 'open' | 'locked' | 'closed';

export interface RoomInfo {
  id: string;
  name: string;
  access: RoomAccessKind;
  default_role: 'member' | 'viewer';
  /** What members may do here, before overrides of single people. */
  permissions: readonly Permission[];
  door: Door;
  /** 0: as many as the installation lets in. */
  max_people: number;
  /** Restored from a backup: what those who moderate bring back is accepted. */
  recovery: boolean;
  /** The room and the instant (microseconds) from which this one was branched. */
  origin?: { room: string; at: number } | null;
}

/** Somebody who waits to be let in; `since` in microseconds of the epoch. */
export interface Knock {
  sub: string;
  name: string;
  since: number;
}

/** A moderator has asked this person to switch something off. */
export interface MuteRequest {
  what: MediaKind;
  by: { sub: string; name: string };
}

/** Why this page is not in the room any more: a stable code, and the moderator's or server's sentence (may be empty). */
export interface Removal {
  code: string;
  reason: string;
}

export type SaveStatus =
  | { kind: 'opening' }
  | { kind: 'saved' }
  | { kind: 'saving'; changes: number }
  /** `stored`: a probe wrote to this device's database and read it back. */
  | { kind: 'offline'; changes: number; stored: boolean }
  | { kind: 'viewOnly' }
  | { kind: 'refused'; code: string; reason: string; changes: number }
  /** Final until the person tries again. `reason`: in words, where somebody gave any. */
  | { kind: 'stopped'; code: string; reason?: string };

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
  /** The worse of the two documents' statuses; `stopped` with the code of `removal` once there is one. */
  status: Store<SaveStatus>;
  /** What I may do, live. Empty once this page is not in the room any more. */
  permissions: Store<ReadonlySet<Permission>>;
  /** `permissions` has it. For components: `useStore(session.permissions).has(…)`. */
  may(permission: Permission): boolean;
  /** Who waits to be let in, the longest waiting first; empty for those who may not moderate. */
  knocks: Store<readonly Knock[]>;
  admit(sub: string): void;
  decline(sub: string, reason?: string): void;
  /** Ask the person of that page to switch something off. */
  requestMute(session: string, what: MediaKind): void;
  setHand(up: boolean): void;
  /** The newest request to me, until it is dismissed. */
  muteRequest: Store<MuteRequest | null>;
  /** The recording of the call that runs, or one that ended for a reason nobody asked for. */
  recording: Store<RecordingTold | null>;
  dismissMuteRequest(): void;
  /** This page has been sent away, or the room is no more: final, but for `retry`. */
  removal: Store<Removal | null>;
  token(): Promise<string>;
  rename(name: string): Promise<void>;
  close(): void;
}
