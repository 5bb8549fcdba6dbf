/** For tests: a room server as far as this client sees it, in memory. One Y.Doc per path, committed at once. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as syncProtocol from 'y-protocols/sync';
import { type WebSocket, WebSocketServer } from 'ws';
import * as Y from 'yjs';
import { PERMISSIONS } from './permissions';
import type { Rights, RoomInfo } from './types';

const SYNC = 0;
const EXTENSION = 100;
const ROOM: RoomInfo = {
  id: 'plans', name: 'Plans', access: 'link', default_role: 'member', permissions: PERMISSIONS.slice(0, 6), door: 'open',
  max_people: 0, recovery: false,
};

export class TestServer {
  readonly docs = new Map<string, Y.Doc>();
  readonly sockets = new Map<WebSocket, string>();
  /** The parameters of each connection, by path, in order. */
  readonly queries = new Map<string, URLSearchParams[]>();
  /** What was said on /signal, but for what the client asks by itself. */
  readonly heard: { type: string }[] = [];
  room = ROOM;
  /** Of everybody. */
  rights: Rights = { role: 'owner', permissions: PERMISSIONS };
  /** Called with each update that brings news; a code refuses it. */
  judge: (path: string, update: Uint8Array) => string | undefined = () => undefined;
  /** Called with each new socket; a code and reason close it. */
  admit: (path: string) => [number, string] | undefined = () => undefined;
  /** false: everything is taken, nothing is acknowledged. */
  acknowledges = true;
  private readonly http = createServer();
  private readonly server = new WebSocketServer({ server: this.http });

  async start(): Promise<string> {
    this.server.on('connection', (socket, request) => this.serve(socket, new URL(request.url!, 'http://x')));
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.terminate();
    this.server.close();
    await new Promise((resolve) => this.http.close(resolve));
  }

  cut(): void {
    for (const socket of this.sockets.keys()) socket.terminate();
  }

  /** End every socket with a code; words for the signaling go before it. */
  close(code: number, reason: string, last?: object): void {
    if (last) this.say(last);
    for (const socket of this.sockets.keys()) socket.close(code, reason);
  }

  /** Give everybody other rights, from the next frame on. */
  setRights(rights: Rights): void {
    this.rights = rights;
    this.say({ type: 'permissions', ...rights });
    for (const [socket, path] of this.sockets) {
      if (path.startsWith('/sync/')) this.extend(socket, { type: 'permissions', ...rights });
    }
  }

  /** To everybody on /signal. */
  say(message: object): void {
    for (const [socket, path] of this.sockets) if (path.startsWith('/signal/')) socket.send(JSON.stringify(message));
  }

  doc(path: string): Y.Doc {
    let doc = this.docs.get(path);
    if (!doc) this.docs.set(path, (doc = new Y.Doc()));
    return doc;
  }

  private serve(socket: WebSocket, { pathname: path, searchParams }: URL): void {
    this.queries.set(path, [...(this.queries.get(path) ?? []), searchParams]);
    const refusal = this.admit(path);
    if (refusal) return socket.close(...refusal);
    this.sockets.set(socket, path);
    socket.on('close', () => this.sockets.delete(socket));
    if (path.startsWith('/sync/')) this.sync(socket, path);
    else this.signal(socket, searchParams.get('session')!);
  }

  private signal(socket: WebSocket, session: string): void {
    const { role, permissions } = this.rights;
    const you = { sub: 'ann', name: 'Ann', role, session, color: '#f08c00' };
    socket.send(JSON.stringify({ type: 'welcome', you, room: this.room, roster: { version: 0, sessions: [] }, permissions, knocks: [] }));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string };
      if (message.type !== 'roster') this.heard.push(message);
    });
  }

  private sync(socket: WebSocket, path: string): void {
    const doc = this.doc(path);
    let received = 0;
    let refused = false;
    this.extend(socket, { type: 'permissions', ...this.rights });
    socket.on('message', (data: Buffer) => {
      const decoder = decoding.createDecoder(new Uint8Array(data));
      if (decoding.readVarUint(decoder) !== SYNC) return;
      received += 1;
      const kind = decoding.readVarUint(decoder);
      const bytes = decoding.readVarUint8Array(decoder);
      if (kind === syncProtocol.messageYjsSyncStep1) {
        this.send(socket, (encoder) => syncProtocol.writeSyncStep2(encoder, doc, bytes));
        this.send(socket, (encoder) => syncProtocol.writeSyncStep1(encoder, doc));
      } else if (!refused) {
        const code = this.refusalOf(path, doc, bytes);
        refused = code !== undefined;
        if (code) return this.extend(socket, { type: 'rejected', document: path.split('/')[3], code, reason: 'No.' });
        Y.applyUpdate(doc, bytes);
        for (const [other, at] of this.sockets) {
          if (other !== socket && at === path) this.send(other, (encoder) => syncProtocol.writeUpdate(encoder, bytes));
        }
      }
      if (this.acknowledges && !refused) this.extend(socket, { type: 'saved', through: received, seq: received });
    });
  }

  private refusalOf(path: string, doc: Y.Doc, update: Uint8Array): string | undefined {
    if (!bringsNews(doc, update)) return undefined;
    if (!this.rights.permissions.includes(path.endsWith('/chat') ? 'chat' : 'draw')) return 'permission_denied';
    return this.judge(path, update);
  }

  private send(socket: WebSocket, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    write(encoder);
    socket.send(encoding.toUint8Array(encoder));
  }

  private extend(socket: WebSocket, message: object): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, EXTENSION);
    encoding.writeVarString(encoder, JSON.stringify(message));
    socket.send(encoding.toUint8Array(encoder));
  }
}

function bringsNews(doc: Y.Doc, update: Uint8Array): boolean {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  let changed = false;
  copy.on('update', () => {
    changed = true;
  });
  Y.applyUpdate(copy, update);
  return changed || copy.store.pendingStructs !== null;
}

/**
 * localStorage, in memory. `full`: nothing new is taken. Other tabs hear of changes by `window`, if there is one, unless
 * they are `frozen`.
 */
export function memoryStorage(): Storage & { full: boolean; frozen: boolean } {
  const kept = new Map<string, string>();
  return {
    full: false,
    frozen: false,
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      if (this.full) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
      kept.set(key, value);
      if (typeof window !== 'undefined' && !this.frozen) setTimeout(() => window.dispatchEvent(Object.assign(new Event('storage'), { key })));
    },
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}
