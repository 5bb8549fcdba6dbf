/** The messages of the /signal socket: JSON, one object a message, `type` first. */
import { presumedPermissions } from '../sync/permissions';
import type { IceState, Knock, Me, Media, MediaKind, MuteRequest, Permission, Person, Rights, RoomInfo } from '../sync/types';

export interface RosterState {
  /** Rises by one with each joined, left and updated. */
  version: number;
  sessions: readonly Person[];
}

export type Diff =
  | { type: 'joined'; version: number; person: Person }
  | { type: 'updated'; version: number; person: Person }
  | { type: 'left'; version: number; session: string; sub: string };

/** `expires_at` in microseconds of the epoch, by the server's clock. */
export interface Welcome {
  type: 'welcome';
  you: Omit<Me, 'permissions'>;
  room: RoomInfo;
  roster: RosterState;
  permissions: readonly Permission[];
  expires_at?: number;
  /** Only for those who may moderate. */
  knocks?: readonly Knock[];
  /** Missing: a server without calls. */
  ice?: IceState;
  /** People up to whom a call goes directly from browser to browser. */
  mesh_limit?: number;
  media_mode?: MediaMode;
  /** The recording that runs. */
  recording?: RecordingTold | null;
}

/** The call is recorded, or is no more; `reason` where nobody asked for that. */
export interface RecordingTold {
  type: 'recording';
  running: boolean;
  by: { sub: string; name: string };
  since: number;
  id: string;
  reason: string;
}

/** What a page of the call says to another, or is told by it: of the `link`-th connection of the two. */
export type PeerWords =
  | { type: 'offer' | 'answer'; peer: string; link: number; sdp: string }
  | { type: 'candidate'; peer: string; link: number; candidate: RTCIceCandidateInit | null }
  | { type: 'hangup'; peer: string; link: number };

/** How a call goes: from browser to browser, or through the server. */
export type MediaMode = 'mesh' | 'forwarder';

/** Whose track arrives in which section of the forwarder's connection: mid, session, kind. */
export type ForwardedSection = readonly [string, string, 'mic' | 'camera' | 'screen' | 'sound'];

/** Of the forwarder's `link`-th connection: all that it carries now. */
export interface Sections {
  link: number;
  sections: readonly ForwardedSection[];
}

/** Of one's connections in the last seconds. */
export interface QualityReport {
  rtt_ms: number | null;
  jitter_ms: number | null;
  loss: number | null;
  up_kbps: number | null;
  down_kbps: number | null;
}

export type ServerMessage =
  | Welcome
  | ({ type: 'roster' } & RosterState)
  | Diff
  | { type: 'room'; room: RoomInfo }
  | ({ type: 'permissions' } & Rights)
  | ({ type: 'muted' } & MuteRequest)
  | { type: 'removed'; code: string; reason: string }
  | ({ type: 'knock' } & Knock)
  | { type: 'knock_gone'; sub: string }
  | { type: 'waiting'; room: Pick<RoomInfo, 'id' | 'name'>; moderators: number; reason: string }
  | { type: 'admitted' }
  | { type: 'declined'; reason: string }
  | { type: 'renewed'; expires_at: number }
  | ({ type: 'ice' } & IceState)
  | (PeerWords & { from: string })
  | { type: 'media_mode'; mode: MediaMode }
  | ({ type: 'sections' } & Sections)
  | { type: 'error'; code: string; reason: string; about?: string; to?: string }
  | RecordingTold
  | { type: 'draining' };

export type ClientMessage =
  | { type: 'roster' }
  | { type: 'rename'; name: string }
  | { type: 'leave' }
  | { type: 'renew'; token: string }
  | { type: 'call'; id: string }
  | ({ type: 'media' } & Media)
  | (PeerWords & { to: string })
  | { type: 'media_mode'; mode: 'forwarder' }
  | { type: 'ice' }
  | ({ type: 'quality' } & QualityReport)
  | { type: 'hand'; up: boolean }
  | { type: 'mute_request'; to: string; what: MediaKind }
  | { type: 'knock' }
  | { type: 'admit'; sub: string }
  | { type: 'decline'; sub: string; reason?: string };

const TYPES: ReadonlySet<unknown> = new Set<ServerMessage['type']>([
  'welcome', 'roster', 'joined', 'updated', 'left', 'room', 'permissions', 'muted', 'removed', 'knock', 'knock_gone',
  'waiting', 'admitted', 'declined', 'renewed', 'ice', 'media_mode', 'sections', 'offer', 'answer', 'candidate', 'hangup',
  'error', 'draining',
  'recording',
]);

/** @returns null for a message that this client does not know: a newer server may send more. */
export function readMessage(text: string): ServerMessage | null {
  const message: unknown = JSON.parse(text);
  if (typeof message !== 'object' || message === null || !('type' in message)) return null;
  return TYPES.has(message.type) ? (message as ServerMessage) : null;
}

export const NO_MEDIA: Media = { mic: false, camera: false, screen: false };

/** A person who is known from elsewhere than the server's roster: nothing in the call, rights as the role usually has. */
export function presumedPerson(known: Omit<Person, 'permissions' | 'media' | 'hand' | 'call'> & Partial<Person>): Person {
  return { permissions: presumedPermissions(known.role), media: NO_MEDIA, hand: false, call: '', ...known };
}
