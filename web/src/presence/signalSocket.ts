/**
 * A /signal socket that comes back by itself: later each time, at once when the network or the person is back.
 *
 * 44xx ends it, but for 4401 one new token is tried. It knows no messages but one: the life sign it asks with when the
 * server has been quiet, because a browser does not notice that the other end is gone, and hides the server's pings.
 */
import { ApiError } from '../api/client';
import { listenToPage } from '../sync/pageEvents';
import { createStore } from '../sync/valueStore';

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

export const TIMING: SignalTiming = { first: 500, most: 15_000, quiet: 45_000, patience: 10_000, grace: 4_000 };

/** `waiting`: for the next attempt. `ended`: until it is restarted, with the stable code. */
export type SignalState =
  | { kind: 'connecting' } | { kind: 'open' } | { kind: 'draining' } | { kind: 'waiting' } | { kind: 'ended'; code: string };

export interface SignalSocketOptions {
  /** `wss://host/signal/<room>` */
  url: string;
  session: string;
  /** A token that is valid by this device's clock. Rejects with an ApiError when there is none. */
  token: () => Promise<string>;
  /** Get another token, when the server does not take this one. */
  renew: () => Promise<unknown>;
  timing?: Partial<SignalTiming>;
  WebSocket?: typeof WebSocket;
}

export interface SignalSocketOwner {
  /** The connection stands; the server has not said anything yet. */
  onOpen?(): void;
  onText(text: string): void;
  onLost?(): void;
  /** Not called by `end`. */
  onEnded?(code: string): void;
  /** A message that the server answers. */
  lifeSign(): object;
}

type Timer = ReturnType<typeof setTimeout> | undefined;

export class SignalSocket {
  readonly state = createStore<SignalState>({ kind: 'connecting' });
  private readonly timing: SignalTiming;
  private socket: WebSocket | undefined;
  private attempts = 0;
  private hasRenewed = false;
  private retryTimer: Timer;
  private silenceTimer: Timer;
  private stopListening: () => void = () => {};

  constructor(private readonly options: SignalSocketOptions, private readonly owner: SignalSocketOwner) {
    this.timing = { ...TIMING, ...options.timing };
  }

  /** Connect, and stay so until `end` or a final answer; also after an end. */
  start(): void {
    this.attempts = 0;
    this.hasRenewed = false;
    this.stopListening();
    this.stopListening = listenToPage({
      online: this.wakeUp, shown: this.wakeUp, hidden: () => {}, offline: () => this.drop(),
    });
    void this.connect();
  }

  /** The server has let us in: the next loss is the first again. */
  confirm(): void {
    this.attempts = 0;
    this.hasRenewed = false;
    this.state.set({ kind: 'open' });
  }

  /** The server is about to close the socket. */
  drain(): void {
    this.state.set({ kind: 'draining' });
  }

  get isOpen(): boolean {
    const { kind } = this.state.get();
    return kind === 'open' || kind === 'draining';
  }

  /** Send, if the connection stands. */
  send(message: object): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  end(code: string): void {
    if (this.state.get().kind === 'ended') return;
    this.state.set({ kind: 'ended', code });
    this.stopListening();
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    this.state.set({ kind: 'connecting' });
    try {
      const token = await this.options.token();
      if (this.state.get().kind === 'connecting' && !this.socket) this.open(token);
    } catch (error) {
      this.failed(error);
    }
  }

  private open(token: string): void {
    const { url, session, WebSocket: Socket = WebSocket } = this.options;
    const socket = new Socket(`${url}?${new URLSearchParams({ token, session })}`);
    this.socket = socket;
    socket.onopen = () => {
      if (socket === this.socket) this.owner.onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.owner.onText(String(data));
      if (socket === this.socket) this.listenForSilence();
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
    clearTimeout(this.silenceTimer);
    this.owner.onLost?.();
    if (close === 4401 && !this.hasRenewed) {
      this.hasRenewed = true;
      this.state.set({ kind: 'waiting' });
      void this.renew();
    } else if (close >= 4400 && close < 4500) this.give(reason || `closed_${close}`);
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
    if (this.state.get().kind === 'ended') return;
    if (error.isTemporary) this.retryLater();
    else this.give(error.code);
  }

  /** Give it up. */
  private give(code: string): void {
    this.end(code);
    this.owner.onEnded?.(code);
  }

  private retryLater(): void {
    if (this.state.get().kind === 'ended') return;
    const longest = Math.min(this.timing.first * 2 ** this.attempts, this.timing.most);
    this.attempts += 1;
    this.state.set({ kind: 'waiting' });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.connect(), longest * (1 - Math.random() / 2));
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

  private ask(): void {
    this.send(this.owner.lifeSign());
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
}

/** WebSocket.OPEN, of whatever implementation. */
const OPEN = 1;
