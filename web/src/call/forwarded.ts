/** A call through the server's forwarder: one connection that sends, one that brings everybody else's pictures and voices. */
import type { PeerWords, Sections } from '../presence/signalMessages';
import type { SignalClient } from '../presence/SignalClient';
import { AnsweringLink } from './answeringLink';
import type { Carrier, RemoteStreams } from './carrier';
import { StatsReader } from './linkStats';
import { CAMERA, SECTIONS } from './sections';
import type { LinkStats, Tile } from './types';

/** How the forwarder is addressed; no page has this id. */
export const FORWARDER = 'forwarder';

type Name = 'publish' | 'subscribe';
type Kind = 'mic' | 'camera' | 'screen' | 'sound';

export interface ForwardedOptions {
  line: Pick<SignalClient, 'tell' | 'sections'>;
  /** Of this page. */
  session: string;
  configuration: RTCConfiguration;
  trackOf(section: number): MediaStreamTrack | null;
  maySend(section: number): boolean;
  /** Of the camera, bits per second. */
  cameraLimit(): number;
  onChange(): void;
}

export class Forwarded implements Carrier {
  private readonly links: Record<Name, AnsweringLink | null> = { publish: null, subscribe: null };
  private readonly readers: Record<Name, StatsReader> = { publish: new StatsReader(), subscribe: new StatsReader() };
  private readonly forget: () => void;
  private configuration: RTCConfiguration;
  private whose: ReadonlyMap<string, ReadonlyMap<Kind, string>> = new Map();
  private readonly streams = new Map<string, RemoteStreams>();

  constructor(private readonly options: ForwardedOptions) {
    this.configuration = options.configuration;
    this.forget = options.line.sections.subscribe(() => this.takeSections(options.line.sections.get()));
  }

  streamsOf(session: string): RemoteStreams | null {
    const tracks = this.tracksOf(session);
    if (!tracks) return null;
    const before = this.streams.get(session);
    const now: RemoteStreams = {
      voice: same(before?.voice, [tracks.mic]), camera: same(before?.camera, [tracks.camera]), screen: same(before?.screen, [tracks.screen, tracks.sound]),
    };
    this.streams.set(session, now);
    return now;
  }

  connectionOf(): Tile['connection'] {
    const { subscribe } = this.links;
    if (subscribe?.isConnected) return 'connected';
    return subscribe && subscribe.link > 1 ? 'lost' : 'connecting';
  }

  levels(): ReadonlyMap<string, number> {
    const level = (mid: string | undefined): number => this.receiverOf(mid)?.getSynchronizationSources()[0]?.audioLevel ?? 0;
    return new Map([...this.whose].map(([session, mids]) => [session, level(mids.get('mic'))]));
  }

  /** All of it under this page's own session: the connections are shared by everybody's pictures. */
  async stats(): Promise<ReadonlyMap<string, LinkStats>> {
    const { publish, subscribe } = this.links;
    const [sent, got] = await Promise.all([
      publish?.isConnected ? this.readers.publish.read(publish.connection) : null,
      subscribe?.isConnected ? this.readers.subscribe.read(subscribe.connection) : null,
    ]);
    if (!got) return new Map();
    return new Map([[this.options.session, { ...got, up: got.up + (sent?.up ?? 0), down: got.down + (sent?.down ?? 0) }]]);
  }

  take(words: PeerWords & { from: string }): void {
    const { peer } = words;
    if (words.from !== FORWARDER || (peer !== 'publish' && peer !== 'subscribe')) return;
    const link = this.links[peer];
    if (link && words.link < link.link) return;
    if (words.type === 'offer' && words.link !== link?.link) this.connect(peer, words.link);
    this.links[peer]?.take(words);
  }

