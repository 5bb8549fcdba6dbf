/**
 * What the /signal socket tells a page that is in the room: who is here, what the room is called, whom the server takes
 * us for and what we may do, who knocks, and what moderators ask of us. And what the page asks of the others.
 *
 * While there is no socket the roster shows whom the whiteboard's awareness shows.
 */
import type { Awareness } from 'y-protocols/awareness';
import type {
  IceState, Knock, Me, Media, MediaKind, MuteRequest, Person, Removal, Rights, RoomInfo, Store,
} from '../sync/types';
import { createStore } from '../sync/valueStore';
import { peopleOnBoard } from './boardPresence';
import { RosterStore } from './rosterStore';
import {
  type ClientMessage, type Diff, type MediaMode, NO_MEDIA, type PeerWords, type QualityReport, readMessage, type RosterState, type Sections, type ServerMessage,
  type Welcome,
} from './signalMessages';
import type { RecordingTold } from './signalMessages';
import { SignalSocket, type SignalSocketOptions, type SignalState, TIMING } from './signalSocket';

export type { SignalState, SignalTiming } from './signalSocket';

export interface SignalOptions extends SignalSocketOptions {
  me: Store<Me>;
  /** Of the whiteboard's present generation. */
  awareness: () => Awareness;
  onRoom: (room: RoomInfo) => void;
  onYou: (you: Pick<Me, 'name' | 'role' | 'color'>) => void;
  onRights?: (rights: Rights) => void;
  /** The server has ended this for good: a moderator's reason, or none and only the code. */
  onEnded?: (removal: Removal) => void;
}

/** Hears what the pages of the call say to this one. */
export type PeerListener = (words: PeerWords & { from: string }) => void;

export class SignalClient {
  /** Who waits to be let in, the longest waiting first. */
  readonly knocks = createStore<readonly Knock[]>([]);
  readonly muteRequest = createStore<MuteRequest | null>(null);
  /** The recording that runs, or one that ended for a reason nobody asked for. */
  readonly recording = createStore<RecordingTold | null>(null);
  readonly ice = createStore<IceState>({ servers: [], relay_only: false, expires_at: 0 });
  /** Another object each time the server says it: then the call begins anew, in the same mode too. */
  readonly mediaMode = createStore<{ readonly mode: MediaMode }>({ mode: 'mesh' });
  /** Of the forwarder's connection, the newest. */
  readonly sections = createStore<Sections | null>(null);
  /** The server does not let this page into the call. */
  readonly callRefused = createStore(false);
  private readonly peerListeners = new Set<PeerListener>();
  private readonly people = new RosterStore();
  private readonly socket: SignalSocket;
  private isAskingRoster = false;
  /** A name that the server has not confirmed. */
  private wantedName: string | undefined;
  /** Said again on each new socket: the server forgets it with the old one. */
  private call = '';
  private media = NO_MEDIA;
  private hand = false;
  private graceTimer: ReturnType<typeof setTimeout> | undefined;
  private substituted: { awareness: Awareness; end: () => void } | undefined;

  constructor(private readonly options: SignalOptions) {
    this.socket = new SignalSocket(options, {
      onText: (text) => this.receive(text),
      onLost: () => this.lost(),
      onEnded: (code) => this.ended({ code, reason: '' }),
      lifeSign: () => ({ type: 'roster' }) satisfies ClientMessage,
    });
    this.substitute();
    this.state.subscribe(() => {
      if (this.substituted && this.state.get().kind === 'connecting') this.substitute();
    });
    this.socket.start();
  }

  get state(): Store<SignalState> {
    return this.socket.state;
  }

  get roster(): Store<readonly Person[]> {
    return this.people;
  }

  /** Be called by another name; without a socket as soon as there is one. */
  rename(name: string): void {
    if (this.wantedName === undefined && this.ownName() === name) return;
    this.wantedName = name;
    this.send({ type: 'rename', name });
  }

