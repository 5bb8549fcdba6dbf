/** A WebSocket that tells its tracker of every sync frame it sends, and holds back those that may not go yet. */
import type { SaveTracker, SyncFrame } from './saveTracker';

const MESSAGE_SYNC = 0;
const SYNC_FRAMES: readonly SyncFrame[] = ['request', 'state', 'update'];

/** What kind of sync frame these bytes are, if they are one. Both type numbers are varints below 128: one byte each. */
export function syncFrameOf(bytes: Uint8Array): SyncFrame | undefined {
  return bytes[0] === MESSAGE_SYNC && bytes[1] !== undefined ? SYNC_FRAMES[bytes[1]] : undefined;
}

/**
 * The class to give to a provider as its WebSocket. One tracker follows one socket at a time.
 *
 * @param mayShare whether the whole document may be sent: while it is false neither it nor what follows it goes out.
 */
export function countingSocket(
  tracker: SaveTracker, Base: typeof WebSocket, mayShare: () => boolean = () => true,
): typeof WebSocket {
  return class CountingSocket extends Base {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      const frame = data instanceof Uint8Array ? syncFrameOf(data) : undefined;
      if (frame === undefined) return super.send(data);
      if (!tracker.maySend(frame) || (frame === 'state' && !mayShare())) return;
      super.send(data);
      tracker.sent(frame);
    }
  };
}
