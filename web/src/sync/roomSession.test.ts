import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOARD, contentOf, draw, keysOf, kindOf, leave, refuseTheWord, TestRoom } from './testRoom';

let test: TestRoom;

beforeEach(async () => {
  test = new TestRoom();
  await test.open();
});

afterEach(() => test.close());

describe('a room', () => {
  it('is saved when the server has everything', async () => {
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    test.server.acknowledges = false;
    draw(session, 'a');
    expect(session.status.get()).toEqual({ kind: 'saving', changes: 1 });
    await expect.poll(() => test.server.doc(BOARD).getMap('elements').size).toBe(1);
    expect(session.status.get().kind).toBe('saving');
  });

  it('counts offline work, over a reload, and sends it when the server is back', async () => {
    const first = await test.enter();
    await expect.poll(kindOf(first)).toBe('saved');
    test.offline();
    await expect.poll(kindOf(first)).toBe('offline');
    draw(first, 'a');
    draw(first, 'b');
    expect(first.status.get()).toEqual({ kind: 'offline', changes: 2, stored: true });
    await leave(first);

    const second = await test.enter();
    await second.whiteboard.whenLocal;
    expect(second.whiteboard.doc.getMap('elements').size).toBe(2);
    await expect.poll(() => second.status.get()).toEqual({ kind: 'offline', changes: 2, stored: true });
    test.online();
    await expect.poll(kindOf(second), { timeout: 8_000 }).toBe('saved');
    expect(test.server.doc(BOARD).getMap('elements').size).toBe(2);
  });

  it('[RF1] keeps refused work as a copy and goes on in a fresh document and database', async () => {
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    draw(session, 'accepted');
    await expect.poll(kindOf(session)).toBe('saved');
    const { doc, database } = session.whiteboard;
    test.server.judge = refuseTheWord;
    draw(session, 'refused');
    await expect.poll(() => session.generation.get()).toBe(1);

    expect(session.whiteboard.doc.clientID).not.toBe(doc.clientID);
    expect(session.whiteboard.database.generation).toBe(database.generation + 1);
    await expect.poll(() => keysOf(session.whiteboard.doc)).toEqual(['accepted']);
    await expect.poll(() => session.status.get()).toEqual({ kind: 'refused', code: 'schema_violation', reason: 'No.', changes: 1 });

    const [copy] = session.copies.get();
    expect(contentOf(copy!)).toEqual(['accepted', 'refused']);

    await session.keepForLater([copy!]);
    await expect.poll(kindOf(session)).toBe('saved');
    draw(session, 'after');
    await expect.poll(() => test.server.doc(BOARD).getMap('elements').has('after')).toBe(true);
  });

  it('offers refused work again after a reload until it is discarded', async () => {
    const first = await test.enter();
    await expect.poll(kindOf(first)).toBe('saved');
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(() => first.copies.get().length).toBe(1);
    await leave(first);

    const second = await test.enter();
    await expect.poll(kindOf(second)).toBe('refused');
    await second.discard(second.copies.get()[0]!);
    await expect.poll(kindOf(second)).toBe('saved');
    expect(second.copies.get()).toEqual([]);
  });

  it('[RF6] does not go on for ever when an editor insists on what is refused', async () => {
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    test.server.judge = (path) => (path === BOARD ? 'schema_violation' : undefined);
    session.generation.subscribe(() => draw(session, 'again'));
    draw(session, 'once');
    await expect.poll(() => session.whiteboard.status.get()).toEqual({ kind: 'stopped', code: 'refused_again' });
    expect(session.generation.get()).toBe(4);
  });

  it('[RN2] joins again for a new token when the server does not take the old one', async () => {
    let refusals = 1;
    test.server.admit = (path) => (path === BOARD && refusals-- > 0 ? [4401, 'token_expired'] : undefined);
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    expect(test.joins).toBe(2);
  });

  it('[EN1] says why it has stopped', async () => {
    test.server.admit = () => [4404, 'room_deleted'];
    const session = await test.enter();
    await expect.poll(() => session.status.get()).toEqual({ kind: 'stopped', code: 'room_deleted' });
  });

  it('[PE2] is view only for a viewer', async () => {
    test.setRole('viewer');
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('viewOnly');
  });
});
