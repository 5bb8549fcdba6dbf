/** A call from browser to browser: a connection to each other page of the call, by what the roster says. */
import type { PeerWords } from '../presence/signalMessages';
import type { SignalClient } from '../presence/SignalClient';
import type { Person } from '../sync/types';
import type { Carrier, RemoteStreams } from './carrier';
import { StatsReader } from './linkStats';
import { type LinkWords, PeerLink } from './peerLink';
import type { LinkStats, Tile } from './types';

export type CallLine = Pick<SignalClient, 'state' | 'roster' | 'tell'>;

export interface MeshOptions {
  line: CallLine;
  /** Of this page. */
  session: string;
  call: string;
  configuration: RTCConfiguration;
  trackOf(section: number): MediaStreamTrack | null;
  maySend(section: number): boolean;
  wants(session: string, section: number): boolean;
  /** Of the camera, bits per second, for so many others. */
  cameraLimit(others: number): number;
  onChange(): void;
  /** Somebody cannot be reached directly. */
  onUnreachable(): void;
}

interface Other {
  readonly session: string;
  readonly call: string;
  /** Counts the connections of the two. */
  link: number;
  peer: PeerLink | null;
  stats: StatsReader;
}

/** Connections that must have failed before somebody counts as out of direct reach. */
const ATTEMPTS = 2;
/** Pages come back to a server within so long, most of them. */
const LENIENT_MS = 10_000;

export class Mesh implements Carrier {
  private readonly others = new Map<string, Other>();
  private configuration: RTCConfiguration;
  /** Until then nobody is taken for gone whom the roster does not show. */
  private lenient = 0;
  private leniency: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: MeshOptions) {
    this.configuration = options.configuration;
    this.refresh();
  }

  streamsOf(session: string): RemoteStreams | null {
    return this.others.get(session)?.peer?.remote ?? null;
  }

  connectionOf(session: string): Tile['connection'] {
    const other = this.others.get(session);
    if (other?.peer?.isConnected) return 'connected';
    return other && (other.link > 0 || other.peer?.wasConnected) ? 'lost' : 'connecting';
  }

  levels(): ReadonlyMap<string, number> {
    return new Map([...this.others].map(([session, { peer }]) => [session, peer?.voiceLevel ?? 0]));
  }

  async stats(): Promise<ReadonlyMap<string, LinkStats>> {
    const connected = [...this.others.values()].filter(({ peer }) => peer?.isConnected);
    const read = connected.map(async ({ session, stats, peer }) => [session, await stats.read((peer as PeerLink).connection)] as const);
    return new Map((await Promise.all(read)).flatMap(([session, one]) => (one ? [[session, one] as const] : [])));
  }

  /** While the server is gone nobody leaves: what stands goes on. */
  refresh(): void {
    if (this.options.line.state.get().kind === 'open') this.follow(this.options.line.roster.get());
    const limit = this.options.cameraLimit(this.others.size);
    for (const { peer } of this.others.values()) {
      peer?.refresh();
      void peer?.limitCamera(limit);
    }
  }

  /** A server that has started anew hears of the call only by and by. */
  repeat(): void {
    this.lenient = performance.now() + LENIENT_MS;
    clearTimeout(this.leniency);
    this.leniency = setTimeout(() => this.refresh(), LENIENT_MS);
    this.refresh();
    for (const { peer } of this.others.values()) peer?.repeat();
  }

  take(words: PeerWords & { from: string }): void {
    const other = this.others.get(words.from);
    if (other?.call !== words.peer || words.link < other.link) return;
    if (words.type === 'hangup') return this.hungUp(other, words.link);
    if (words.type === 'offer' && !this.calls(other) && (words.link > other.link || !other.peer)) this.connect(other, words.link);
    if (words.link === other.link) void other.peer?.take(words);
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
    for (const { peer } of this.others.values()) peer?.setConfiguration(configuration);
  }

  close(): void {
    clearTimeout(this.leniency);
    for (const { peer } of this.others.values()) peer?.close();
    this.others.clear();
  }

  private follow(roster: readonly Person[]): void {
    const there = new Map(roster.filter(({ session, call }) => call && session !== this.options.session).map((person) => [person.session, person.call]));
    for (const [session, other] of this.others) {
      const call = there.get(session);
      if (call === other.call || (call === undefined && performance.now() < this.lenient)) continue;
      other.peer?.close();
      this.others.delete(session);
    }
    for (const [session, call] of there) {
      if (this.others.has(session)) continue;
      const other: Other = { session, call, link: 0, peer: null, stats: new StatsReader() };
      this.others.set(session, other);
      if (this.calls(other)) this.connect(other, 0);
    }
  }

  /** Of two the one whose id comes first makes the offers of new connections. */
  private calls(other: Other): boolean {
    return this.options.call < other.call;
  }

  private connect(other: Other, link: number): void {
    other.peer?.close();
    other.link = link;
    other.stats = new StatsReader();
    const { options } = this;
    const peer = new PeerLink({
      configuration: this.configuration,
      isCaller: this.calls(other),
      send: (words) => this.tell(other, link, words),
      trackOf: (section) => options.trackOf(section),
      maySend: (section) => options.maySend(section),
      wants: (section) => options.wants(other.session, section),
      onChange: () => options.onChange(),
      onDead: () => this.died(other, peer),
    });
    other.peer = peer;
    options.onChange();
  }

  private died(other: Other, peer: PeerLink): void {
    if (other.peer !== peer) return;
    if (other.link >= ATTEMPTS - 1 && !peer.wasConnected) this.options.onUnreachable();
    if (this.calls(other)) return this.connect(other, other.link + 1);
    peer.close();
    other.peer = null;
    this.options.line.tell({ type: 'hangup', to: other.session, peer: other.call, link: other.link });
    other.link += 1;
    this.options.onChange();
  }

  private hungUp(other: Other, link: number): void {
    if (this.calls(other)) return this.connect(other, link + 1);
    other.peer?.close();
    other.peer = null;
    other.link = link + 1;
    this.options.onChange();
  }

  private tell(other: Other, link: number, words: LinkWords): void {
    this.options.line.tell({ ...words, to: other.session, peer: other.call, link });
  }
}
