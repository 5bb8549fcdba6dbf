/** In front of a room with a lobby. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket as NodeSocket } from 'ws';
import { ApiError } from '../api/client';
import type { InLobby, Joined } from '../api/rooms';
import { SignalServer, type Visit } from '../presence/signalServer';
import { Knocking, type KnockingState } from './knocking';
import { kindOf, refusal, TestRoom } from './testRoom';

const me = { sub: 'ann', name: 'Ann', role: 'member', permissions: [] } as const;
const WAITING = { type: 'waiting', room: { id: 'room', name: 'Planning' }, moderators: 2, reason: 'Wait here.' };
const FAST = { first: 5, most: 20, quiet: 60_000, patience: 5_000, grace: 5 };

let server: SignalServer;
let knockings: Knocking[];
/** What the joins after the first are answered with, in order. */
let answers: (InLobby | Joined | ApiError)[];

beforeEach(async () => {
  server = await SignalServer.open();
  knockings = [];
  answers = [];
});

afterEach(async () => {
  for (const knocking of knockings) knocking.close();
  await server.close();
});

function lobby(token: string): InLobby {
  return { lobby: true, room: WAITING.room, token, me, expires_at: 0 };
}

const joined = { token: 'inside', me } as unknown as Joined;

function knock(): Knocking {
  const join = async (): Promise<InLobby | Joined> => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('Nobody should join now.');
    if (answer instanceof ApiError) throw answer;
    return answer;
  };
  const WebSocket = NodeSocket as unknown as typeof globalThis.WebSocket;
  const knocking = new Knocking({ url: server.url, session: 's1', lobby: lobby('first'), join, timing: FAST, WebSocket });
  knockings.push(knocking);
  return knocking;
}

async function waiting(): Promise<{ knocking: Knocking; visit: Visit }> {
  const knocking = knock();
  const visit = await server.visit();
  expect(await visit.hear()).toEqual({ type: 'knock' });
  visit.say(WAITING);
  await vi.waitFor(() => expect(knocking.state.get()).toMatchObject({ kind: 'waiting', moderators: 2 }));
  return { knocking, visit };
}

async function becomes(knocking: Knocking, state: KnockingState): Promise<void> {
  await vi.waitFor(() => expect(knocking.state.get()).toEqual(state));
}

describe('whoever knocks', () => {
  it('[KN1] says who he is, and is told of the room and who could open', async () => {
    const { knocking, visit } = await waiting();
    expect(Object.fromEntries(visit.query)).toEqual({ token: 'first', session: 's1' });
    expect(knocking.room).toEqual({ id: 'room', name: 'Planning' });
    visit.say({ ...WAITING, moderators: 0, reason: 'Nobody is here.' });
    await becomes(knocking, { kind: 'waiting', moderators: 0, reason: 'Nobody is here.' });
  });

  it('[KN2] knocks again after the socket was lost', async () => {
    const { knocking, visit } = await waiting();
    visit.socket.terminate();
    const next = await server.visit();
    expect(await next.hear()).toEqual({ type: 'knock' });
    expect(knocking.state.get()).toMatchObject({ kind: 'waiting', moderators: 2 });
  });

  it('[KN3] joins again when he is admitted, though not at the first attempt, and is in', async () => {
    const { knocking, visit } = await waiting();
    const shown: KnockingState[] = [];
    knocking.state.subscribe(() => shown.push(knocking.state.get()));
    answers = [new ApiError('unreachable', '', 0), joined];
    visit.say({ type: 'admitted' });
    expect(await knocking.joined).toBe(joined);
    expect(shown).toEqual([{ kind: 'admitted' }]);
    await visit.closed;
    expect(server.visitCount).toBe(1);
  });

  it('[KN3] whose admission was taken back meanwhile knocks again', async () => {
    const { knocking, visit } = await waiting();
    answers = [lobby('second')];
    visit.say({ type: 'admitted' });
    const next = await server.visit();
    expect(next.query.get('token')).toBe('second');
    expect(await next.hear()).toEqual({ type: 'knock' });
    expect(knocking.state.get().kind).toBe('waiting');
  });

  it('[KN4] is told why when he is declined, and knocks again only when he wants', async () => {
    const { knocking, visit } = await waiting();
    visit.say({ type: 'declined', reason: 'Not today.' });
    await becomes(knocking, { kind: 'declined', reason: 'Not today.' });
    await visit.closed;
    expect(server.visitCount).toBe(1);
    answers = [lobby('second')];
    knocking.again();
    expect(knocking.state.get().kind).toBe('waiting');
    const next = await server.visit();
    expect(next.query.get('token')).toBe('second');
    expect(await next.hear()).toEqual({ type: 'knock' });
  });

  it.each([[4403, 'banned'], [4404, 'room_deleted']])('[KN5] is told of %i %s as that', async (close, code) => {
    const { knocking, visit } = await waiting();
    visit.socket.close(close, code);
    await becomes(knocking, { kind: 'failed', code });
  });

  it('[KN5] is told that he was banned before the socket closes', async () => {
    const { knocking, visit } = await waiting();
    visit.say({ type: 'removed', code: 'banned', reason: 'No.' });
    await becomes(knocking, { kind: 'failed', code: 'banned' });
  });

  it('[KN6] gets another token when his own has run out', async () => {
    const { visit } = await waiting();
    answers = [lobby('second')];
    visit.socket.close(4401, 'token_expired');
    expect((await server.visit()).query.get('token')).toBe('second');
  });

  it('[KN6] is in when the door was opened for everybody meanwhile', async () => {
    const { knocking, visit } = await waiting();
    answers = [joined];
    visit.socket.close(4401, 'token_expired');
    expect(await knocking.joined).toBe(joined);
    expect(knocking.state.get()).toEqual({ kind: 'admitted' });
  });

  it('goes away when the page is closed', async () => {
    const { knocking, visit } = await waiting();
    visit.say({ type: 'declined', reason: '' });
    await becomes(knocking, { kind: 'declined', reason: '' });
    knocking.close();
    await visit.closed;
    knocking.again();
    expect(knocking.state.get().kind).toBe('declined');
  });
});

