/** The rooms that were open on this device: how they looked, who was there and when. Kept in localStorage only. */

export interface RecentRoom {
  id: string;
  name: string;
  /** Milliseconds of the epoch: when it was last open. */
  at: number;
  /** Names of the others who were there during the last visit. */
  people: readonly string[];
  /** A small picture of the board, as a data URL. */
  thumbnail?: string;
}

const KEY = 'thunderline:recent';
export const MAX_RECENT_ROOMS = 12;
const MAX_PEOPLE = 8;

export function recentRooms(): RecentRoom[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isRecentRoom) : [];
  } catch {
    return [];
  }
}

/** Note a visit, or more about it. The newest comes first; the oldest beyond MAX_RECENT_ROOMS is forgotten. */
export function noteRoom(room: RecentRoom): void {
  const before = recentRooms();
  const known = before.find(({ id }) => id === room.id);
  const noted = { ...known, ...room, people: room.people.slice(0, MAX_PEOPLE) };
  write([noted, ...before.filter(({ id }) => id !== room.id)].slice(0, MAX_RECENT_ROOMS));
}

export function forgetRoom(id: string): void {
  write(recentRooms().filter((room) => room.id !== id));
}

function write(rooms: readonly RecentRoom[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(rooms));
  } catch {
    writeWithoutPictures(rooms);
  }
}

/** Pictures are what fills a full storage. */
function writeWithoutPictures(rooms: readonly RecentRoom[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(rooms.map(({ thumbnail: _, ...room }) => room)));
  } catch {
    // Storage is blocked: there is no list.
  }
}

function isRecentRoom(value: unknown): value is RecentRoom {
  return typeof value === 'object' && value !== null
    && 'id' in value && typeof value.id === 'string' && /^[\w-]{1,64}$/.test(value.id)
    && 'name' in value && typeof value.name === 'string'
    && 'at' in value && typeof value.at === 'number'
    && 'people' in value && Array.isArray(value.people) && value.people.every((name) => typeof name === 'string');
}
