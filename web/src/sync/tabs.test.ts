/** Refused work and the other ways to the server: a second tab, the local database, the channel between tabs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { databaseOf } from './generations';
import type { LiveRoomSession } from './roomSession';
import { BOARD, contentOf, draw, keysOf, kindOf, leave, refuseTheWord, TestRoom } from './testRoom';

let test: TestRoom;

beforeEach(async () => {
  test = new TestRoom();
  await test.open();
  test.withTabs();
  test.setRole('member');
});

afterEach(() => test.close());

async function tab(): Promise<LiveRoomSession> {
  const session = await test.enter();
  await expect.poll(kindOf(session)).toBe('saved');
  return session;
}

const generationOf = (session: LiveRoomSession) => () => session.whiteboard.database.generation;

/** Wait until a tab has heard of a stroke by the channel, and not from the server. */
async function hears(session: LiveRoomSession, key: string): Promise<void> {
  await expect.poll(() => keysOf(session.whiteboard.doc)).toContain(key);
  expect(test.drawn).not.toContain(key);
}

describe('two tabs of one person', () => {
  it('[RF3] share what they draw without the server, and both go on when one of them is refused', async () => {
    const [first, second] = [await tab(), await tab()];
    draw(first, 'accepted');
    await expect.poll(() => keysOf(second.whiteboard.doc)).toEqual(['accepted']);
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(generationOf(first)).toBe(1);
    await expect.poll(generationOf(second)).toBe(1);
    for (const session of [first, second]) {
      await expect.poll(() => keysOf(session.whiteboard.doc)).toEqual(['accepted']);
      await expect.poll(() => session.whiteboard.status.get().kind).toBe('saved');
    }
    expect(first.copies.get().map(contentOf)).toEqual([['accepted', 'refused']]);
    expect(second.copies.get()).toEqual([]);

    // They still share, now as the next generation.
    draw(second, 'after');
    await expect.poll(() => keysOf(first.whiteboard.doc)).toEqual(['accepted', 'after']);
    await expect.poll(() => test.drawn).toEqual(['accepted', 'after']);
  });

  it('[RF3] one that was frozen meanwhile follows when somebody looks at it again', async () => {
    const [first, second] = [await tab(), await tab()];
    test.storage.frozen = true;
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(generationOf(first)).toBe(1);
    await expect.poll(() => first.copies.get().length).toBe(1);
    expect(generationOf(second)()).toBe(0);
    document.dispatchEvent(new Event('visibilitychange'));
    await expect.poll(generationOf(second)).toBe(1);
    await expect.poll(() => second.whiteboard.status.get().kind).toBe('saved');
    expect(keysOf(second.whiteboard.doc)).toEqual([]);
  });

  it('[RF4] one comes back with the refused work of the other: none of it is sent, though it would be taken now', async () => {
    const [first, second] = [await tab(), await tab()];
    second.whiteboard.disconnect();
    second.whiteboard.provider.connectBc();
    test.server.rights = { role: 'member', permissions: ['chat'] };
    draw(first, 'refused');
    await hears(second, 'refused');
    await expect.poll(generationOf(first)).toBe(1);
    expect(generationOf(second)()).toBe(0);

    test.setRole('member');
    second.whiteboard.connect();
    await expect.poll(generationOf(second)).toBe(1);
    await expect.poll(() => second.whiteboard.status.get().kind).toBe('saved');
    draw(second, 'after');
    await expect.poll(() => keysOf(first.whiteboard.doc)).toEqual(['after']);
    await expect.poll(() => test.drawn).toEqual(['after']);
    expect(keysOf(second.whiteboard.doc)).toEqual(['after']);
  });

  it('[RF3] what the one that comes back had made since is kept with the copy of the other', async () => {
    const [first, second] = [await tab(), await tab()];
    second.whiteboard.disconnect();
    second.whiteboard.provider.connectBc();
    draw(second, 'mine');
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await hears(second, 'refused');
    await expect.poll(() => first.copies.get().length).toBe(1);
    second.whiteboard.connect();
    await expect.poll(() => second.copies.get().map(contentOf)).toEqual([['mine', 'refused']]);
    expect(second.copies.get()[0]).toMatchObject({ code: 'schema_violation', reason: 'No.' });
    await expect.poll(() => second.whiteboard.status.get().kind).toBe('saved');
    expect(test.drawn).toEqual([]);
  });

  it('[RF4] both come back with work that both have: one copy, and nothing of it on the server', async () => {
    const [first, second] = [await tab(), await tab()];
    test.offline();
    await expect.poll(kindOf(first)).toBe('offline');
    await expect.poll(kindOf(second)).toBe('offline');
    for (const session of [first, second]) session.whiteboard.provider.connectBc();
    draw(first, 'of the first');
    draw(second, 'of the second');
    await hears(first, 'of the second');
    await hears(second, 'of the first');
    test.server.rights = { role: 'viewer', permissions: [] };
    test.online();
    for (const session of [first, second]) {
      await expect.poll(() => session.whiteboard.status.get().kind, { timeout: 8_000 }).toBe('viewOnly');
      expect(generationOf(session)()).toBe(1);
    }
    await Promise.all([first, second].map(leave));
    const third = await test.enter();
    await expect.poll(() => third.copies.get().map(contentOf)).toEqual([['of the first', 'of the second']]);
    test.setRole('member');
    await expect.poll(() => third.whiteboard.status.get().kind).toBe('saved');
    expect(test.drawn).toEqual([]);
  }, 15_000);

  it('[RF4] the database of the refused work is deleted once no tab has it open, and loaded by none', async () => {
    const [first, second] = [await tab(), await tab()];
    const former = first.whiteboard.database.name;
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(generationOf(second)).toBe(1);
    await expect.poll(() => first.copies.get().length).toBe(1);
    await Promise.all([first, second].map(leave));
    const third = await test.enter();
    await expect.poll(() => third.copies.get().length).toBe(1);
    expect(keysOf(third.whiteboard.doc)).toEqual([]);
    await expect.poll(async () => (await indexedDB.databases()).map(({ name }) => name)).not.toContain(former);
  });
});

