import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RoomSession, SaveStatus } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { AssetMissing, AssetQueue, AssetTooLarge, MAX_ASSET_BYTES } from './assets';
import { sha256Hex } from './sha256';

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

let rooms = 0;
const open: AssetQueue[] = [];
afterEach(() => Promise.all(open.splice(0).map((queue) => queue.close())));

function sessionOf(room = `room${rooms++}`) {
  const status = createStore<SaveStatus>({ kind: 'offline', changes: 0, stored: true });
  const session = {
    room: createStore({ id: room, name: '', access: 'link', default_role: 'member' }),
    me: createStore({ sub: 'ann', name: 'Ann', role: 'member', color: '#1c7ed6', session: 's' }),
    status,
    token: async () => 'secret',
  } as unknown as RoomSession;
  return { session, status, room };
}

class Server {
  readonly assets = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly names: (string | undefined)[] = [];
  answer: (() => Response) | undefined;
  offline = false;
  requests = 0;

  fetch = (async (url: string, init: RequestInit) => {
    this.requests++;
    if (this.offline) throw new TypeError('Failed to fetch');
    if (this.answer) return this.answer();
    const headers = init.headers as Record<string, string>;
    expect(headers['Authorization']).toBe('Bearer secret');
    const sha256 = url.split('/').at(-1)!;
    if (init.method === 'PUT') {
      this.assets.set(sha256, init.body as Uint8Array<ArrayBuffer>);
      this.names.push(headers['X-File-Name']);
      return new Response('{}', { status: 201 });
    }
    const bytes = this.assets.get(sha256);
    return bytes ? new Response(bytes, { headers: { 'Content-Type': 'image/png' } }) : new Response('{}', { status: 404 });
  }) as unknown as typeof fetch;
}

function queueOf(session: RoomSession, server: Server): AssetQueue {
  const queue = new AssetQueue(session, { fetch: server.fetch, firstRetry: 5 });
  open.push(queue);
  return queue;
}

function until(queue: AssetQueue, waiting: number): Promise<void> {
  return new Promise((resolve) => {
    const check = () => { if (queue.waiting.get() === waiting) resolve(); };
    queue.waiting.subscribe(check);
    check();
  });
}

describe('a file put into the queue', () => {
  it('[AS2] is uploaded under its hash, with its name', async () => {
    const server = new Server();
    const queue = queueOf(sessionOf().session, server);
    const ref = await queue.enqueue(new Blob(['hello'], { type: 'text/plain' }), 'grüße.txt');
    await until(queue, 0);
    expect(ref).toEqual({ sha256: await sha256Hex(bytesOf('hello')), mime_type: 'text/plain', file_name: 'grüße.txt', size: 5 });
    expect(server.assets.has(ref.sha256)).toBe(true);
    expect(decodeURIComponent(server.names[0]!)).toBe('grüße.txt');
  });

  it('[AS1] can be read at once while offline, survives a reload and is uploaded when the server is back', async () => {
    const server = new Server();
    server.offline = true;
    const { session, room } = sessionOf();
    const first = queueOf(session, server);
    const { sha256 } = await first.enqueue(new Blob(['offline']), 'a.bin');
    expect(await (await first.fetchBlob(sha256)).text()).toBe('offline');
    expect(first.waiting.get()).toBe(1);
    await first.close();

    const again = sessionOf(room);
    const second = queueOf(again.session, server);
    await until(second, 1);
    server.offline = false;
    again.status.set({ kind: 'saved' });
    await until(second, 0);
    expect(server.assets.has(sha256)).toBe(true);
  });

  it('[AS2] is tried again by itself after a failure of the server', async () => {
    const server = new Server();
    server.answer = () => { server.answer = undefined; return new Response('', { status: 503 }); };
    const queue = queueOf(sessionOf().session, server);
    await queue.enqueue(new Blob(['again']), 'a');
    await until(queue, 0);
    expect(server.requests).toBe(2);
  });

  it('[AS2] that the server refuses is kept here with the reason, and not sent again', async () => {
    const server = new Server();
    server.answer = () => Response.json({ error: { code: 'quota_exceeded', reason: 'The room is full.' } }, { status: 413 });
    const queue = queueOf(sessionOf().session, server);
    const { sha256 } = await queue.enqueue(new Blob(['big']), 'big.bin');
    await until(queue, 0);
    expect(queue.refused.get()).toEqual([{ sha256, name: 'big.bin', code: 'quota_exceeded', reason: 'The room is full.' }]);
    expect(await (await queue.fetchBlob(sha256)).text()).toBe('big');
    expect(server.requests).toBe(1);
  });

  it('is refused at once when it is too large for any server', async () => {
    const queue = queueOf(sessionOf().session, new Server());
    await expect(queue.enqueue(new Blob([new Uint8Array(MAX_ASSET_BYTES + 1)]), 'x')).rejects.toBeInstanceOf(AssetTooLarge);
  });
});

describe('a file of somebody else', () => {
  it('[AS3] is fetched once and then comes from this device', async () => {
    const server = new Server();
    const sha256 = await sha256Hex(bytesOf('theirs'));
    server.assets.set(sha256, bytesOf('theirs'));
    const queue = queueOf(sessionOf().session, server);
    const [a, b] = await Promise.all([queue.fetchBlob(sha256), queue.fetchBlob(sha256)]);
    expect(await a.text()).toBe('theirs');
    expect(b.type).toBe('image/png');
    server.offline = true;
    expect(await (await queue.fetchBlob(sha256)).text()).toBe('theirs');
    expect(server.requests).toBe(1);
  });

  it('[AS3] is missing while nobody has uploaded it', async () => {
    const queue = queueOf(sessionOf().session, new Server());
    await expect(queue.fetchBlob('0'.repeat(64))).rejects.toBeInstanceOf(AssetMissing);
    await expect(queue.fetchBlob('../../secret')).rejects.toBeInstanceOf(AssetMissing);
  });

  it('[AS3] is not accepted when its bytes are others', async () => {
    const server = new Server();
    server.assets.set('0'.repeat(64), bytesOf('forged'));
    const queue = queueOf(sessionOf().session, server);
    await expect(queue.fetchBlob('0'.repeat(64))).rejects.toThrow('not those');
  });
});

it('hashes alike with and without the browser’s own hash', async () => {
  const { digest } = await import('lib0/hash/sha256');
  const hex = Array.from(digest(bytesOf('abc')), (byte) => byte.toString(16).padStart(2, '0')).join('');
  expect(hex).toBe(await sha256Hex(bytesOf('abc')));
});
