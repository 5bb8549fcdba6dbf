import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomMember } from '../api/moderation';
import type { Permission, Person, RoomInfo } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { absentOf } from './FormerPeople';
import { changed, MemberList, type Members } from './memberList';

const ann: RoomMember = {
  sub: 'ann', name: 'Ann', role: 'member', permissions: ['draw', 'chat'], overrides: {},
  present: true, banned: false, removed: false, joined_at: 1,
};
const room = { id: 'room', permissions: ['draw', 'chat'] } as unknown as RoomInfo;

/** A server that answers with `members`, and takes changes or refuses them. */
let http: Server;
let members: RoomMember[];
let refuses: boolean;
let changes: unknown[];

beforeEach(async () => {
  members = [ann];
  refuses = false;
  changes = [];
  http = createServer((request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify({ room, members }));
    request.on('data', (body) => changes.push(JSON.parse(String(body))));
    request.on('end', () => {
      response.statusCode = refuses ? 403 : 200;
      response.end(JSON.stringify(refuses ? { error: { code: 'permission_denied', reason: 'No.' } } : {}));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const reach = globalThis.fetch;
  vi.stubGlobal('fetch', (path: string, options: RequestInit) => reach(origin + path, options));
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await new Promise((resolve) => http.close(resolve));
});

function open() {
  const roster = createStore<readonly Person[]>([]);
  const permissions = createStore<ReadonlySet<Permission>>(new Set(['moderate'] as const));
  const list = new MemberList({ room: createStore(room), roster, permissions, token: async () => 'token' });
  return { list, roster };
}

const when = (list: MemberList, holds: (now: Members) => boolean): Promise<void> => vi.waitFor(() => {
  if (!holds(list.get())) throw new Error('not yet');
});

describe('the list of members', () => {
  it('is loaded while somebody looks, and again when people come and go', async () => {
    const { list, roster } = open();
    const end = list.subscribe(() => {});
    await when(list, ({ members: now }) => now?.length === 1);
    members = [ann, { ...ann, sub: 'bob', name: 'Bob' }];
    roster.set([{} as Person]);
    await when(list, ({ members: now }) => now?.length === 2);
    end();
  });

  it('shows a change at once, and what the server says in the end', async () => {
    const { list } = open();
    const end = list.subscribe(() => {});
    await when(list, ({ members: now }) => now !== undefined);
    members = [changed(ann, { overrides: { draw: false } }, room)];
    const done = list.change('ann', { overrides: { draw: false } });
    expect(list.get().members?.[0]?.permissions).toEqual(['chat']);
    await done;
    expect(changes).toEqual([{ overrides: { draw: false } }]);
    expect(list.get().members).toEqual(members);
    end();
  });

  it('takes a change back that the server refuses, and says so', async () => {
    const { list } = open();
    const end = list.subscribe(() => {});
    await when(list, ({ members: now }) => now !== undefined);
    refuses = true;
    await expect(list.change('ann', { role: 'moderator' })).rejects.toMatchObject({ code: 'permission_denied' });
    expect(list.get().members).toEqual([ann]);
    end();
  });

  it('keeps what it had when the server does not answer, and says that it is old', async () => {
    const { list } = open();
    const end = list.subscribe(() => {});
    await when(list, ({ members: now }) => now !== undefined);
    vi.stubGlobal('fetch', async () => { throw new TypeError('Failed to fetch'); });
    await list.reload();
    expect(list.get()).toEqual({ members: [ann], failed: true });
    end();
  });
});

describe('a change', () => {
  it('sets a right, takes one, and gives it back to the room', () => {
    const set = changed(ann, { overrides: { draw: false, record: true } }, room);
    expect(set).toMatchObject({ permissions: ['chat', 'record'], overrides: { draw: false, record: true } });
    expect(changed(set, { overrides: { draw: null } }, room)).toMatchObject({ permissions: ['draw', 'chat', 'record'], overrides: { record: true } });
  });

  it('of the role keeps what was set for the person', () => {
    const set = changed(ann, { overrides: { chat: true } }, room);
    expect(changed(set, { role: 'viewer' }, room)).toMatchObject({ role: 'viewer', permissions: ['chat'] });
  });
});

describe('those who are not here', () => {
  it('are the others, banned people first, then by name', () => {
    const all = ['Zoe', 'Ann', 'Bob'].map((name) => ({ ...ann, sub: name, name }));
    const banned = { ...ann, sub: 'Yan', name: 'Yan', banned: true };
    expect(absentOf([...all, banned], [{ sub: 'Bob' }]).map(({ name }) => name)).toEqual(['Yan', 'Ann', 'Zoe']);
  });
});
