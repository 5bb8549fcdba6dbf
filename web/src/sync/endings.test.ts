/** How a visit ends: sent away, locked out, deleted; what is left of it, and how somebody comes back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveRoomSession } from './roomSession';
import { BOARD, contentOf, draw, keysOf, kindOf, leave, refusal, TestRoom } from './testRoom';

let test: TestRoom;

beforeEach(async () => {
  test = new TestRoom();
  await test.open();
});

afterEach(() => test.close());

async function entered(): Promise<LiveRoomSession> {
  const session = await test.enter();
  await expect.poll(kindOf(session)).toBe('saved');
  draw(session, 'saved');
  await expect.poll(kindOf(session)).toBe('saved');
  return session;
}

const connects = (path: string): number => test.server.queries.get(path)?.length ?? 0;

/** The server says this and closes; the page has ended. */
async function sentAway(session: LiveRoomSession, code: string, close = 4403): Promise<void> {
  test.server.close(close, code, { type: 'removed', code, reason: 'Because.' });
  await expect.poll(() => session.signal.state.get().kind).toBe('ended');
  await expect.poll(() => session.removal.get()).toEqual({ code, reason: 'Because.' });
}

describe('who is sent away', () => {
  it.each(['removed', 'banned', 'room_locked'])('[EN1] reads why (%s), may do nothing, and still sees his copy', async (code) => {
    const session = await entered();
    await sentAway(session, code);
    expect(session.status.get()).toEqual({ kind: 'stopped', code, reason: 'Because.' });
    expect([...session.permissions.get()]).toEqual([]);
    expect(keysOf(session.whiteboard.doc)).toEqual(['saved']);
    await expect(session.token()).rejects.toMatchObject({ code });
  });

  it('[EN1] does not come back by himself, whatever is open yet', async () => {
    const session = await entered();
    await sentAway(session, 'removed');
    const [board, signal, joins] = [connects(BOARD), connects('/signal/plans'), test.joins];
    session.whiteboard.provider.emit('connection-close', [null, session.whiteboard.provider]);
    await expect(session.token()).rejects.toMatchObject({ code: 'removed' });
    await expect(session.changeRoom({ name: 'Mine' })).rejects.toMatchObject({ code: 'removed' });
    expect([connects(BOARD), connects('/signal/plans'), test.joins]).toEqual([board, signal, joins]);
  });

  it('[EN1] leaves his documents, though only the signaling says so', async () => {
    const session = await entered();
    test.server.say({ type: 'removed', code: 'removed', reason: '' });
    await expect.poll(() => test.server.sockets.size).toBe(0);
    expect(session.status.get()).toEqual({ kind: 'stopped', code: 'removed' });
  });

  it('[EN1] hears the reason though the document was closed first', async () => {
    const session = await entered();
    for (const [socket, path] of test.server.sockets) if (path === BOARD) socket.close(4403, 'banned');
    await expect.poll(() => session.removal.get()).toEqual({ code: 'banned', reason: '' });
    test.server.say({ type: 'removed', code: 'banned', reason: 'Because.' });
    await expect.poll(() => session.removal.get()).toEqual({ code: 'banned', reason: 'Because.' });
    expect(session.status.get()).toEqual({ kind: 'stopped', code: 'banned', reason: 'Because.' });
  });

  it('[EN1] learns it when only the renewal of his token is refused', async () => {
    const session = await entered();
    test.answer = refusal(403, 'banned');
    test.server.admit = () => [4401, 'token_invalid'];
    test.server.cut();
    await expect.poll(() => session.status.get()).toEqual({ kind: 'stopped', code: 'banned' });
  });

  it('[EN3] asks again, and comes back with a new token when he is let in', async () => {
    const session = await entered();
    await sentAway(session, 'room_locked');
    test.answer = refusal(403, 'room_locked', 'The door is closed.');
    session.retry();
    await expect.poll(() => session.removal.get()?.reason).toBe('The door is closed.');
    expect(session.status.get()).toMatchObject({ kind: 'stopped', code: 'room_locked' });

    test.answer = undefined;
    session.retry();
    await expect.poll(kindOf(session)).toBe('saved');
    expect(session.removal.get()).toBeNull();
    expect(session.may('draw')).toBe(true);
    await expect.poll(() => session.signal.state.get().kind).toBe('open');
    draw(session, 'back');
    await expect.poll(() => test.drawn).toEqual(['back', 'saved']);
  });

  it('[EN3] stays out while the server cannot be asked', async () => {
    const session = await entered();
    await sentAway(session, 'removed');
    test.reachable = false;
    const joins = test.joins;
    session.retry();
    await expect.poll(() => test.joins).toBe(joins + 1);
    await expect.poll(() => session.removal.get()).toEqual({ code: 'removed', reason: 'Because.' });
    expect(session.status.get().kind).toBe('stopped');
  });
});