  refresh(): void {
    const { publish } = this.links;
    if (!publish || publish.transceivers.length === 0) return;
    // Only the forwarder offers: what may be sent now and was not agreed upon takes a fresh connection.
    const isAgreed = publish.transceivers.every(({ direction }, section) => (direction === 'sendonly') === this.options.maySend(section));
    if (isAgreed) this.fill(publish.transceivers);
    else if (publish.isConnected) this.giveUp('publish');
  }

  /** A server that is back tells by itself how the call goes on. */
  repeat(): void {}

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
    for (const link of Object.values(this.links)) link?.connection.setConfiguration(configuration);
  }

  close(): void {
    this.forget();
    for (const link of Object.values(this.links)) link?.close();
  }

  private connect(peer: Name, number: number): void {
    this.links[peer]?.close();
    this.readers[peer] = new StatsReader();
    const link: AnsweringLink = new AnsweringLink(number, {
      configuration: this.configuration,
      send: (words) => this.options.line.tell({ ...words, to: FORWARDER, peer, link: number }),
      prepare: (transceivers) => {
        if (peer === 'publish') this.prepare(transceivers);
      },
      onChange: () => this.options.onChange(),
      onDead: () => {
        if (this.links[peer] === link) this.giveUp(peer);
      },
    });
    this.links[peer] = link;
  }

  private giveUp(peer: Name): void {
    const link = this.links[peer];
    if (link) this.options.line.tell({ type: 'hangup', to: FORWARDER, peer, link: link.link });
  }

  private prepare(transceivers: readonly RTCRtpTransceiver[]): void {
    transceivers.forEach((transceiver, section) => {
      transceiver.direction = section < SECTIONS.length && this.options.maySend(section) ? 'sendonly' : 'inactive';
    });
    this.fill(transceivers);
  }

  private fill(transceivers: readonly RTCRtpTransceiver[]): void {
    transceivers.forEach(({ sender }, section) => {
      const track = this.options.maySend(section) ? this.options.trackOf(section) : null;
      if (sender.track !== track) void sender.replaceTrack(track).catch(() => {});
    });
    void this.limitCamera(transceivers[CAMERA]?.sender);
  }

  private async limitCamera(sender: RTCRtpSender | undefined): Promise<void> {
    const parameters = sender?.getParameters();
    const [encoding] = parameters?.encodings ?? [];
    const most = this.options.cameraLimit();
    if (!sender || !parameters || !encoding || encoding.maxBitrate === most) return;
    encoding.maxBitrate = most;
    await sender.setParameters(parameters).catch(() => {}); // between two negotiations: the next refresh does it
  }

  private takeSections(told: Sections | null): void {
    const whose = new Map<string, Map<Kind, string>>();
    for (const [mid, session, kind] of told?.sections ?? []) {
      const mids = whose.get(session) ?? new Map<Kind, string>();
      whose.set(session, mids.set(kind, mid));
    }
    this.whose = whose;
    for (const session of this.streams.keys()) if (!whose.has(session)) this.streams.delete(session);
    this.options.onChange();
  }

  private receiverOf(mid: string | undefined): RTCRtpReceiver | undefined {
    return mid === undefined ? undefined : this.links.subscribe?.transceivers.find((one) => one.mid === mid)?.receiver;
  }

  private tracksOf(session: string): Record<Kind, MediaStreamTrack | undefined> | null {
    const mids = this.whose.get(session);
    if (!mids) return null;
    const track = (kind: Kind): MediaStreamTrack | undefined => this.receiverOf(mids.get(kind))?.track;
    return { mic: track('mic'), camera: track('camera'), screen: track('screen'), sound: track('sound') };
  }
}

/** The stream that there was if it holds these tracks, else another one: players notice only that. */
function same(before: MediaStream | undefined, wanted: readonly (MediaStreamTrack | undefined)[]): MediaStream {
  const tracks = wanted.filter((track) => track !== undefined);
  const held = before?.getTracks() ?? [];
  return before && held.length === tracks.length && tracks.every((track) => held.includes(track)) ? before : new MediaStream(tracks);
}
