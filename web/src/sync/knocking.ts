/**
 * Waiting in front of a room with a lobby: knocks over /signal until a moderator admits or declines.
 *
 * Every loss of the socket is followed by another knock; so is a reload of the page, which joins anew.
 */
import { isInLobby, type InLobby, type Joined } from '../api/rooms';
import { readMessage, type ServerMessage } from '../presence/signalMessages';
import { SignalSocket, type SignalSocketOptions } from '../presence/signalSocket';
import type { RoomInfo } from './types';
import { createStore } from './valueStore';

export type KnockingState =
  /** `moderators`: how many who could admit are in the room. `reason`: the server's sentence, may be empty. */
  | { kind: 'waiting'; moderators: number; reason: string }
  | { kind: 'declined'; reason: string }
  /** The room opens in a moment. */
  | { kind: 'admitted' }
  | { kind: 'failed'; code: string };

export interface KnockingOptions extends Pick<SignalSocketOptions, 'url' | 'session' | 'timing' | 'WebSocket'> {
  /** What the server answered to the first join. */
  lobby: InLobby;
  /** Join once more. Rejects with an ApiError. */
  join: () => Promise<Joined | InLobby>;
}

export class Knocking {
  readonly state = createStore<KnockingState>({ kind: 'waiting', moderators: 0, reason: '' });
  readonly room: Pick<RoomInfo, 'id' | 'name'>;
  /** Resolves once the person is in; never when nobody admits him. */
  readonly joined: Promise<Joined>;
  private enter!: (joined: Joined) => void;
  private readonly socket: SignalSocket;
  private lobby: InLobby;
  /** The last answer to a join does not hold any more. */
  private isOutdated = false;
  private closed = false;

  constructor(private readonly options: KnockingOptions) {
    this.lobby = options.lobby;
    this.room = options.lobby.room;
    this.joined = new Promise((resolve) => {
      this.enter = resolve;
    });
    const { url, session, timing, WebSocket } = options;
    this.socket = new SignalSocket(
      {
        url, session, ...(timing && { timing }), ...(WebSocket && { WebSocket }),
        token: () => this.token(),
        renew: () => this.join(),
      },
      {
        onOpen: () => this.socket.send({ type: 'knock' }),
        onText: (text) => this.receive(text),
        onEnded: (code) => this.show({ kind: 'failed', code }),
        lifeSign: () => ({ type: 'knock' }),
      },
    );
    this.socket.start();
  }

  /** Knock once more, after a moderator has declined or something went wrong. */
  again(): void {
    const { kind } = this.state.get();
    if (this.closed || kind === 'waiting' || kind === 'admitted') return;
    this.show({ kind: 'waiting', moderators: 0, reason: '' });
    this.joinAnew();
  }

  /** Go away: the moderators see it at once. */
  close(): void {
    this.closed = true;
    this.socket.end('left');
  }

  private receive(text: string): void {
    const message = readMessage(text);
    if (message) this.take(message);
  }

  private take(message: ServerMessage): void {
    switch (message.type) {
      case 'waiting':
        this.socket.confirm();
        return this.show({ kind: 'waiting', moderators: message.moderators, reason: message.reason });
      case 'admitted':
        this.show({ kind: 'admitted' });
        return this.joinAnew();
      case 'declined': return this.finish({ kind: 'declined', reason: message.reason });
      case 'removed': return this.finish({ kind: 'failed', code: message.code });
      default:
    }
  }

  private finish(state: KnockingState): void {
    this.socket.end(state.kind);
    this.show(state);
  }

  private show(state: KnockingState): void {
    if (JSON.stringify(state) !== JSON.stringify(this.state.get())) this.state.set(state);
  }

  /** With a new connection, which asks for a token first: a failure on the way is then repeated like any other. */
  private joinAnew(): void {
    this.isOutdated = true;
    this.socket.end('joining');
    this.socket.start();
  }

  private async token(): Promise<string> {
    if (this.isOutdated) await this.join();
    return this.lobby.token;
  }

  private async join(): Promise<void> {
    const answer = await this.options.join();
    if (this.closed) return;
    this.isOutdated = false;
    if (isInLobby(answer)) {
      this.lobby = answer;
      if (this.state.get().kind === 'admitted') this.show({ kind: 'waiting', moderators: 0, reason: '' });
      return;
    }
    this.finish({ kind: 'admitted' });
    this.enter(answer);
  }
}
