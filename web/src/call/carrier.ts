/** What carries a call: connections from page to page (mesh.ts), or through the server's forwarder. */
import type { PeerWords } from '../presence/signalMessages';
import type { LinkStats, Tile } from './types';

/** What comes from one person. The same objects as long as the connection lasts. */
export interface RemoteStreams {
  readonly voice: MediaStream;
  readonly camera: MediaStream;
  /** With its sound. */
  readonly screen: MediaStream;
}

export interface Carrier {
  streamsOf(session: string): RemoteStreams | null;
  connectionOf(session: string): Tile['connection'];
  /** Of the voices, 0–1, by session. */
  levels(): ReadonlyMap<string, number>;
  /** Since the last call, by session. */
  stats(): Promise<ReadonlyMap<string, LinkStats>>;
  take(words: PeerWords & { from: string }): void;
  /** Other people, devices, rights or wishes. */
  refresh(): void;
  /** The server is back after it was gone. */
  repeat(): void;
  setConfiguration(configuration: RTCConfiguration): void;
  close(): void;
}
