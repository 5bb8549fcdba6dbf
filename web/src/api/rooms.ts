/** The REST calls about rooms. */
import type { Role, RoomInfo } from '../sync/types';
import { request } from './client';

export interface RoomLinks {
  room: string;
  member: string;
  moderator: string;
  viewer: string;
}

export interface Member {
  sub: string;
  name: string;
  role: Role;
}

export interface Joined {
  room: RoomInfo;
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

export type RoomChanges = Partial<Pick<RoomInfo, 'name' | 'access' | 'default_role'>>;

export function getConfig(): Promise<ServerConfig> {
  return request('/api/config');
}

export function createRoom(room: { name?: string; owner: Guest }): Promise<Created> {
  return request('/api/rooms', { method: 'POST', body: room });
}

export function joinRoom(room: string, guest: Guest, key?: string): Promise<Joined> {
  return request(`${pathOf(room)}/join`, { method: 'POST', body: key === undefined ? guest : { ...guest, key } });
}

export function getRoom(room: string, token: string): Promise<{ room: RoomInfo; members: Member[] }> {
  return request(pathOf(room), { token });
}

export async function changeRoom(room: string, token: string, changes: RoomChanges): Promise<RoomInfo> {
  const answer = await request<{ room: RoomInfo }>(pathOf(room), { method: 'PATCH', token, body: changes });
  return answer.room;
}

function pathOf(room: string): string {
  return `/api/rooms/${encodeURIComponent(room)}`;
}
