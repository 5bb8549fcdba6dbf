/** The call of a page: joins and leaves, sends what is on, shows what the roster allows of the others. */
import type { SignalClient } from '../presence/SignalClient';
import { NO_MEDIA } from '../presence/signalMessages';
import { MEDIA_NEEDS } from '../sync/permissions';
import type { IceState, Me, Media, MediaKind, MuteRequest, Permission, Person, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import type { Carrier } from './carrier';
import { testConnection } from './connectionTest';
import { LocalDevices } from './devices';
import { Forwarded } from './forwarded';
import { qualityOf } from './linkStats';
import { Mesh } from './mesh';
import { CAMERA, SECTIONS } from './sections';
import { type Speaking, SpeakingJudge } from './speaking';
import type { Call, CallState, ConnectionTestResult, LinkStats, Tile } from './types';
import { Voices } from './voices';

/** What the engine needs of the page's room. */
export interface CallRoom {
  readonly me: Store<Me>;
  readonly roster: Store<readonly Person[]>;
  readonly permissions: Store<ReadonlySet<Permission>>;
  readonly muteRequest: Store<MuteRequest | null>;
  readonly signal: SignalClient;
}

const KINDS: readonly MediaKind[] = ['mic', 'camera', 'screen'];
const LISTEN_EVERY_MS = 200;
const STATS_EVERY_MS = 2_000;
const REPORT_EVERY = 5;
const SILENCE: Speaking = { now: new Set(), speaker: null };
/** Bits per second that a page sends of its camera to all the others together, and at most and least to one. */
const CAMERA_RATE = { all: 2_400_000, most: 1_200_000, least: 250_000, low: 100_000 };

export class CallEngine implements Call {
  readonly state = createStore<CallState>({ kind: 'out' });
  readonly inCall = createStore<readonly string[]>([]);
  readonly devices = new LocalDevices();
  readonly local = this.devices.local;
  readonly tiles = createStore<readonly Tile[]>([]);
  readonly speaker = createStore<string | null>(null);
  readonly mode = createStore<'mesh' | 'forwarder'>('mesh');
  readonly stats = createStore<ReadonlyMap<string, LinkStats>>(new Map());
  readonly lowBandwidth = createStore(false);
  private readonly voices = new Voices();
  private id = '';
  private carrier: Carrier | null = null;
  private speaking = SILENCE;
  private inView: ReadonlyMap<string, { width: number; height: number }> | null = null;
  private isTalking = false;
  private said: Media = NO_MEDIA;
  private endings: (() => void)[] = [];

  constructor(private readonly room: CallRoom) {
    room.roster.subscribe(() => this.showInCall());
    this.showInCall();
  }

  // ---- what the person does

  async preview(want: { mic: boolean; camera: boolean }): Promise<void> {
    if (this.id) return;
    const wanted = (['mic', 'camera'] as const).filter((kind) => want[kind]);
    await Promise.all([this.devices.look(), ...wanted.map((kind) => this.turn(kind, true))]);
  }

  endPreview(): void {
    if (!this.id) this.devices.switchAllOff();
  }

  async join(): Promise<void> {
    if (this.id) return;
    if (typeof RTCPeerConnection === 'undefined') return this.fail('unsupported');
    if (this.room.signal.state.get().kind !== 'open') return this.fail('offline');
    this.id = newCallId();
    this.state.set({ kind: 'joining' });
    this.listen();
    this.room.signal.setCall(this.id);
    this.sayMedia();
    void this.devices.look();
  }

  leave(): void {
    if (!this.id) return;
    this.end();
    this.state.set({ kind: 'out' });
  }

  async turn(kind: MediaKind, on: boolean): Promise<void> {
    if (kind === 'mic') this.isTalking = false;
    await this.switch(kind, on);
  }

  pushToTalk(down: boolean): void {
    if (down === this.isTalking || (down && this.local.get().mic.kind !== 'off')) return;
    this.isTalking = down;
    void this.switch('mic', down);
  }

  setLowBandwidth(on: boolean): void {
    this.lowBandwidth.set(on);
    this.carrier?.refresh();
  }

  setInView(sizes: ReadonlyMap<string, { width: number; height: number }>): void {
    this.inView = sizes;
    this.carrier?.refresh();
  }

  async testConnection(onResult: (result: ConnectionTestResult) => void): Promise<void> {
    const { signal } = this.room;
    await testConnection({ isSignaling: signal.state.get().kind === 'open', configuration: configurationOf(signal.ice.get()), onResult });
  }

  // ---- one's own

  private async switch(kind: MediaKind, on: boolean): Promise<void> {
    if (!on) this.devices.switchOff(kind);
    else if (this.may(kind)) await this.devices.switchOn(kind);
  }

  private may(kind: MediaKind): boolean {
    return this.room.permissions.get().has(MEDIA_NEEDS[kind]);
  }

  private sayMedia(): void {
    const local = this.local.get();
    const media = Object.fromEntries(KINDS.map((kind) => [kind, local[kind].kind === 'on' && this.may(kind)])) as Media;
    if (KINDS.every((kind) => media[kind] === this.said[kind])) return;
    this.said = media;
    this.room.signal.setMedia(media);
  }

  private onLocal(): void {
    this.sayMedia();
    this.carrier?.refresh();
    this.show();
  }

  private onRights(): void {
    for (const kind of KINDS) if (!this.may(kind)) this.devices.switchOff(kind);
    this.onLocal();
  }

  /** What a moderator asks for is done; the page says by whom. */
  private onMuteRequest(): void {
    const request = this.room.muteRequest.get();
    if (request) void this.turn(request.what, false);
  }

  // ---- life

  private listen(): void {
    const { room } = this;
    const { signal } = room;
    const listening = setInterval(() => this.hear(), LISTEN_EVERY_MS);
    const measuring = this.measure();
    const leave = (): void => this.leave();
    window.addEventListener('pagehide', leave);
    this.endings = [
      room.roster.subscribe(() => this.onRoster()),
      room.permissions.subscribe(() => this.onRights()),
      room.muteRequest.subscribe(() => this.onMuteRequest()),
      this.local.subscribe(() => this.onLocal()),
      this.devices.chosen.subscribe(() => this.voices.setSpeaker(this.devices.chosen.get().speaker)),
      this.devices.level.subscribe(() => {}),
      signal.state.subscribe(() => this.onLine()),
      signal.callRefused.subscribe(() => signal.callRefused.get() && this.refused()),
      signal.mediaMode.subscribe(() => this.reopen()),
      signal.onPeer((words) => this.carrier?.take(words)),
      signal.ice.subscribe(() => this.carrier?.setConfiguration(configurationOf(signal.ice.get()))),
      this.renewIce(),
      () => clearInterval(listening),
      () => clearInterval(measuring),
      () => window.removeEventListener('pagehide', leave),
    ];
    this.voices.setSpeaker(this.devices.chosen.get().speaker);
  }

  private end(): void {
    for (const end of this.endings.splice(0)) end();
    this.carrier?.close();
    this.carrier = null;
    this.id = '';
    this.said = NO_MEDIA;
    this.speaking = SILENCE;
    this.isTalking = false;
    this.room.signal.setCall('');
    this.devices.switchAllOff();
    this.voices.set(new Map());
    this.tiles.set([]);
    this.speaker.set(null);
    this.stats.set(new Map());
  }

  private fail(reason: 'unsupported' | 'offline' | 'refused'): void {
    this.state.set({ kind: 'failed', reason });
  }

  private refused(): void {
    this.end();
    this.fail('refused');
  }

  private onLine(): void {
    const line = this.room.signal.state.get();
    if (line.kind === 'ended') return this.leave();
    if (this.state.get().kind === 'joining') return;
    this.state.set({ kind: line.kind === 'open' ? 'in' : 'reconnecting' });
    if (line.kind === 'open') this.carrier?.repeat();
    this.show();
  }

  private onRoster(): void {
    if (this.isIn && this.state.get().kind === 'joining') {
      this.reopen();
      this.state.set({ kind: 'in' });
    }
    this.carrier?.refresh();
    this.show();
  }

  /** The call goes another way from now on, or begins anew. */
  private reopen(): void {
    if (!this.isIn) return;
    this.carrier?.close();
    const { mode } = this.room.signal.mediaMode.get();
    this.mode.set(mode);
    this.carrier = mode === 'mesh' ? this.openMesh() : this.openForwarded();
    this.show();
  }

  private get isIn(): boolean {
    return this.id !== '' && this.room.roster.get().some(({ session, call }) => session === this.session && call === this.id);
  }

  private openMesh(): Carrier {
    const { signal } = this.room;
    return new Mesh({
      ...this.carrying(), line: signal, call: this.id,
      wants: (session, section) => section !== CAMERA || this.wantsCamera(session),
      cameraLimit: (others) => this.cameraLimit(others),
      onUnreachable: () => signal.askForwarder(),
    });
  }

  private openForwarded(): Carrier {
    const { signal } = this.room;
    return new Forwarded({ ...this.carrying(), line: signal, cameraLimit: () => this.cameraLimit(this.inCall.get().length - 1) });
  }

  private carrying() {
    return {
      session: this.session,
      configuration: configurationOf(this.room.signal.ice.get()),
      trackOf: (section: number) => {
        const { media, kind } = SECTIONS[section]!;
        return this.devices.track(media, kind);
      },
      maySend: (section: number) => this.room.permissions.get().has(SECTIONS[section]!.need),
      onChange: () => this.show(),
    };
  }

  private get session(): string {
    return this.room.me.get().session;
  }

  private wantsCamera(session: string): boolean {
    if (this.lowBandwidth.get() && session !== this.speaking.speaker) return false;
    return this.inView?.has(session) ?? true;
  }

  private cameraLimit(others: number): number {
    if (this.lowBandwidth.get()) return CAMERA_RATE.low;
    return Math.max(CAMERA_RATE.least, Math.min(CAMERA_RATE.most, Math.round(CAMERA_RATE.all / Math.max(1, others))));
  }

  /** New credentials well before the old ones run out. @returns Stops it. */
  private renewIce(): () => void {
    const { signal } = this.room;
    const timer = setInterval(() => {
      const left = signal.ice.get().expires_at / 1000 - Date.now();
      if (signal.ice.get().expires_at > 0 && left < RENEW_LEFT_MS) signal.askIce();
    }, RENEW_CHECK_MS);
    return () => clearInterval(timer);
  }

  // ---- what is shown and heard

  private showInCall(): void {
    const people = this.room.roster.get().filter(({ call }) => call);
    const sessions = [...people].sort((a, b) => a.since - b.since).map(({ session }) => session);
    const before = this.inCall.get();
    if (sessions.length !== before.length || sessions.some((session, at) => session !== before[at])) this.inCall.set(sessions);
  }

  private show(): void {
    if (!this.carrier) return;
    const roster = new Map(this.room.roster.get().map((person) => [person.session, person]));
    const people = this.inCall.get().flatMap((session) => roster.get(session) ?? []);
    this.voices.set(this.audible(people));
    const before = new Map(this.tiles.get().map((tile) => [tile.id, tile]));
    const tiles = people.flatMap((person) => this.tilesOf(person)).map((tile) => unchanged(before.get(tile.id), tile));
    const isSame = tiles.length === before.size && tiles.every((tile, at) => tile === this.tiles.get()[at]);
    if (!isSame) this.tiles.set(tiles);
  }

  private audible(people: readonly Person[]): ReadonlyMap<string, MediaStream> {
    const heard = people.filter((person) => person.session !== this.session && sends(person, 'mic'));
    return new Map(heard.flatMap(({ session }) => {
      const streams = this.carrier?.streamsOf(session);
      return streams ? [[session, streams.voice] as const] : [];
    }));
  }

  private tilesOf(person: Person): Tile[] {
    const isMe = person.session === this.session;
    const connection = isMe ? 'connected' : this.carrier!.connectionOf(person.session);
    const common = {
      session: person.session, isMe, name: person.name, color: person.color, mic: sends(person, 'mic'), hand: person.hand, connection,
      quality: isMe ? { kind: 'good' } as const : qualityOf(this.statsOf(person.session), connection),
    };
    const face: Tile = {
      ...common, id: person.session, kind: 'person', hasPicture: sends(person, 'camera'), stream: this.pictureOf(person, 'camera'),
      isSpeaking: common.mic && this.speaking.now.has(person.session),
    };
    if (!sends(person, 'screen')) return [face];
    const screen: Tile = {
      ...common, id: `${person.session}/screen`, kind: 'screen', hasPicture: true, stream: this.pictureOf(person, 'screen'), isSpeaking: false,
    };
    return [face, screen];
  }

  /** Through the forwarder all come over one connection. */
  private statsOf(session: string): LinkStats | undefined {
    return this.stats.get().get(session) ?? this.stats.get().get(this.session);
  }

  private pictureOf(person: Person, kind: 'camera' | 'screen'): MediaStream | null {
    if (!sends(person, kind)) return null;
    if (person.session !== this.session) return this.carrier?.streamsOf(person.session)?.[kind] ?? null;
    const local = this.local.get()[kind];
    return local.kind === 'on' ? local.stream : null;
  }

  private readonly judge = new SpeakingJudge();

  private hear(): void {
    if (!this.carrier) return;
    const levels = new Map([...this.carrier.levels(), [this.session, this.devices.level.get()]]);
    const before = this.speaking;
    this.speaking = this.judge.judge(levels, performance.now());
    this.speaker.set(this.speaking.speaker);
    if (before.speaker !== this.speaking.speaker && this.lowBandwidth.get()) this.carrier.refresh();
    this.show();
  }

  private measure(): ReturnType<typeof setInterval> {
    let count = 0;
    return setInterval(() => void this.carrier?.stats().then((stats) => {
      if (!this.carrier) return;
      this.stats.set(stats);
      this.show();
      count += 1;
      if (count % REPORT_EVERY === 0 && stats.size > 0) this.report([...stats.values()]);
    }), STATS_EVERY_MS);
  }

  /** The worst of the connections, and all that goes over them. */
  private report(stats: readonly LinkStats[]): void {
    const worst = (read: (one: LinkStats) => number | null): number | null =>
      stats.reduce<number | null>((most, one) => (read(one) === null ? most : Math.max(most ?? 0, read(one) as number)), null);
    const sum = (read: (one: LinkStats) => number): number => stats.reduce((all, one) => all + read(one), 0);
    const milliseconds = (seconds: number | null): number | null => (seconds === null ? null : Math.min(60_000, seconds * 1000));
    this.room.signal.reportQuality({
      rtt_ms: milliseconds(worst(({ roundTrip }) => roundTrip)), jitter_ms: milliseconds(worst(({ jitter }) => jitter)),
      loss: worst(({ loss }) => loss), up_kbps: sum(({ up }) => up) / 1000, down_kbps: sum(({ down }) => down) / 1000,
    });
  }
}

const RENEW_CHECK_MS = 15_000;
const RENEW_LEFT_MS = 45_000;

/** What somebody says that he sends, and may. */
function sends(person: Person, kind: MediaKind): boolean {
  return person.media[kind] && person.permissions.includes(MEDIA_NEEDS[kind]);
}

function unchanged(before: Tile | undefined, now: Tile): Tile {
  if (!before) return now;
  const keys = Object.keys(now) as (keyof Tile)[];
  const isSame = keys.every((key) => (key === 'quality' ? JSON.stringify(before[key]) === JSON.stringify(now[key]) : before[key] === now[key]));
  return isSame ? before : now;
}

function configurationOf({ servers, relay_only }: IceState): RTCConfiguration {
  return {
    iceServers: servers.map(({ urls, ...credentials }) => ({ urls: [...urls], ...credentials })),
    iceTransportPolicy: relay_only ? 'relay' : 'all', bundlePolicy: 'max-bundle',
  };
}

/** 128 random bits. */
function newCallId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