  /** Go on with this token: the sockets of this page stay open for as long as it lasts. */
  renew(token: string): void {
    this.send({ type: 'renew', token });
  }

  setHand(up: boolean): void {
    this.hand = up;
    this.send({ type: 'hand', up });
  }

  /** Join the call under this id, another one at each joining; '' leaves it, and nothing is sent any more. */
  setCall(id: string): void {
    this.call = id;
    this.media = NO_MEDIA;
    this.callRefused.set(false);
    this.send({ type: 'call', id });
  }

  /** Only in the call. */
  setMedia(media: Media): void {
    this.media = media;
    this.send({ type: 'media', ...media });
  }

  /** Say something to a page of the call; without a socket it is lost. */
  tell(words: PeerWords & { to: string }): void {
    this.send(words);
  }

  onPeer(listener: PeerListener): () => void {
    this.peerListeners.add(listener);
    return () => this.peerListeners.delete(listener);
  }

  /** `ice` gets other credentials. */
  askIce(): void {
    this.send({ type: 'ice' });
  }

  /** Let the call go through the forwarder: wanted, or somebody cannot be reached directly. */
  askForwarder(): void {
    this.send({ type: 'media_mode', mode: 'forwarder' });
  }

  reportQuality(report: QualityReport): void {
    this.send({ type: 'quality', ...report });
  }

  requestMute(to: string, what: MediaKind): void {
    this.send({ type: 'mute_request', to, what });
  }

  admit(sub: string): void {
    this.send({ type: 'admit', sub });
  }

  decline(sub: string, reason?: string): void {
    this.send({ type: 'decline', sub, ...(reason && { reason }) });
  }

  /** Connect again after an end. */
  restart(): void {
    if (this.state.get().kind === 'ended') this.socket.start();
  }

  /** Leave: the others see it at once. */
  close(): void {
    this.send({ type: 'leave' });
    this.end('left');
    this.substituted?.end();
  }

  /** Say nothing more and listen no more; the roster shows whom the board shows. */
  end(code: string): void {
    if (this.state.get().kind === 'ended') return;
    this.socket.end(code);
    clearTimeout(this.graceTimer);
    this.knocks.set([]);
    this.substitute();
  }

  private send(message: ClientMessage): void {
    if (this.socket.isOpen) this.socket.send(message);
  }

  // ---- what the server says

  private receive(text: string): void {
    const message = readMessage(text);
    if (message) this.take(message);
  }

