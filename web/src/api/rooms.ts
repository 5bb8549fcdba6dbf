/** The REST calls about rooms: making, joining, reading, changing and deleting them. */
import type { Permission, Role, RoomInfo } from '../sync/types';
import { request } from './client';

export interface RoomLinks {
  room: string;
  member: string;
  moderator: string;
  viewer: string;
}

/** Who this browser is in a room. */
export interface Member {
  sub: string;
  name: string;
  role: Role;
  permissions: readonly Permission[];
}

export interface Joined {
  room: RoomInfo;
  token: string;
  me: Member;
  /** Microseconds of the epoch. */
  expires_at: number;
}

/** The room has a lobby: the token is good for knocking only. */
export interface InLobby {
  lobby: true;
  room: Pick<RoomInfo, 'id' | 'name'>;
  token: string;
  me: Member;
  /** Microseconds of the epoch. */
  expires_at: number;
}

export interface Created {
  room: RoomInfo;
  links: RoomLinks;
  token?: string;
  me?: Member;
}

export interface Guest {
  name: string;
  guest_key: string;
}

export interface ServerConfig {
  name: string;
  version: string;
  create_rooms: 'anyone' | 'token' | 'admin';
}

/** `max_people` 0: as many as the installation lets in. */
export type RoomChanges = Partial<
  Pick<RoomInfo, 'name' | 'access' | 'default_role' | 'permissions' | 'door' | 'max_people' | 'recovery'>
>;

export type NewRoom = Partial<Pick<RoomInfo, 'name' | 'access' | 'default_role' | 'permissions'>> & { owner?: Guest };

export function getConfig(): Promise<ServerConfig> {
  return request('/api/config');
}

/** @param token where the installation does not let anyone make rooms. */
export function createRoom(room: NewRoom, token?: string): Promise<Created> {
  return request('/api/rooms', { method: 'POST', body: room, ...(token !== undefined && { token }) });
}

export function joinRoom(room: string, guest: Guest, key?: string): Promise<Joined | InLobby> {
  return request(`${pathOf(room)}/join`, { method: 'POST', body: key === undefined ? guest : { ...guest, key } });
}

export function isInLobby(answer: Joined | InLobby): answer is InLobby {
  return 'lobby' in answer;
}

export async function changeRoom(room: string, token: string, changes: RoomChanges): Promise<RoomInfo> {
  const answer = await request<{ room: RoomInfo }>(pathOf(room), { method: 'PATCH', token, body: changes });
  return answer.room;
}

/** For good; the owner's. Everybody in it is sent away. */
export async function deleteRoom(room: string, token: string): Promise<void> {
  await request(pathOf(room), { method: 'DELETE', token });
}

/** `/api/rooms/<room>`, and what follows in it. */
export function pathOf(room: string, ...rest: string[]): string {
  return ['/api/rooms', ...[room, ...rest].map(encodeURIComponent)].join('/');
}