describe('a refusal', () => {
  it('[RF1] gives the document a fresh client id, which is told at the connect', async () => {
    const session = await tab();
    const { clientID } = session.whiteboard.doc;
    test.server.judge = () => 'authorship_violation';
    draw(session, 'under a client id of somebody else');
    await expect.poll(() => session.copies.get()[0]?.code).toBe('authorship_violation');
    const fresh = session.whiteboard.doc.clientID;
    expect(fresh).not.toBe(clientID);
    test.server.judge = () => undefined;
    draw(session, 'under my own');
    await expect.poll(() => test.drawn).toEqual(['under my own']);
    const told = test.server.queries.get(BOARD)!.map((query) => query.get('client'));
    expect(told).toEqual([String(clientID), String(fresh)]);
    expect(Y.decodeStateVector(Y.encodeStateVector(test.server.doc(BOARD))).has(fresh)).toBe(true);
  });

  it('[RF5] holds though localStorage is full: in this page, and in those after it', async () => {
    const first = await tab();
    test.storage.full = true;
    test.server.judge = refuseTheWord;
    draw(first, 'refused');
    await expect.poll(generationOf(first)).toBe(1);
    await expect.poll(() => first.copies.get().length).toBe(1);
    await leave(first);
    expect(test.storage.getItem('thunderline:generation:plans:whiteboard:ann')).toBeNull();

    test.server.judge = () => undefined;
    const second = await test.enter();
    await expect.poll(() => second.whiteboard.status.get().kind).toBe('saved');
    expect(second.whiteboard.database.name).toBe(databaseOf({ room: 'plans', document: 'whiteboard', sub: 'ann' }, 1).name);
    expect(keysOf(second.whiteboard.doc)).toEqual([]);
    expect(test.drawn).toEqual([]);
  });
});
