/** Where this device last looked in a room, so that a reload comes back to the same place. */
import { isPlainObject } from './renderable';
import type { View } from './follow';

const keyOf = (room: string): string => `thunderline:view:${room}`;

export function recallView(room: string): View | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(room)) ?? 'null');
    if (!isPlainObject(stored)) return null;
    const { scrollX, scrollY, zoom } = stored;
    if (![scrollX, scrollY, zoom].every(Number.isFinite) || (zoom as number) <= 0) return null;
    return { scrollX, scrollY, zoom } as View;
  } catch {
    return null; // storage is blocked: the board opens at its content
  }
}

export function rememberView(room: string, view: View): void {
  try {
    localStorage.setItem(keyOf(room), JSON.stringify(view));
  } catch {
    // storage is blocked or full: next time the board opens at its content
  }
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Whether any of this box would be visible in a window of this size. */
export function isInView(box: Box, { scrollX, scrollY, zoom }: View, width: number, height: number): boolean {
  const left = (box.x + scrollX) * zoom;
  const top = (box.y + scrollY) * zoom;
  return left < width && top < height && left + box.width * zoom > 0 && top + box.height * zoom > 0;
}
