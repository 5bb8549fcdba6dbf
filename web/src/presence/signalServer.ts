/** A /signal server for tests: a real WebSocket server in this process, whose every word the test decides. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';

/** The server's end of one connection. */
export class Visit {
  private readonly received: unknown[] = [];
  private readonly waiting: ((message: unknown) => void)[] = [];
  readonly closed: Promise<unknown>;

  constructor(readonly socket: ServerSocket, readonly query: URLSearchParams) {
    this.closed = once(socket, 'close');
    socket.on('message', (data) => {
      const message: unknown = JSON.parse(String(data));
      const take = this.waiting.shift();
      if (take) take(message);
      else this.received.push(message);
    });
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message of the client. */
  hear(): Promise<unknown> {
    if (this.received.length > 0) return Promise.resolve(this.received.shift());
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Messages that nobody has asked for yet. */
  get unheard(): readonly unknown[] {
    return this.received;
  }
}

export class SignalServer {
  private readonly visits: Visit[] = [];
  private readonly waiting: ((visit: Visit) => void)[] = [];
  visitCount = 0;

  private constructor(private readonly server: WebSocketServer) {
    server.on('connection', (socket, request) => {
      const visit = new Visit(socket, new URL(request.url ?? '/', 'ws://host').searchParams);
      this.visitCount += 1;
      const take = this.waiting.shift();
      if (take) take(visit);
      else this.visits.push(visit);
    });
  }

  static async open(): Promise<SignalServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new SignalServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/signal/room`;
  }

  /** The next connection. */
  visit(): Promise<Visit> {
    const visit = this.visits.shift();
    return visit ? Promise.resolve(visit) : new Promise((resolve) => this.waiting.push(resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
