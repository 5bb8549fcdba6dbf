import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import * as Y from 'yjs';
import { LiveRoomSession } from './roomSession';
import { memoryStorage, TestServer } from './testServer';

const BOARD = '/sync/plans/whiteboard';

let server: TestServer;
let joins: number;
let role: string;
let reachable: boolean;
const sessions: LiveRoomSession[] = [];

async function join(): Promise<Response> {
  joins += 1;
  if (!reachable) throw new TypeError('fetch failed');
  return Response.json({
    room: { id: 'plans', name: 'Plans', access: 'link', default_role: 'member' },
    me: { sub: 'ann', name: 'Ann', role },
    token: `token-${joins}`,
    expires_at: (Date.now() + 3_600_000) * 1000,
  });
}

async function enter(): Promise<LiveRoomSession> {
  const session = await LiveRoomSession.enter('plans');
  sessions.push(session);
  return session;
}

async function leave(session: LiveRoomSession): Promise<void> {
  session.close();
  await Promise.all([session.whiteboard.destroy(), session.chat.destroy()]);
}

function draw(session: LiveRoomSession, key: string): void {
  session.whiteboard.doc.getMap('elements').set(key, true);
}

/** As a server that refuses what holds this word, and nothing else. */
function refuseTheWord(_path: string, update: Uint8Array): string | undefined {
  return new TextDecoder().decode(update).includes('refused') ? 'schema_violation' : undefined;
}

const kindOf = (session: LiveRoomSession) => () => session.status.get().kind;

beforeEach(async () => {
  server = new TestServer();
  const origin = await server.start();
  [joins, role, reachable] = [0, 'owner', true];
  globalThis.indexedDB = new IDBFactory();
  vi.stubGlobal('location', new URL(origin));
  vi.stubGlobal('localStorage', memoryStorage());
  vi.stubGlobal('WebSocket', NodeWebSocket);
  vi.stubGlobal('fetch', join);
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.close();
  await server.stop();
  vi.unstubAllGlobals();
});

describe('a room', () => {
  it('is saved when the server has everything', async () => {
    const session = await enter();
    await expect.poll(kindOf(session)).toBe('saved');
    server.acknowledges = false;
    draw(session, 'a');
    expect(session.status.get()).toEqual({ kind: 'saving', changes: 1 });
    await expect.poll(() => server.doc(BOARD).getMap('elements').size).toBe(1);
    expect(session.status.get().kind).toBe('saving');
  });

  it('counts offline work, over a reload, and sends it when the server is back', async () => {
    const first = await enter();
    await expect.poll(kindOf(first)).toBe('saved');
    server.admit = () => [4503, 'room_draining'];
    reachable = false;
    server.cut();
    await expect.poll(kindOf(first)).toBe('offline');
    draw(first, 'a');
    draw(first, 'b');
    expect(first.status.get()).toEqual({ kind: 'offline', changes: 2, stored: true });
    await leave(first);

    const second = await enter();
    await second.whiteboard.whenLocal;
    expect(second.whiteboard.doc.getMap('elements').size).toBe(2);
    await expect.poll(() => second.status.get()).toEqual({ kind: 'offline', changes: 2, stored: true });
    server.admit = () => undefined;
    await expect.poll(kindOf(second), { timeout: 8_000 }).toBe('saved');
    expect(server.doc(BOARD).getMap('elements').size).toBe(2);
  });

  it('keeps refused work as a copy and goes on in a fresh document and database', async () => {
    const session = await enter();
    await expect.poll(kindOf(session)).toBe('saved');
    draw(session, 'accepted');
    await expect.poll(kindOf(session)).toBe('saved');
    const { doc, database } = session.whiteboard;
    server.judge = refuseTheWord;
    draw(session, 'refused');
    await expect.poll(() => session.generation.get()).toBe(1);

    expect(session.whiteboard.doc.clientID).not.toBe(doc.clientID);
    expect(session.whiteboard.database.generation).toBe(database.generation + 1);
    await expect.poll(() => [...session.whiteboard.doc.getMap('elements').keys()]).toEqual(['accepted']);
    await expect.poll(() => session.status.get()).toEqual({ kind: 'refused', code: 'schema_violation', reason: 'No.', changes: 1 });

    const [copy] = session.copies.get();
    const kept = new Y.Doc();
    Y.applyUpdate(kept, copy!.update);
    expect([...kept.getMap('elements').keys()].sort()).toEqual(['accepted', 'refused']);

    await session.keepForLater([copy!]);
    await expect.poll(kindOf(session)).toBe('saved');
    draw(session, 'after');
    await expect.poll(() => server.doc(BOARD).getMap('elements').has('after')).toBe(true);
  });

  it('offers refused work again after a reload until it is discarded', async () => {
    const first = await enter();
    await expect.poll(kindOf(first)).toBe('saved');
    server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(() => first.copies.get().length).toBe(1);
    await leave(first);

    const second = await enter();
    await expect.poll(kindOf(second)).toBe('refused');
    await second.discard(second.copies.get()[0]!);
    await expect.poll(kindOf(second)).toBe('saved');
    expect(second.copies.get()).toEqual([]);
  });

  it('does not go on for ever when everything is refused', async () => {
    const session = await enter();
    await expect.poll(kindOf(session)).toBe('saved');
    server.judge = (path) => (path === BOARD ? 'schema_violation' : undefined);
    draw(session, 'a');
    await expect.poll(() => session.whiteboard.status.get(), { timeout: 8_000 }).toEqual({ kind: 'stopped', code: 'refused_again' });
  });

  it('joins again for a new token when the server does not take the old one', async () => {
    let refusals = 1;
    server.admit = (path) => (path === BOARD && refusals-- > 0 ? [4401, 'token_expired'] : undefined);
    const session = await enter();
    await expect.poll(kindOf(session)).toBe('saved');
    expect(joins).toBe(2);
  });

  it('says why it has stopped', async () => {
    server.admit = () => [4404, 'room_deleted'];
    const session = await enter();
    await expect.poll(() => session.status.get()).toEqual({ kind: 'stopped', code: 'room_deleted' });
  });

  it('is view only for a viewer', async () => {
    role = 'viewer';
    const session = await enter();
    await expect.poll(kindOf(session)).toBe('viewOnly');
  });
});
