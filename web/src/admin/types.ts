/** What the admin API tells. Instants are microseconds of the epoch. */
import { PERMISSIONS } from '../sync/permissions';
import type { Permission, Role, RoomInfo } from '../sync/types';

export { PERMISSIONS, type Permission };
export const ROLES = ['owner', 'moderator', 'member', 'viewer'] as const satisfies readonly Role[];
export interface Overview {
  name: string;
  version: string;
  now: number;
  rooms: number;
  rooms_live: number;
  people_now: number;
  sessions_now: number;
  storage: { database_bytes: number; update_rows: number; update_bytes: number; assets: number; asset_bytes: number };
}

export type RoomSettings = Omit<RoomInfo, 'id'>;

export interface AdminRoom {
  room: RoomInfo;
  created_at: number;
  deleted_at: number | null;
  people_now: number;
  sessions_now: number;
  members: number;
  update_rows: number;
  update_bytes: number;
  asset_bytes: number;
  last_activity: number | null;
}

export interface AdminMember {
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
  overrides: Readonly<Partial<Record<Permission, boolean>>>;
  present: boolean;
  banned: boolean;
  removed: boolean;
  joined_at: number;
}

/** What somebody did: in one session, or in all of them. */
export interface Counts {
  mic_seconds: number;
  camera_seconds: number;
  screen_seconds: number;
  edits: number;
  messages: number;
}

export interface RoomSession extends Counts {
  id: string;
  user: string;
  name: string;
  device: string;
  joined_at: number;
  left_at: number | null;
  duration_seconds: number;
}

export interface OpenSession extends RoomSession {
  room: string;
  role: Role;
  permissions: readonly Permission[];
}

export interface PersonStats extends Counts {
  user: string;
  name: string;
  sessions: number;
  first_joined_at: number;
  /** null while the person is here. */
  last_seen_at: number | null;
  present_seconds: number;
  rooms: number;
  present: boolean;
}

export interface Concurrency {
  at: number;
  people: number;
  sessions: number;
}

export interface AdminEvent {
  id: number;
  at: number;
  kind: string;
  user: string | null;
  details: Readonly<Record<string, unknown>>;
  room?: string | null;
}

export interface Invitation {
  id: string;
  role: Role;
  label: string;
  created_at: number;
  revoked_at: number | null;
  uses: number;
}

/** What a page may do whose role is this, before exceptions: the server's presets. */
export function presetOf(role: Role, ofRoom: readonly Permission[]): readonly Permission[] {
  if (role === 'viewer') return [];
  return role === 'member' ? ofRoom : PERMISSIONS;
}
