/** One's own microphone, camera and screen: got, kept, exchanged and given back. */
import type { MediaKind } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { LevelMeter } from './levelMeter';
import type { DeviceChoice, DeviceKind, DeviceList, DeviceProblem, Devices, LocalMedia, LocalTrack } from './types';

const KEY = 'thunderline:devices';
const OFF: LocalTrack = { kind: 'off' };
const INPUTS: readonly ('mic' | 'camera')[] = ['mic', 'camera'];
const KIND_OF: Readonly<Record<MediaDeviceKind, DeviceKind>> = { audioinput: 'mic', videoinput: 'camera', audiooutput: 'speaker' };
const PROBLEMS: Readonly<Record<string, DeviceProblem>> = {
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'missing', OverconstrainedError: 'missing',
  NotReadableError: 'busy', AbortError: 'busy',
};

export class LocalDevices implements Devices {
  readonly local = createStore<LocalMedia>({ mic: OFF, camera: OFF, screen: OFF });
  readonly list = createStore<DeviceList>({ mic: [], camera: [], speaker: [] });
  readonly chosen = createStore<DeviceChoice>(readChoice());
  readonly level = new LevelMeter();
  /** Of the newest wish for each kind: what an older one brings is given back. */
  private readonly wishes: Record<MediaKind, number> = { mic: 0, camera: 0, screen: 0 };
  private isListing = false;

  /** Never rejects: what could not be had is told in `local`. */
  async switchOn(kind: MediaKind): Promise<void> {
    const now = this.local.get()[kind].kind;
    if (now === 'on' || now === 'starting') return;
    this.put(kind, { kind: 'starting' });
    await this.get(kind);
  }

  switchOff(kind: MediaKind): void {
    this.wishes[kind] += 1;
    this.put(kind, OFF);
  }

  switchAllOff(): void {
    for (const kind of Object.keys(this.wishes) as MediaKind[]) this.switchOff(kind);
  }

  /** Of that kind in `SECTIONS`' sense; null while it is off. */
  track(media: MediaKind, kind: 'audio' | 'video'): MediaStreamTrack | null {
    const local = this.local.get()[media];
    return local.kind === 'on' ? local.stream.getTracks().find((track) => track.kind === kind) ?? null : null;
  }

  async choose(choice: DeviceChoice): Promise<void> {
    const before = this.chosen.get();
    this.chosen.set(choice);
    localStorage.setItem(KEY, JSON.stringify(choice));
    const changed = INPUTS.filter((kind) => choice[kind] !== before[kind] && this.local.get()[kind].kind === 'on');
    await Promise.all(changed.map((kind) => this.get(kind)));
  }

  /** Learn which devices there are, and go on learning. */
  async look(): Promise<void> {
    const devices = globalThis.navigator?.mediaDevices;
    if (!devices?.enumerateDevices) return;
    if (!this.isListing) devices.addEventListener('devicechange', () => void this.look());
    this.isListing = true;
    const list: Record<DeviceKind, MediaDeviceInfo[]> = { mic: [], camera: [], speaker: [] };
    // Without leave to use them their ids are empty, and all of a kind are one.
    for (const device of await devices.enumerateDevices()) if (device.deviceId) list[KIND_OF[device.kind]].push(device);
    this.list.set(list);
  }

  private async get(kind: MediaKind): Promise<void> {
    const wish = (this.wishes[kind] += 1);
    try {
      const stream = await streamOf(kind, this.chosen.get());
      if (wish !== this.wishes[kind]) return stop(stream);
      for (const track of stream.getTracks()) track.addEventListener('ended', () => this.ended(kind, stream, track));
      this.put(kind, { kind: 'on', stream });
      void this.look();
    } catch (error) {
      if (wish !== this.wishes[kind]) return;
      // Who closes the browser's choice of screens has changed his mind.
      const isCancelled = kind === 'screen' && error instanceof DOMException && error.name === 'NotAllowedError';
      this.put(kind, isCancelled ? OFF : { kind: 'failed', problem: problemOf(error) });
    }
  }

  /** By the browser's own button, or because the device is gone. */
  private ended(kind: MediaKind, stream: MediaStream, track: MediaStreamTrack): void {
    const now = this.local.get()[kind];
    if (now.kind !== 'on' || now.stream !== stream) return;
    if (kind === 'screen' ? track.kind === 'video' : true) this.put(kind, kind === 'screen' ? OFF : { kind: 'failed', problem: 'missing' });
  }

  private put(kind: MediaKind, track: LocalTrack): void {
    const before = this.local.get()[kind];
    this.local.set({ ...this.local.get(), [kind]: track });
    if (kind === 'mic') this.level.follow(track.kind === 'on' ? track.stream : null);
    if (before.kind === 'on' && before !== track) stop(before.stream);
  }
}

async function streamOf(kind: MediaKind, chosen: DeviceChoice): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices) throw new InsecurePage();
  if (kind === 'screen') return devices.getDisplayMedia({ video: { frameRate: 15 }, audio: true });
  const device = chosen[kind] === undefined ? {} : { deviceId: { ideal: chosen[kind] } };
  return kind === 'mic'
    ? devices.getUserMedia({ audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true } })
    : devices.getUserMedia({ video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } });
}

/** Browsers give devices only to pages that came by TLS or from this machine. */
class InsecurePage extends Error {}

function problemOf(error: unknown): DeviceProblem {
  if (error instanceof InsecurePage) return 'insecure';
  return (error instanceof DOMException && PROBLEMS[error.name]) || 'unknown';
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function readChoice(): DeviceChoice {
  try {
    const read: unknown = JSON.parse(globalThis.localStorage?.getItem(KEY) ?? '{}');
    const entries = Object.entries(read as object).filter(([kind, id]) => ['mic', 'camera', 'speaker'].includes(kind) && typeof id === 'string');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
