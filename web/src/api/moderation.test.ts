/** That each call has the method, path and body of the contract, and reads the answer. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './client';
import * as moderation from './moderation';
import { changeRoom, createRoom, deleteRoom, isInLobby, joinRoom } from './rooms';

interface Seen {
  method: string;
  path: string;
  body: unknown;
  token: string | null;
}

let seen: Seen[];
let answer: () => Response;

beforeEach(() => {
  seen = [];
  answer = () => Response.json({});
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    const body: unknown = init.body === undefined ? undefined : JSON.parse(String(init.body));
    seen.push({ method: init.method!, path, body, token: headers.get('Authorization') });
    return answer();
  });
});

afterEach(() => vi.unstubAllGlobals());

const R = '/api/rooms/a%2Fb';
const noContent = (): Response => new Response(null, { status: 204 });

const calls: [string, () => Promise<unknown>, Omit<Seen, 'token'>][] = [
  ['list members', () => moderation.listMembers('a/b', 't'), { method: 'GET', path: R, body: undefined }],
  ['change a member', () => moderation.changeMember('a/b', 't', 'g:1', { role: 'viewer', overrides: { draw: true, chat: null } }),
    { method: 'PATCH', path: `${R}/members/g%3A1`, body: { role: 'viewer', overrides: { draw: true, chat: null } } }],
  ['kick', () => moderation.kick('a/b', 't', 'u'), { method: 'POST', path: `${R}/members/u/kick`, body: {} }],
  ['kick with a reason', () => moderation.kick('a/b', 't', 'u', 'Spam'), { method: 'POST', path: `${R}/members/u/kick`, body: { reason: 'Spam' } }],
  ['ban', () => moderation.ban('a/b', 't', 'u', 'Spam'), { method: 'POST', path: `${R}/members/u/ban`, body: { reason: 'Spam' } }],
  ['unban', () => moderation.unban('a/b', 't', 'u'), { method: 'POST', path: `${R}/members/u/unban`, body: {} }],
  ['hand over', () => moderation.handover('a/b', 't', 'u'), { method: 'POST', path: `${R}/members/u/handover`, body: {} }],
  ['list invitations', () => moderation.listInvitations('a/b', 't'), { method: 'GET', path: `${R}/invitations`, body: undefined }],
  ['invite', () => moderation.createInvitation('a/b', 't', 'viewer', 'Press'),
    { method: 'POST', path: `${R}/invitations`, body: { role: 'viewer', label: 'Press' } }],
  ['invite without a label', () => moderation.createInvitation('a/b', 't', 'member'),
    { method: 'POST', path: `${R}/invitations`, body: { role: 'member' } }],
  ['list sessions', () => moderation.listSessions('a/b', 't'), { method: 'GET', path: `${R}/sessions`, body: undefined }],
  ['list older sessions', () => moderation.listSessions('a/b', 't', { before: 5, limit: 10 }),
    { method: 'GET', path: `${R}/sessions?before=5&limit=10`, body: undefined }],
  ['list events of a kind', () => moderation.listEvents('a/b', 't', { kind: 'kicked' }),
    { method: 'GET', path: `${R}/events?kind=kicked`, body: undefined }],
  ['count', () => moderation.roomStats('a/b', 't'), { method: 'GET', path: `${R}/stats`, body: undefined }],
  ['change the room', () => changeRoom('a/b', 't', { door: 'closed', max_people: 0, permissions: ['chat'] }),
    { method: 'PATCH', path: R, body: { door: 'closed', max_people: 0, permissions: ['chat'] } }],
];

describe('a call', () => {
  it.each(calls)('to %s is the one of the contract', async (_what, call, expected) => {
    await call();
    expect(seen).toEqual([{ ...expected, token: 'Bearer t' }]);
  });

  it('that has no answer takes none', async () => {
    answer = noContent;
    await moderation.revokeInvitation('r', 't', 'abc');
    await deleteRoom('r', 't');
    expect(seen.map(({ method, path }) => [method, path])).toEqual([
      ['DELETE', '/api/rooms/r/invitations/abc'], ['DELETE', '/api/rooms/r'],
    ]);
  });

  it('to erase a person tells how much was erased', async () => {
    answer = () => Response.json({ erased: 7 });
    expect(await moderation.erase('r', 't', 'u', false)).toBe(7);
    expect(await moderation.erase('r', 't', 'u', true)).toBe(7);
    expect(seen.map(({ method, path }) => [method, path])).toEqual([
      ['DELETE', '/api/rooms/r/members/u/data'], ['DELETE', '/api/rooms/r/members/u/data?content=true'],
    ]);
  });

  it('to make a room carries a token only where there is one', async () => {
    await createRoom({ access: 'lobby', permissions: ['chat'] });
    await createRoom({ name: 'Plans' }, 't');
    expect(seen.map(({ token, body }) => [token, body])).toEqual([
      [null, { access: 'lobby', permissions: ['chat'] }], ['Bearer t', { name: 'Plans' }],
    ]);
  });

  it('to join knows the lobby from the room', async () => {
    answer = () => Response.json({ lobby: true, room: { id: 'r', name: '' } }, { status: 202 });
    expect(isInLobby(await joinRoom('r', { name: 'Ann', guest_key: 'k' }))).toBe(true);
    answer = () => Response.json({ room: { id: 'r', name: '' } });
    expect(isInLobby(await joinRoom('r', { name: 'Ann', guest_key: 'k' }))).toBe(false);
  });
});

describe('a table', () => {
  it('is a file with a name', async () => {
    answer = () => new Response('at,people\n1,2\n', { headers: { 'Content-Type': 'text/csv' } });
    const { name, blob } = await moderation.csvOf('plans', 't', 'stats');
    expect([name, await blob.text()]).toEqual(['plans-stats.csv', 'at,people\n1,2\n']);
    expect(seen[0]).toMatchObject({ path: '/api/rooms/plans/stats?format=csv', token: 'Bearer t' });
  });

  it('that is refused says why', async () => {
    answer = () => Response.json({ error: { code: 'permission_denied', reason: 'No.' } }, { status: 403 });
    const refused = await moderation.csvOf('plans', 't', 'events').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ code: 'permission_denied', status: 403 });
  });
});
