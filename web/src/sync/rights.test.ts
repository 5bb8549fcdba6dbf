/** What I may do, live: on both sockets, for each document, and what becomes of a stroke that lost its right. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEMBER_PERMISSIONS } from './permissions';
import type { LiveRoomSession } from './roomSession';
import { BOARD, contentOf, draw, keysOf, kindOf, TestRoom } from './testRoom';
import type { Permission } from './types';

let test: TestRoom;

beforeEach(async () => {
  test = new TestRoom();
  await test.open();
  test.setRole('member');
});

afterEach(() => test.close());

async function entered(): Promise<LiveRoomSession> {
  const session = await test.enter();
  await expect.poll(kindOf(session)).toBe('saved');
  return session;
}

function give(...permissions: Permission[]): void {
  test.server.setRights({ role: 'member', permissions });
}

describe('what I may do', () => {
  it('[PE1] is what the server says at the entering and afterwards', async () => {
    const session = await entered();
    expect([...session.permissions.get()]).toEqual(MEMBER_PERMISSIONS);
    expect([session.may('draw'), session.may('moderate')]).toEqual([true, false]);
    test.server.setRights({ role: 'moderator', permissions: ['chat', 'moderate'] });
    await expect.poll(() => session.may('moderate')).toBe(true);
    expect(session.may('draw')).toBe(false);
    expect(session.me.get()).toMatchObject({ role: 'moderator', permissions: ['chat', 'moderate'] });
  });

  it('[PE1] comes over either socket', async () => {
    const session = await entered();
    test.server.say({ type: 'permissions', role: 'viewer', permissions: [] });
    await expect.poll(() => session.may('draw')).toBe(false);
    give('draw');
    test.server.admit = (path) => (path.startsWith('/signal/') ? [4503, 'room_draining'] : undefined);
    test.server.cut();
    give('draw', 'chat');
    await expect.poll(() => session.may('chat')).toBe(true);
  });

  it('[PE1] knows only what this client knows, however much a newer server sends', async () => {
    const session = await entered();
    test.server.say({ type: 'permissions', role: 'member', permissions: ['fly', 'chat'] });
    await expect.poll(() => [...session.permissions.get()]).toEqual(['chat']);
  });

  it('[PE2] is told for each document by itself', async () => {
    const session = await entered();
    give('draw');
    await expect.poll(() => session.chat.status.get().kind).toBe('viewOnly');
    expect([session.whiteboard.status.get().kind, session.status.get().kind]).toEqual(['saved', 'saved']);
    give('chat');
    await expect.poll(() => session.whiteboard.status.get().kind).toBe('viewOnly');
    expect([session.chat.status.get().kind, session.status.get().kind]).toEqual(['saved', 'viewOnly']);
  });

  it('is remembered for a start without the server', async () => {
    const first = await entered();
    give('chat');
    await expect.poll(() => first.may('draw')).toBe(false);
    first.close();
    test.offline();
    const second = await test.enter();
    expect([...second.permissions.get()]).toEqual(['chat']);
  });
});

describe('a stroke', () => {
  it('[PE3] that loses its right is kept with the reason; the board goes on without it, and is drawn on again later', async () => {
    const session = await entered();
    draw(session, 'before');
    await expect.poll(kindOf(session)).toBe('saved');
    // The right goes while the next points are on their way.
    test.server.rights = { role: 'member', permissions: ['chat'] };
    draw(session, 'during');
    await expect.poll(() => session.copies.get().length).toBe(1);
    const [copy] = session.copies.get();
    expect(copy).toMatchObject({ code: 'permission_denied', reason: 'No.', document: 'whiteboard', changes: 1 });
    expect(contentOf(copy!)).toEqual(['before', 'during']);
    await expect.poll(() => keysOf(session.whiteboard.doc)).toEqual(['before']);
    await expect.poll(() => session.whiteboard.status.get().kind).toBe('viewOnly');
    expect(session.status.get()).toMatchObject({ kind: 'refused', code: 'permission_denied' });

    give('chat', 'draw');
    await session.keepForLater([copy!]);
    await expect.poll(kindOf(session)).toBe('saved');
    draw(session, 'after');
    await expect.poll(() => test.drawn).toEqual(['after', 'before']);
  });

  it('[PE3] keeps what the editor still had in its hand when the document was taken from it', async () => {
    const session = await entered();
    const { doc } = session.whiteboard;
    // As React does: it takes the old board down a moment after it was told.
    session.generation.subscribe(() => queueMicrotask(() => doc.getMap('elements').set('last points', true)));
    test.server.rights = { role: 'member', permissions: ['chat'] };
    draw(session, 'first points');
    await expect.poll(() => session.copies.get().map(contentOf)).toEqual([['first points', 'last points']]);
  });

  it('[RF2] that was drawn while the right was taken far away is refused once, kept, and never sent again', async () => {
    const before = await entered();
    draw(before, 'saved');
    await expect.poll(kindOf(before)).toBe('saved');
    test.offline();
    await expect.poll(kindOf(before)).toBe('offline');
    draw(before, 'monday');
    before.close();
    const session = await test.enter();
    await session.whiteboard.whenLocal;
    draw(session, 'tuesday');
    test.server.rights = { role: 'viewer', permissions: [] };
    test.online();
    await expect.poll(() => session.copies.get().map(contentOf), { timeout: 8_000 }).toEqual([['monday', 'saved', 'tuesday']]);
    expect(session.copies.get()[0]).toMatchObject({ code: 'permission_denied', changes: 2 });
    await expect.poll(() => session.whiteboard.status.get().kind).toBe('viewOnly');
    const connects = test.server.queries.get(BOARD)!.length;

    // Read-only, it comes and goes without being refused again.
    test.server.cut();
    await expect.poll(() => test.server.queries.get(BOARD)!.length).toBeGreaterThan(connects);
    await expect.poll(() => session.whiteboard.status.get().kind).toBe('viewOnly');
    expect([session.generation.get(), session.copies.get().length]).toEqual([1, 1]);

    // Nor does a right that is given back send what was refused.
    test.setRole('member');
    await expect.poll(() => session.may('draw')).toBe(true);
    draw(session, 'wednesday');
    await expect.poll(() => test.drawn).toEqual(['saved', 'wednesday']);
  }, 15_000);

  it('[RF6] that was refused too often goes on when the right is given back', async () => {
    const session = await entered();
    test.server.rights = { role: 'member', permissions: ['chat'] };
    const insist = session.generation.subscribe(() => draw(session, 'again'));
    draw(session, 'once');
    await expect.poll(() => session.whiteboard.status.get()).toEqual({ kind: 'stopped', code: 'refused_again' });
    insist();
    give('chat', 'draw');
    await expect.poll(() => session.whiteboard.status.get().kind).toBe('saved');
  });
});
