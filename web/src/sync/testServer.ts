/** For tests: a room server as far as this client sees it, in memory. One Y.Doc per path, committed at once. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as syncProtocol from 'y-protocols/sync';
import { type WebSocket, WebSocketServer } from 'ws';
import * as Y from 'yjs';

const SYNC = 0;
const EXTENSION = 100;

export class TestServer {
  readonly docs = new Map<string, Y.Doc>();
  readonly sockets = new Map<WebSocket, string>();
  /** Called with each update; a code refuses it. */
  judge: (path: string, update: Uint8Array) => string | undefined = () => undefined;
  /** Called with each new socket; a code and reason close it. */
  admit: (path: string) => [number, string] | undefined = () => undefined;
  /** false: everything is taken, nothing is acknowledged. */
  acknowledges = true;
  private readonly http = createServer();
  private readonly server = new WebSocketServer({ server: this.http });

  async start(): Promise<string> {
    this.server.on('connection', (socket, request) => this.serve(socket, new URL(request.url!, 'http://x').pathname));
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

  doc(path: string): Y.Doc {
    let doc = this.docs.get(path);
    if (!doc) this.docs.set(path, (doc = new Y.Doc()));
    return doc;
  }

  private serve(socket: WebSocket, path: string): void {
    const refusal = this.admit(path);
    if (refusal) return socket.close(...refusal);
    this.sockets.set(socket, path);
    socket.on('close', () => this.sockets.delete(socket));
    if (!path.startsWith('/sync/')) return;
    const doc = this.doc(path);
    let received = 0;
    let refused = false;
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
        const code = this.judge(path, bytes);
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

/** localStorage, in memory. */
export function memoryStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}
