/** The invitation links of rooms made on this device: the server tells them once, to whoever makes the room. */
import type { RoomLinks } from './rooms';

const keyOf = (room: string): string => `thunderline:links:${room}`;

export function keepLinks(room: string, links: RoomLinks): void {
  try {
    localStorage.setItem(keyOf(room), JSON.stringify(links));
  } catch {
    // Storage is blocked: the plain link of the room still works.
  }
}

export function linksOf(room: string): RoomLinks | undefined {
  try {
    return (JSON.parse(localStorage.getItem(keyOf(room)) ?? 'null') as RoomLinks | null) ?? undefined;
  } catch {
    return undefined;
  }
}
