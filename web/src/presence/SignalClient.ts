/**
 * The /signal socket: who is in the room, what the room is called, and who the server takes us for.
 *
 * It connects by itself and comes back after every loss, later each time. 44xx ends it, but for 4401 one new token is
 * tried. While there is no socket the roster shows whom the whiteboard's awareness shows.
 */
import type { Awareness } from 'y-protocols/awareness';
import { ApiError } from '../api/client';
import { listenToPage } from '../sync/pageEvents';
import type { Me, Person, RoomInfo, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { peopleOnBoard } from './boardPresence';
import { RosterStore } from './rosterStore';
import { type ClientMessage, type Diff, readMessage, type RosterState, type ServerMessage } from './signalMessages';

export interface SignalOptions {
  /** `wss://host/signal/<room>` */
  url: string;
  session: string;
  /** A token that is valid by this device's clock. Rejects with an ApiError when there is none. */
  token: () => Promise<string>;
  /** Get another token, when the server does not take this one. */
  renew: () => Promise<unknown>;
  me: Store<Me>;
  /** Of the whiteboard's present generation. */
  awareness: () => Awareness;
  onRoom: (room: RoomInfo) => void;
  onYou: (you: Pick<Me, 'name' | 'role' | 'color'>) => void;
  timing?: Partial<SignalTiming>;
  WebSocket?: typeof WebSocket;
}

/** All in milliseconds. */
export interface SignalTiming {
  /** Before the first new attempt; each takes twice as long, up to `most`, minus up to a half by chance. */
  first: number;
  most: number;
  /** After so long without a word the server is asked for one. */
  quiet: number;
  /** How long an answer may take, and the opening of a socket. */
  patience: number;
  /** How long the last roster stays when the socket is gone. */
  grace: number;
}

const TIMING: SignalTiming = { first: 500, most: 15_000, quiet: 45_000, patience: 10_000, grace: 4_000 };

/** `waiting`: for the next attempt. `ended`: for good, with the stable code. */
export type SignalState =
  | { kind: 'connecting' } | { kind: 'open' } | { kind: 'draining' } | { kind: 'waiting' } | { kind: 'ended'; code: string };

export class SignalClient {
  readonly state = createStore<SignalState>({ kind: 'connecting' });
  private readonly people = new RosterStore();
  private readonly timing: SignalTiming;
  private socket: WebSocket | undefined;
  private attempts = 0;
  private hasRenewed = false;
  private isAskingRoster = false;
  /** A name that the server has not confirmed. */
  private wantedName: string | undefined;
  private retryTimer: Timer;
  private silenceTimer: Timer;
  private graceTimer: Timer;
  private substituted: { awareness: Awareness; end: () => void } | undefined;
  private readonly stopListening: () => void;

  constructor(private readonly options: SignalOptions) {
    this.timing = { ...TIMING, ...options.timing };
    this.stopListening = listenToPage({
      online: this.wakeUp, shown: this.wakeUp, hidden: () => {}, offline: () => this.drop(),
    });
    this.substitute();
    void this.connect();
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

  /** Leave: the others see it at once. */
  close(): void {
    if (this.state.get().kind === 'ended') return;
    this.send({ type: 'leave' });
    this.end('left');
  }

  // ---- the socket

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.state.set({ kind: 'connecting' });
    if (this.substituted) this.substitute();
    try {
      const token = await this.options.token();
      if (this.state.get().kind === 'connecting') this.open(token);
    } catch (error) {
      this.failed(error);
    }
  }

  private open(token: string): void {
    const { url, session, WebSocket: Socket = WebSocket } = this.options;
    const socket = new Socket(`${url}?${new URLSearchParams({ token, session })}`);
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.receive(String(data));
    };
    // Browsers do not tell what went wrong; `close` follows.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (socket === this.socket) this.lost(code, reason);
    };
    this.expectAnswer();
  }

  /** @param reason the stable code; empty when nobody gave one. */
  private lost(close: number, reason: string): void {
    this.socket = undefined;
    this.isAskingRoster = false;
    clearTimeout(this.silenceTimer);
    this.graceTimer ??= setTimeout(() => this.substitute(), this.timing.grace);
    if (close === 4401 && !this.hasRenewed) {
      this.hasRenewed = true;
      this.state.set({ kind: 'waiting' });
      void this.renew();
    } else if (close >= 4400 && close < 4500) this.end(reason || `closed_${close}`);
    else this.retryLater();
  }

  private async renew(): Promise<void> {
    try {
      await this.options.renew();
    } catch (error) {
      this.failed(error);
      return;
    }
    if (this.state.get().kind === 'waiting') void this.connect();
  }

  /** There is no token. */
  private failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.isTemporary) this.retryLater();
    else this.end(error.code);
  }

  private retryLater(): void {
    if (this.state.get().kind === 'ended') return;
    const longest = Math.min(this.timing.first * 2 ** this.attempts, this.timing.most);
    this.attempts += 1;
    this.state.set({ kind: 'waiting' });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.connect(), longest * (1 - Math.random() / 2));
  }

  private end(code: string): void {
    if (this.state.get().kind === 'ended') return;
    this.state.set({ kind: 'ended', code });
    this.stopListening();
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    clearTimeout(this.graceTimer);
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
    if (code === 'left') this.substituted?.end();
    else this.substitute();
  }

  private send(message: ClientMessage): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(message));
  }

  private get isOpen(): boolean {
    const { kind } = this.state.get();
    return kind === 'open' || kind === 'draining';
  }

  // ---- what the server says

  private receive(text: string): void {
    const { socket } = this;
    const message = readMessage(text);
    if (message) this.take(message);
    if (socket === this.socket) this.listenForSilence();
  }

  private take(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome': return this.welcomed(message);
      case 'roster': return this.resetRoster(message);
      case 'joined': case 'updated': case 'left': return this.apply(message);
      case 'room': return this.options.onRoom(message.room);
      case 'draining': return this.state.set({ kind: 'draining' });
      case 'error': return this.refused(message.code, message.reason);
    }
  }

  private welcomed({ you, room, roster }: ServerMessage & { type: 'welcome' }): void {
    this.attempts = 0;
    this.hasRenewed = false;
    clearTimeout(this.graceTimer);
    this.graceTimer = undefined;
    this.substituted?.end();
    this.state.set({ kind: 'open' });
    this.options.onRoom(room);
    this.options.onYou({ ...you, name: this.wantedName ?? you.name });
    this.resetRoster(roster);
    if (this.wantedName !== undefined) this.send({ type: 'rename', name: this.wantedName });
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

  private refused(code: string, reason: string): void {
    console.warn(`signaling: ${code}: ${reason}`);
    const name = this.ownName();
    if (this.wantedName === undefined || name === undefined) return;
    this.wantedName = undefined;
    this.options.onYou({ ...this.options.me.get(), name });
  }

  private ownName(): string | undefined {
    return this.people.get().find(({ session }) => session === this.options.session)?.name;
  }

  // ---- life signs

  /** The network is back, or somebody looks at the page again. */
  private readonly wakeUp = (): void => {
    if (this.state.get().kind === 'waiting' && this.attempts > 0) void this.connect();
    else if (this.isOpen) this.ask();
  };

  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.ask(), this.timing.quiet);
  }

  /** A browser does not notice that the other end is gone, and hides the server's pings: so ask for something. */
  private ask(): void {
    this.send({ type: 'roster' });
    this.expectAnswer();
  }

  private expectAnswer(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.drop(), this.timing.patience);
  }

  /** Give the socket up without waiting for the other end. */
  private drop(): void {
    const { socket } = this;
    if (!socket) return;
    socket.onclose = null;
    socket.close();
    this.lost(1006, '');
  }

  // ---- without the server

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

type Timer = ReturnType<typeof setTimeout> | undefined;
