/** The messages of the /signal socket: JSON, one object a message, `type` first. */
import type { Me, Person, RoomInfo } from '../sync/types';

export interface RosterState {
  /** Rises by one with each joined, left and updated. */
  version: number;
  sessions: readonly Person[];
}

export type Diff =
  | { type: 'joined'; version: number; person: Person }
  | { type: 'updated'; version: number; person: Person }
  | { type: 'left'; version: number; session: string; sub: string };

export type ServerMessage =
  | { type: 'welcome'; you: Me; room: RoomInfo; roster: RosterState; permissions: readonly string[] }
  | ({ type: 'roster' } & RosterState)
  | Diff
  | { type: 'room'; room: RoomInfo }
  | { type: 'error'; code: string; reason: string }
  | { type: 'draining' };

export type ClientMessage = { type: 'roster' } | { type: 'rename'; name: string } | { type: 'leave' };

const TYPES: ReadonlySet<unknown> = new Set<ServerMessage['type']>([
  'welcome', 'roster', 'joined', 'updated', 'left', 'room', 'error', 'draining',
]);

/** @returns null for a message that this client does not know: a newer server may send more. */
export function readMessage(text: string): ServerMessage | null {
  const message: unknown = JSON.parse(text);
  if (typeof message !== 'object' || message === null || !('type' in message)) return null;
  return TYPES.has(message.type) ? (message as ServerMessage) : null;
}
