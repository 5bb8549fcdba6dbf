/** Following a person's view: the same part of the board, whatever the sizes of the two windows. */
import type { ExcalidrawImperativeAPI, SocketId } from '@excalidraw/excalidraw/types';
import type { Awareness } from 'y-protocols/awareness';
import type { PresenceSender } from './cursors';
import { type PresenceState, type Viewport, readPresence } from './presence';

const MIN_ZOOM = 0.1;
const MAX_ZOOM = 30;

export interface View {
  readonly scrollX: number;
  readonly scrollY: number;
  readonly zoom: number;
}

/** The view that shows all that `leader` sees, in a window of this size. */
export function matchingView([scrollX, scrollY, zoom, w, h]: Viewport, width: number, height: number): View {
  const fitted = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom * Math.min(width / w, height / h)));
  const centreX = w / 2 / zoom - scrollX;
  const centreY = h / 2 / zoom - scrollY;
  return { scrollX: width / 2 / fitted - centreX, scrollY: height / 2 / fitted - centreY, zoom: fitted };
}

export class Follow {
  private following: { sub: string; client: number } | null = null;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly api: ExcalidrawImperativeAPI,
    private readonly awareness: Awareness,
    private readonly sender: PresenceSender,
    private readonly ownSub: () => string,
    private readonly onChange: (sub: string | null) => void,
  ) {
    const onAwareness = (): void => this.update();
    awareness.on('change', onAwareness);
    this.stops.push(
      () => awareness.off('change', onAwareness),
      // Excalidraw ends it by itself on pan, zoom and when the person has left
      api.onUserFollow(({ action }) => { if (action === 'UNFOLLOW') this.ended(); }),
      api.onPointerDown((tool) => { if (tool.type !== 'selection' && tool.type !== 'laser') this.stop(); }),
      api.onScrollChange(() => this.sendView()),
    );
  }

  /** @returns false when that person is not on the board. */
  start(sub: string): boolean {
    const found = [...this.others()].find(([, presence]) => presence.user.id === sub);
    if (!found) return false;
    const [client, { user }] = found;
    this.following = { sub, client };
    this.sender.set({ f: sub });
    this.showFollowing({ socketId: String(client) as SocketId, username: user.name });
    this.onChange(sub);
    this.update();
    return true;
  }

  stop(): void {
    if (!this.following) return;
    this.showFollowing(null);
    this.ended();
  }

  destroy(): void {
    this.stop();
    for (const stop of this.stops) stop();
  }

  private ended(): void {
    if (!this.following) return;
    this.following = null;
    this.sender.set({ f: null });
    this.onChange(null);
  }

  private showFollowing(userToFollow: { socketId: SocketId; username: string } | null): void {
    this.api.updateScene({ appState: { userToFollow } });
  }

  private update(): void {
    this.sendView();
    if (!this.following) return;
    const leader = readPresence(this.awareness.getStates().get(this.following.client));
    if (!leader?.v) return;
    const { width, height } = this.api.getAppState();
    const { scrollX, scrollY, zoom } = matchingView(leader.v, width, height);
    this.api.updateScene({ appState: { scrollX, scrollY, zoom: { value: zoom as never } } });
  }

  /** Only while somebody follows: the viewport would make every cursor message a third longer. */
  private sendView(): void {
    const followed = [...this.others()].some(([, presence]) => presence.f === this.ownSub());
    if (!followed) return this.sender.set({ v: null });
    const { scrollX, scrollY, zoom, width, height } = this.api.getAppState();
    this.sender.set({ v: [round(scrollX), round(scrollY), round(zoom.value), width, height] });
  }

  private *others(): Generator<[number, PresenceState]> {
    for (const [client, state] of this.awareness.getStates()) {
      if (client === this.awareness.clientID) continue;
      const presence = readPresence(state);
      if (presence) yield [client, presence];
    }
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