describe('a full room', () => {
  it('[EN2] is tried again until there is a place', async () => {
    const session = await entered();
    test.server.admit = () => [4529, 'room_full'];
    test.server.cut();
    await expect.poll(() => session.whiteboard.trouble.get()).toBe('room_full');
    expect(session.status.get().kind).toBe('offline');
    test.server.admit = () => undefined;
    await expect.poll(kindOf(session), { timeout: 8_000 }).toBe('saved');
  }, 15_000);
});

describe('a deleted room', () => {
  /** A page that was closed without the server, with so much that was not sent. */
  async function leftBehind(unsent: readonly string[]): Promise<void> {
    const session = await entered();
    test.offline();
    await expect.poll(kindOf(session)).toBe('offline');
    for (const key of unsent) draw(session, key);
    await leave(session);
  }

  it('[EN4] gets nothing any more: not after another try, nor after a reload', async () => {
    await leftBehind(['unsent']);
    test.online();
    test.server.admit = () => [4404, 'room_deleted'];
    test.answer = refusal(410, 'room_deleted');
    const session = await test.enter();
    await expect.poll(() => session.removal.get()?.code).toBe('room_deleted');
    test.server.admit = () => undefined;
    test.answer = undefined;
    const [before, joins] = [connects(BOARD), test.joins];
    session.retry();
    expect(test.joins).toBe(joins);
    session.whiteboard.provider.emit('connection-close', [null, session.whiteboard.provider]);
    await leave(session);

    test.answer = refusal(410, 'room_deleted');
    const reloaded = await test.enter();
    await reloaded.whiteboard.whenLocal;
    expect(reloaded.status.get()).toEqual({ kind: 'stopped', code: 'room_deleted' });
    expect(keysOf(reloaded.whiteboard.doc)).toEqual(['saved', 'unsent']);
    expect(reloaded.signal.state.get()).toEqual({ kind: 'ended', code: 'room_deleted' });
    await leave(reloaded);

    test.reachable = false;
    const offline = await test.enter();
    await offline.whiteboard.whenLocal;
    expect([offline.status.get().kind, keysOf(offline.whiteboard.doc)]).toEqual(['stopped', ['saved', 'unsent']]);
    expect(connects(BOARD)).toBe(before);
    expect(test.drawn).toEqual(['saved']);
  });

  it.each([[[]], [['unsent']]])('[EN4] that is there again gets none of it either: it is kept as a copy (%j)', async (unsent) => {
    test.withTabs();
    await leftBehind(unsent);
    test.online();
    test.server.admit = () => [4404, 'room_deleted'];
    test.answer = refusal(410, 'room_deleted');
    const session = await test.enter();
    await expect.poll(() => session.removal.get()?.code).toBe('room_deleted');
    await leave(session);

    test.server.docs.clear();
    test.server.admit = () => undefined;
    test.answer = undefined;
    const again = await test.enter();
    await expect.poll(() => again.whiteboard.status.get().kind).toBe('saved');
    expect(keysOf(again.whiteboard.doc)).toEqual([]);
    await expect.poll(() => again.copies.get().find(({ document }) => document === 'whiteboard')?.code).toBe('room_deleted');
    expect(again.copies.get().filter(({ document }) => document === 'whiteboard').map(contentOf)).toEqual([['saved', ...unsent]]);
    draw(again, 'new');
    await expect.poll(() => test.drawn).toEqual(['new']);
    await leave(again);

    // From now on it is a room like any other.
    const usual = await test.enter();
    await expect.poll(() => usual.whiteboard.status.get().kind).toBe('saved');
    expect(keysOf(usual.whiteboard.doc)).toEqual(['new']);
  });

  it('[EN4] is remembered by whoever deleted it, too', async () => {
    const session = await entered();
    test.answer = () => new Response(null, { status: 204 });
    await session.deleteRoom();
    expect(session.status.get()).toEqual({ kind: 'stopped', code: 'room_deleted' });
    await leave(session);
    test.answer = refusal(410, 'room_deleted');
    expect((await test.enter()).removal.get()?.code).toBe('room_deleted');
  });
});
