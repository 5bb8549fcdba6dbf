/** What the parts of a call know of each other: the engine makes it (callEngine.ts), the page shows it (ui/). */
import type { MediaKind, Store } from '../sync/types';

/** `failed`: could not be joined, or was lost; says why. `reconnecting`: in the call, but the server or every connection is gone for the moment. */
export type CallState =
  | { kind: 'out' } | { kind: 'joining' } | { kind: 'in' } | { kind: 'reconnecting' } | { kind: 'failed'; reason: CallFailure };

export type CallFailure = 'unsupported' | 'offline' | 'refused';

/** Why something of one's own is not sent. Names of DOMExceptions are mapped to these by Devices. */
export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'insecure' | 'unknown';

/** One's own microphone, camera or screen. `off`: by choice; `failed`: it could not be switched on. */
export type LocalTrack =
  | { kind: 'off' } | { kind: 'starting' } | { kind: 'on'; stream: MediaStream } | { kind: 'failed'; problem: DeviceProblem };

export type LocalMedia = Record<MediaKind, LocalTrack>;

/** `speaker`: where the others are heard; not every browser can choose it. */
export type DeviceKind = 'mic' | 'camera' | 'speaker';

/** Ids of devices. What is missing the browser chooses. */
export type DeviceChoice = Partial<Record<DeviceKind, string>>;

export type DeviceList = Readonly<Record<DeviceKind, readonly MediaDeviceInfo[]>>;

export interface Devices {
  list: Store<DeviceList>;
  chosen: Store<DeviceChoice>;
  /** Kept on this device; a running track is replaced without a gap in the call. */
  choose(choice: DeviceChoice): Promise<void>;
  /** The microphone's loudness, 0–1, some 20 times a second while somebody listens; 0 without one. */
  level: Store<number>;
}

/** How good somebody's connection is. `bad` and `fair` say why. */
export type QualityReason = 'loss' | 'delay' | 'bandwidth' | 'relay' | 'cpu';
export type Quality =
  | { kind: 'unknown' } | { kind: 'good' } | { kind: 'fair' | 'bad'; reason: QualityReason } | { kind: 'lost' };

/** Of one connection, over the last seconds. Rates in bit/s, times in seconds, loss 0–1. */
export interface LinkStats {
  up: number;
  down: number;
  roundTrip: number | null;
  jitter: number | null;
  loss: number | null;
  /** Through a TURN server. */
  relayed: boolean;
  /** Of the largest video that arrives; null without one. */
  video: { width: number; height: number; fps: number } | null;
}

/** One picture or voice in the call: a person's face, or his screen. The same object until something of it changes. */
export interface Tile {
  /** `SESSION` or `SESSION/screen`. */
  id: string;
  session: string;
  kind: 'person' | 'screen';
  isMe: boolean;
  name: string;
  color: string;
  mic: boolean;
  /** There is a picture to show: the roster says so and the person may send it. */
  hasPicture: boolean;
  /** The picture (and for screens their sound); the same object while it runs. Voices are played by the engine, not by tiles. */
  stream: MediaStream | null;
  isSpeaking: boolean;
  hand: boolean;
  connection: 'connecting' | 'connected' | 'lost';
  quality: Quality;
}

export type ConnectionTestStep = 'signaling' | 'devices' | 'direct' | 'relay';
export type ConnectionTestResult = { step: ConnectionTestStep; outcome: 'ok' | 'failed' | 'absent'; detail?: string };

export interface Call {
  state: Store<CallState>;
  /** Who is in the call, by session, the longest first; also while this page is out. */
  inCall: Store<readonly string[]>;
  local: Store<LocalMedia>;
  devices: Devices;
  tiles: Store<readonly Tile[]>;
  /** Session of who speaks, or spoke last. */
  speaker: Store<string | null>;
  mode: Store<'mesh' | 'forwarder'>;
  /** By session; renewed every 2 s while in the call. */
  stats: Store<ReadonlyMap<string, LinkStats>>;
  lowBandwidth: Store<boolean>;

  /** Look at oneself before joining: camera and microphone run, nobody gets them. Ends with `join` or `endPreview`. */
  preview(want: { mic: boolean; camera: boolean }): Promise<void>;
  /** Nothing happens to somebody who has joined, or joins. */
  endPreview(): void;
  /** Join with what `local` has on. */
  join(): Promise<void>;
  leave(): void;
  /** Never rejects: what could not be had is told in `local`. */
  turn(kind: MediaKind, on: boolean): Promise<void>;
  /** Heard while down though the microphone is off. */
  pushToTalk(down: boolean): void;
  /** Audio first: no camera pictures but the speaker's, small and slow. Screens stay. */
  setLowBandwidth(on: boolean): void;
  /** Which pictures are in view, and how large (CSS pixels), so that the others are not sent in vain. */
  setInView(sizes: ReadonlyMap<string, { width: number; height: number }>): void;
  /** Tells each step as soon as it is known. */
  testConnection(onResult: (result: ConnectionTestResult) => void): Promise<void>;
}