describe('a room with a lobby', () => {
  let test: TestRoom;

  beforeEach(async () => {
    test = new TestRoom();
    await test.open();
  });

  afterEach(() => test.close());

  const inLobby = (): Response => Response.json(lobby(`lobby-${test.joins}`), { status: 202 });

  it('[KN3] opens when its moderator admits', async () => {
    test.answer = inLobby;
    const met: Knocking[] = [];
    const entering = test.enter((knocking) => met.push(knocking));
    await expect.poll(() => test.server.heard).toContainEqual({ type: 'knock' });
    expect(test.server.queries.get('/signal/plans')![0]!.get('token')).toBe('lobby-1');
    test.answer = undefined;
    test.server.say({ type: 'admitted' });
    const session = await entering;
    expect(met.map(({ state }) => state.get().kind)).toEqual(['admitted']);
    await expect.poll(kindOf(session)).toBe('saved');
    // Nothing of the lobby's token is left.
    expect(await session.token()).toBe('token-2');
  });

  it('[KN7] is knocked at again by a page that was reloaded while it waited', async () => {
    test.answer = inLobby;
    const met: Knocking[] = [];
    void test.enter((knocking) => met.push(knocking));
    await expect.poll(() => test.server.heard.length).toBe(1);
    met[0]!.close();
    void test.enter((knocking) => met.push(knocking));
    await expect.poll(() => test.server.heard.length).toBe(2);
    met[1]!.close();
  });

  it('[KN8] is knocked at by whoever was in it and has to do so again', async () => {
    const first = await test.enter();
    await expect.poll(kindOf(first)).toBe('saved');
    test.answer = inLobby;
    test.server.admit = (path) => (path.startsWith('/sync/') ? [4401, 'token_invalid'] : undefined);
    test.server.cut();
    await expect.poll(() => first.status.get()).toEqual({ kind: 'stopped', code: 'not_admitted' });
    first.close();

    test.server.admit = () => undefined;
    const met: Knocking[] = [];
    const entering = test.enter((knocking) => met.push(knocking));
    await expect.poll(() => met.length).toBe(1);
    await expect.poll(() => test.server.heard).toContainEqual({ type: 'knock' });
    test.answer = undefined;
    test.server.say({ type: 'admitted' });
    await expect.poll(kindOf(await entering)).toBe('saved');
  });

  it('refuses whoever is not let knock', async () => {
    test.answer = refusal(403, 'room_locked');
    await expect(test.enter(() => { throw new Error('There is no lobby.'); })).rejects.toMatchObject({ code: 'room_locked' });
  });
});