  private take(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome': return this.welcomed(message);
      case 'roster': return this.resetRoster(message);
      case 'joined': case 'updated': case 'left': return this.apply(message);
      case 'room': return this.options.onRoom(message.room);
      case 'permissions': return this.rightsChanged({ role: message.role, permissions: message.permissions });
      case 'recording': return this.recording.set(message.running || message.reason ? message : null);
      case 'muted': return this.muteRequest.set({ what: message.what, by: message.by });
      case 'knock': return this.knocked(message);
      case 'knock_gone': return this.knocks.set(this.knocks.get().filter(({ sub }) => sub !== message.sub));
      case 'removed': return this.removed({ code: message.code, reason: message.reason });
      case 'draining': return this.socket.drain();
      case 'ice': return this.ice.set({ servers: message.servers, relay_only: message.relay_only, expires_at: message.expires_at });
      case 'media_mode': return this.mediaMode.set({ mode: message.mode });
      case 'sections': return this.sections.set({ link: message.link, sections: message.sections });
      case 'offer': case 'answer': case 'candidate': case 'hangup':
        for (const listener of [...this.peerListeners]) listener(message);
        return;
      case 'error': return this.refused(message.code, message.reason, message.about);
      // Those of the lobby are for Knocking.
      case 'renewed': case 'waiting': case 'admitted': case 'declined': return;
    }
  }

  private welcomed({ you, room, roster, permissions, knocks = [], ice, media_mode, recording }: Welcome): void {
    clearTimeout(this.graceTimer);
    this.graceTimer = undefined;
    this.substituted?.end();
    this.options.onRoom(room);
    this.options.onYou({ ...you, name: this.wantedName ?? you.name });
    this.options.onRights?.({ role: you.role, permissions });
    if (ice) this.ice.set(ice);
    if (media_mode && media_mode !== this.mediaMode.get().mode) this.mediaMode.set({ mode: media_mode });
    this.recording.set(recording ?? null);
    this.resetRoster(roster);
    if (this.call) {
      this.socket.send({ type: 'call', id: this.call } satisfies ClientMessage);
      this.socket.send({ type: 'media', ...this.media } satisfies ClientMessage);
    }
    this.socket.confirm();
    this.knocks.set([...knocks].sort((a, b) => a.since - b.since));
    if (this.wantedName !== undefined) this.send({ type: 'rename', name: this.wantedName });
    if (this.hand) this.send({ type: 'hand', up: true });
  }

  private resetRoster(roster: RosterState): void {
    this.isAskingRoster = false;
    this.people.reset(roster);
    this.hearOfMe(roster.sessions.find(({ session }) => session === this.options.session));
  }

  private apply(diff: Diff): void {
    const applied = this.people.apply(diff);
    if (applied === 'gap') this.askRoster();
    else if (applied === 'applied' && diff.type !== 'left') this.hearOfMe(diff.person);
  }

  private askRoster(): void {
    if (this.isAskingRoster) return;
    this.isAskingRoster = true;
    this.send({ type: 'roster' });
  }

  /** Our own page is in the roster like any other: another page of ours may have taken another name. */
  private hearOfMe(person: Person | undefined): void {
    if (person?.session !== this.options.session) return;
    if (this.wantedName === person.name) this.wantedName = undefined;
    this.options.onYou({ ...person, name: this.wantedName ?? person.name });
  }

  private rightsChanged(rights: Rights): void {
    // Nobody tells those who moderate no more that somebody has stopped waiting.
    if (!rights.permissions.includes('moderate')) this.knocks.set([]);
    this.options.onRights?.(rights);
  }

  private knocked({ sub, name, since }: Knock): void {
    this.knocks.set([...this.knocks.get().filter((knock) => knock.sub !== sub), { sub, name, since }]);
  }

  private removed(removal: Removal): void {
    this.end(removal.code);
    this.ended(removal);
  }

  private refused(code: string, reason: string, about: string | undefined): void {
    console.warn(`signaling: ${code}: ${reason}`);
    if (about === 'call') this.callRefused.set(true);
    const name = this.ownName();
    if (this.wantedName === undefined || name === undefined || about !== 'rename') return;
    this.wantedName = undefined;
    this.options.onYou({ ...this.options.me.get(), name });
  }

  private ownName(): string | undefined {
    return this.people.get().find(({ session }) => session === this.options.session)?.name;
  }

  // ---- without the server

  private lost(): void {
    this.isAskingRoster = false;
    this.graceTimer ??= setTimeout(() => this.substitute(), this.options.timing?.grace ?? TIMING.grace);
  }

  private ended(removal: Removal): void {
    clearTimeout(this.graceTimer);
    this.knocks.set([]);
    this.substitute();
    this.options.onEnded?.(removal);
  }

  private substitute(): void {
    this.graceTimer = undefined;
    const awareness = this.options.awareness();
    if (this.substituted?.awareness === awareness) return;
    this.substituted?.end();
    const show = (): void => this.people.substitute(peopleOnBoard(awareness, this.options.me.get()));
    awareness.on('change', show);
    const forgetMe = this.options.me.subscribe(show);
    const end = (): void => {
      awareness.off('change', show);
      forgetMe();
      this.substituted = undefined;
    };
    this.substituted = { awareness, end };
    show();
  }
}
