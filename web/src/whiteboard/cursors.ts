/**
 * Cursors and selections: this user's go out throttled, only the latest state; others' come in once per frame.
 * Awareness outweighs strokes, because its whole state is resent: so it is thinned while a stroke shows the pen anyway.
 */
import type { Collaborator, SocketId } from '@excalidraw/excalidraw/types';
import type { Awareness } from 'y-protocols/awareness';
import { type PresenceState, cursorColours, readPresence } from './presence';
import { sameJson } from './schema';

/** ms between two states. */
const INTERVAL = 50;
const INTERVAL_WHILE_DRAWING = 250;

export class PresenceSender {
  private sentAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** All that we say, so that nothing is missing when the provider had cleared the state while offline. */
  private state: Partial<PresenceState> = {};
  private drawing = false;

  constructor(private readonly awareness: Awareness, private readonly now: () => number = Date.now) {}

  /** Merge into the state; sent at most every 50 ms (250 ms while drawing), and only when it differs. */
  set(patch: Partial<PresenceState>): void {
    this.state = { ...this.state, ...patch };
    this.timer ??= setTimeout(() => this.send(), Math.max(0, this.sentAt + this.interval() - this.now()));
  }

  setDrawing(drawing: boolean): void {
    if (drawing === this.drawing) return;
    this.drawing = drawing;
    if (!drawing && this.timer !== undefined) { // where the stroke ended is worth knowing at once
      clearTimeout(this.timer);
      this.timer = undefined;
      this.set({});
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private interval = (): number => (this.drawing ? INTERVAL_WHILE_DRAWING : INTERVAL);

  private send(): void {
    this.timer = undefined;
    const current = this.awareness.getLocalState() ?? {};
    const next: Record<string, unknown> = { ...current, ...this.state };
    for (const key of Object.keys(next)) if (next[key] === null || next[key] === undefined) delete next[key];
    if (sameJson(next, current)) return;
    this.sentAt = this.now();
    this.awareness.setLocalState(next);
  }
}

/** Everybody else on the board as Excalidraw draws them, in the colour that they have everywhere. */
export function collaboratorsOf(
  states: ReadonlyMap<number, unknown>, own: number, theme: 'light' | 'dark' = 'light',
): Map<SocketId, Collaborator> {
  const out = new Map<SocketId, Collaborator>();
  for (const [client, state] of states) {
    const presence = client === own ? null : readPresence(state);
    const socketId = String(client) as SocketId;
    if (presence) out.set(socketId, collaborator(socketId, presence, theme));
  }
  return out;
}

/** One of them. */
export function collaborator(socketId: SocketId, { user, p, b, l, sel }: PresenceState, theme: 'light' | 'dark'): Collaborator {
  const { background, letters } = cursorColours(user.color, theme === 'dark');
  return {
    id: user.id,
    socketId,
    username: user.name,
    color: { background, stroke: letters },
    ...(p && { pointer: { x: p[0], y: p[1], tool: l ? 'laser' : 'pointer', laserColor: background } }),
    button: b ? 'down' : 'up',
    selectedElementIds: Object.fromEntries((sel ?? []).map((id) => [id, true as const])),
  };
}
