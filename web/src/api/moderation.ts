/** The REST calls of those who moderate a room: people, invitations, what has happened. Times are microseconds of the epoch. */
import type { Permission, Role, RoomInfo } from '../sync/types';
import { request, requestFile } from './client';
import { pathOf } from './rooms';

/** Somebody who ever joined. `overrides`, `banned` and `removed` are told to those who moderate, else empty and false. */
export interface RoomMember {
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
  /** What a moderator gave (true) or took (false), whatever the role says. */
  overrides: Partial<Record<Permission, boolean>>;
  present: boolean;
  banned: boolean;
  /** Sent away, and not back since. */
  removed: boolean;
  joined_at: number;
}

export interface MemberChanges {
  role?: Role;
  /** null: as the role has it. */
  overrides?: Partial<Record<Permission, boolean | null>>;
}

/** What a person may do after a change. */
export type MemberRights = Pick<RoomMember, 'sub' | 'role' | 'permissions' | 'overrides'>;

export interface Invitation {
  id: string;
  role: Role;
  label: string;
  created_at: number;
  revoked_at: number | null;
  uses: number;
}

export interface NewInvitation {
  invitation: Invitation;
  /** Told once: the server keeps only its hash. */
  key: string;
  link: string;
}

/** One open page of one person, while it lasted. */
export interface SessionEntry {
  id: string;
  user: string;
  name: string;
  device: string;
  joined_at: number;
  /** null: still open. */
  left_at: number | null;
  duration_seconds: number;
  mic_seconds: number;
  camera_seconds: number;
  screen_seconds: number;
  edits: number;
  messages: number;
}

export interface EventEntry {
  id: number;
  at: number;
  kind: string;
  user: string | null;
  details: Readonly<Record<string, unknown>>;
}

export interface PersonStats {
  user: string;
  name: string;
  sessions: number;
  first_joined_at: number;
  /** null: here now. */
  last_seen_at: number | null;
  present_seconds: number;
  mic_seconds: number;
  camera_seconds: number;
  screen_seconds: number;
  edits: number;
  messages: number;
}

/** The most people and sessions at once in a step of time that begins at `at`. */
export interface Concurrency {
  at: number;
  people: number;
  sessions: number;
}

export interface RoomStats {
  people: readonly PersonStats[];
  concurrent: { people: number; sessions: number; peak_people: number };
  concurrency: readonly Concurrency[];
}

/** `before`: the `next` of the page read last. */
export interface Page {
  before?: number;
  limit?: number;
}

export interface Sessions {
  sessions: readonly SessionEntry[];
  /** null: that was all. */
  next: number | null;
}

export interface Events {
  events: readonly EventEntry[];
  next: number | null;
}

/** The room, and everybody who ever joined it. */
export function listMembers(room: string, token: string): Promise<{ room: RoomInfo; members: RoomMember[] }> {
  return request(pathOf(room), { token });
}

/** Owner and moderator are given and taken by the owner only; nobody changes the owner. */
export function changeMember(room: string, token: string, user: string, changes: MemberChanges): Promise<MemberRights> {
  return request(pathOf(room, 'members', user), { method: 'PATCH', token, body: changes });
}

/**
 * Send somebody away; he may come back as a new guest of the room's link would.
 *
 * @param reason is shown to the person.
 */
export function kick(room: string, token: string, user: string, reason?: string): Promise<void> {
  return act(room, token, user, 'kick', reason === undefined ? {} : { reason });
}

/** @param reason is shown to the person. */
export function ban(room: string, token: string, user: string, reason?: string): Promise<void> {
  return act(room, token, user, 'ban', reason === undefined ? {} : { reason });
}

export function unban(room: string, token: string, user: string): Promise<void> {
  return act(room, token, user, 'unban');
}

/** Give one's own role to somebody: an owner becomes moderator, a moderator member. */
export function handover(room: string, token: string, user: string): Promise<void> {
  return act(room, token, user, 'handover');
}

/**
 * Erase what is known of a person; what he drew and wrote stays, under no name, unless the content shall go too.
 *
 * @returns how many entries were erased.
 */
export async function erase(room: string, token: string, user: string, content: boolean): Promise<number> {
  const path = pathOf(room, 'members', user, 'data') + (content ? '?content=true' : '');
  const answer = await request<{ erased: number }>(path, { method: 'DELETE', token });
  return answer.erased;
}

export async function listInvitations(room: string, token: string): Promise<Invitation[]> {
  const answer = await request<{ invitations: Invitation[] }>(pathOf(room, 'invitations'), { token });
  return answer.invitations;
}

export function createInvitation(room: string, token: string, role: Role, label?: string): Promise<NewInvitation> {
  const body = label === undefined ? { role } : { role, label };
  return request(pathOf(room, 'invitations'), { method: 'POST', token, body });
}

export async function revokeInvitation(room: string, token: string, id: string): Promise<void> {
  await request(pathOf(room, 'invitations', id), { method: 'DELETE', token });
}

export function listSessions(room: string, token: string, page: Page = {}): Promise<Sessions> {
  return request(`${pathOf(room, 'sessions')}${queryOf({ ...page })}`, { token });
}

export function listEvents(room: string, token: string, page: Page & { kind?: string } = {}): Promise<Events> {
  return request(`${pathOf(room, 'events')}${queryOf({ ...page })}`, { token });
}

export function roomStats(room: string, token: string): Promise<RoomStats> {
  return request(pathOf(room, 'stats'), { token });
}

/** A table as a file to hand to the browser. */
export async function csvOf(room: string, token: string, table: 'sessions' | 'events' | 'stats'): Promise<{ name: string; blob: Blob }> {
  const blob = await requestFile(`${pathOf(room, table)}${queryOf({ format: 'csv' })}`, { token });
  return { name: `${room}-${table}.csv`, blob };
}

/** `?a=1&b=2` of what is given; empty when nothing is. */
export function queryOf(given: Readonly<Record<string, string | number | undefined>>): string {
  const pairs = Object.entries(given).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

async function act(room: string, token: string, user: string, verb: string, body: object = {}): Promise<void> {
  await request(pathOf(room, 'members', user, verb), { method: 'POST', token, body });
}
