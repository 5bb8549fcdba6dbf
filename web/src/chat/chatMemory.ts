/** Small things that this device keeps of a person's chat in a room: how far it was read, the draft, what is unsaved. */
export type Kept = 'chat-read' | 'chat-draft' | 'chat-pending';

const keyOf = (kind: Kept, room: string, sub: string): string => `thunderline:${room}:${kind}:${sub}`;

export function recall(kind: Kept, room: string, sub: string): string | null {
  try {
    return localStorage.getItem(keyOf(kind, room, sub));
  } catch {
    return null; // Storage is blocked: it lasts as long as the page.
  }
}

export function remember(kind: Kept, room: string, sub: string, value: string): void {
  try {
    if (value) localStorage.setItem(keyOf(kind, room, sub), value);
    else localStorage.removeItem(keyOf(kind, room, sub));
  } catch {
    // Blocked or full: it lasts as long as the page.
  }
}
