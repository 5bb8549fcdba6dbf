import { WebSocket as NodeSocket } from 'ws';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { Me, Person, Removal, Rights, RoomInfo, Store } from '../sync/types';
import { MEMBER_PERMISSIONS } from '../sync/permissions';
import { createStore } from '../sync/valueStore';
import { SignalClient, type SignalOptions, type SignalTiming } from './SignalClient';
import { presumedPerson } from './signalMessages';
import { SignalServer, type Visit } from './signalServer';

const me: Me = {
  session: 's1', sub: 'ann', name: 'Ann', role: 'member', permissions: MEMBER_PERMISSIONS, color: '#1c7ed6',
};
const ann = presumedPerson({ ...me, since: 1 });
const bob = presumedPerson({ session: 's2', sub: 'bob', name: 'Bob', role: 'member', color: '#e8590c', since: 2 });
const room: RoomInfo = {
  id: 'room', name: 'Planning', access: 'link', default_role: 'member', permissions: MEMBER_PERMISSIONS, door: 'open',
  max_people: 0, recovery: false,
};
const welcome = {
  type: 'welcome', you: me, room, roster: { version: 5, sessions: [ann, bob] }, permissions: [], ice: { servers: [], relay_only: false, expires_at: 0 }, media_mode: 'mesh', mesh_limit: 4,
};
const FAST: SignalTiming = { first: 5, most: 20, quiet: 60_000, patience: 5_000, grace: 5 };

let server: SignalServer;
let clients: SignalClient[];
let awarenesses: Awareness[];

beforeEach(async () => {
  server = await SignalServer.open();
  clients = [];
  awarenesses = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  for (const awareness of awarenesses) awareness.destroy();
  await server.close();
});

function newAwareness(): Awareness {
  const awareness = new Awareness(new Y.Doc());
  awarenesses.push(awareness);
  return awareness;
}

function start(changes: Partial<SignalOptions> = {}) {
  const awareness = newAwareness();
  const mine = createStore(me);
  const told = {
    rooms: [] as RoomInfo[], names: [] as string[], roles: [] as string[], rights: [] as Rights[], ends: [] as Removal[],
  };
  const renew = vi.fn(async () => {});
  const client = new SignalClient({
    url: server.url, session: 's1', token: async () => 'token', renew, me: mine, awareness: () => awareness,
    onRoom: (one) => told.rooms.push(one),
    onYou: ({ name, role }) => {
      told.names.push(name);
      told.roles.push(role);
    },
    onRights: (rights) => told.rights.push(rights),
    onEnded: (removal) => told.ends.push(removal),
    timing: FAST,
    WebSocket: NodeSocket as unknown as typeof WebSocket,
    ...changes,
  });
  clients.push(client);
  return { client, told, renew, awareness, mine };
}

/** The first value of a store that satisfies this. */
function when<T>(store: Store<T>, holds: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds(store.get())) return;
      end();
      resolve(store.get());
    };
    const end = store.subscribe(check);
    check();
  });
}

const namesOf = (people: readonly Person[]): string[] => people.map(({ name }) => name);
const shows = (client: SignalClient, ...names: string[]): Promise<readonly Person[]> =>
  when(client.roster, (people) => namesOf(people).join() === names.join());

async function welcomed(changes: Partial<SignalOptions> = {}): Promise<ReturnType<typeof start> & { visit: Visit }> {
  const started = start(changes);
  const visit = await server.visit();
  visit.say(welcome);
  await when(started.client.state, ({ kind }) => kind === 'open');
  return { ...started, visit };
}

describe('the signaling client', () => {
  it('says who it is, and takes over what the welcome tells', async () => {
    const { client, told, visit } = await welcomed();
    expect(Object.fromEntries(visit.query)).toEqual({ token: 'token', session: 's1' });
    expect(namesOf(client.roster.get())).toEqual(['Ann', 'Bob']);
    expect(told.rooms).toEqual([room]);
    expect(told.names.at(-1)).toBe('Ann');
  });

  it('follows who comes and goes, and what the room is called', async () => {
    const { client, told, visit } = await welcomed();
    visit.say({ type: 'left', version: 6, session: 's2', sub: 'bob' });
    await shows(client, 'Ann');
    visit.say({ type: 'joined', version: 7, person: bob });
    await shows(client, 'Ann', 'Bob');
    visit.say({ type: 'room', room: { ...room, name: 'Retro' } });
    await vi.waitFor(() => expect(told.rooms.at(-1)?.name).toBe('Retro'));
  });

  it('asks once for the whole roster when it has missed a version', async () => {
    const { client, visit } = await welcomed();
    visit.say({ type: 'updated', version: 8, person: { ...bob, name: 'Robert' } });
    visit.say({ type: 'updated', version: 9, person: { ...bob, name: 'Rob' } });
    expect(await visit.hear()).toEqual({ type: 'roster' });
    expect(namesOf(client.roster.get())).toEqual(['Ann', 'Bob']);
    visit.say({ type: 'roster', version: 9, sessions: [ann, { ...bob, name: 'Rob' }] });
    await shows(client, 'Ann', 'Rob');
    visit.say({ type: 'left', version: 10, session: 's2', sub: 'bob' });
    await shows(client, 'Ann');
    expect(visit.unheard).toEqual([]);
  });

  it('ignores messages that it does not know', async () => {
    const { client, visit } = await welcomed();
    visit.say({ type: 'fireworks' });
    visit.say({ type: 'left', version: 6, session: 's2', sub: 'bob' });
    await shows(client, 'Ann');
  });

  it('tells of its own role when that changes', async () => {
    const { told, visit } = await welcomed();
    visit.say({ type: 'updated', version: 6, person: { ...ann, role: 'viewer' } });
    await vi.waitFor(() => expect(told.roles.at(-1)).toBe('viewer'));
  });

  it('leaves when it is closed, and does not come back', async () => {
    const { client, visit } = await welcomed();
    client.close();
    expect(await visit.hear()).toEqual({ type: 'leave' });
    await visit.closed;
    expect(client.state.get()).toEqual({ kind: 'ended', code: 'left' });
    expect(server.visitCount).toBe(1);
  });
});

describe('those who moderate', () => {
  const knock = (sub: string, since: number) => ({ sub, name: sub, since });

  it('see who knocks, the longest waiting first, and who does no longer', async () => {
    const { client } = start();
    const visit = await server.visit();
    visit.say({ ...welcome, knocks: [knock('cy', 20), knock('bo', 10)] });
    await when(client.knocks, (knocks) => knocks.length === 2);
    visit.say({ type: 'knock', ...knock('di', 30) });
    await when(client.knocks, (knocks) => knocks.map(({ sub }) => sub).join() === 'bo,cy,di');
    visit.say({ type: 'knock', ...knock('cy', 20), name: 'Cyd' });
    await when(client.knocks, (knocks) => knocks.length === 3 && knocks.at(-1)?.name === 'Cyd');
    visit.say({ type: 'knock_gone', sub: 'bo' });
    await when(client.knocks, (knocks) => knocks.map(({ sub }) => sub).join() === 'di,cy');
  });

  it('admit, decline and ask for silence', async () => {
    const { client, visit } = await welcomed();
    client.admit('bo');
    client.decline('cy');
    client.decline('di', 'Not today.');
    client.requestMute('s2', 'mic');
    expect([await visit.hear(), await visit.hear(), await visit.hear(), await visit.hear()]).toEqual([
      { type: 'admit', sub: 'bo' }, { type: 'decline', sub: 'cy' }, { type: 'decline', sub: 'di', reason: 'Not today.' },
      { type: 'mute_request', to: 's2', what: 'mic' },
    ]);
  });

  it('see nobody knock once they moderate no more', async () => {
    const { client } = start();
    const visit = await server.visit();
    visit.say({ ...welcome, permissions: ['moderate'], knocks: [knock('cy', 20)] });
    await when(client.knocks, (knocks) => knocks.length === 1);
    visit.say({ type: 'permissions', role: 'member', permissions: ['chat'] });
    await when(client.knocks, (knocks) => knocks.length === 0);
  });

  it('see nobody knock once the room has ended for them', async () => {
    const { client } = start();
    const visit = await server.visit();
    visit.say({ ...welcome, knocks: [knock('cy', 20)] });
    await when(client.knocks, (knocks) => knocks.length === 1);
    visit.socket.close(4404, 'room_deleted');
    await when(client.knocks, (knocks) => knocks.length === 0);
  });
});

describe('what moderators do to me', () => {
  it('is told: other rights, a wish for silence, the end with its reason', async () => {
    const { client, told, visit } = await welcomed();
    expect(told.rights).toEqual([{ role: 'member', permissions: welcome.permissions }]);
    visit.say({ type: 'permissions', role: 'viewer', permissions: ['chat'] });
    visit.say({ type: 'muted', what: 'mic', by: { sub: 'bob', name: 'Bob' } });
    expect(await when(client.muteRequest, (request) => request !== null)).toEqual({ what: 'mic', by: { sub: 'bob', name: 'Bob' } });
    expect(told.rights.at(-1)).toEqual({ role: 'viewer', permissions: ['chat'] });
    visit.say({ type: 'removed', code: 'banned', reason: 'Spam.' });
    await visit.closed;
    expect(told.ends).toEqual([{ code: 'banned', reason: 'Spam.' }]);
    expect(client.state.get()).toEqual({ kind: 'ended', code: 'banned' });
    expect(server.visitCount).toBe(1);
  });

  it('ends it by the code alone when the last word was lost, and it is started again when asked to', async () => {
    const { client, told, visit } = await welcomed();
    visit.socket.close(4403, 'room_locked');
    await when(client.state, ({ kind }) => kind === 'ended');
    expect(told.ends).toEqual([{ code: 'room_locked', reason: '' }]);
    client.restart();
    (await server.visit()).say(welcome);
    await when(client.state, ({ kind }) => kind === 'open');
    await shows(client, 'Ann', 'Bob');
  });
});

describe('what this page shows of itself', () => {
  it('is said at once, and again on each new socket', async () => {
    const { client, visit } = await welcomed();
    client.setHand(true);
    client.setCall('call-of-ann');
    client.setMedia({ mic: true, camera: false, screen: false });
    expect(await visit.hear()).toEqual({ type: 'hand', up: true });
    expect(await visit.hear()).toEqual({ type: 'call', id: 'call-of-ann' });
    expect(await visit.hear()).toEqual({ type: 'media', mic: true, camera: false, screen: false });
    visit.socket.terminate();
    const next = await server.visit();
    next.say(welcome);
    expect([await next.hear(), await next.hear(), await next.hear()]).toEqual([
      { type: 'call', id: 'call-of-ann' }, { type: 'media', mic: true, camera: false, screen: false }, { type: 'hand', up: true },
    ]);
  });

  it('is taken back', async () => {
    const { client, visit } = await welcomed();
    client.setHand(true);
    client.setHand(false);
    visit.socket.terminate();
    const next = await server.visit();
    next.say(welcome);
    client.renew('new');
    await when(client.state, ({ kind }) => kind === 'open');
    client.renew('newer');
    expect(await next.hear()).toEqual({ type: 'renew', token: 'newer' });
  });
});

describe('a name', () => {
  it('is sent at once, and confirmed by the roster', async () => {
    const { client, told, visit } = await welcomed();
    client.rename('Anna');
    expect(await visit.hear()).toEqual({ type: 'rename', name: 'Anna' });
    visit.say({ type: 'updated', version: 6, person: { ...ann, name: 'Anna' } });
    await shows(client, 'Anna', 'Bob');
    expect(told.names.at(-1)).toBe('Anna');
  });

  it('that was chosen without a server is kept until there is one', async () => {
    const { client, told } = start();
    client.rename('Anna');
    const visit = await server.visit();
    visit.say(welcome);
    expect(await visit.hear()).toEqual({ type: 'rename', name: 'Anna' });
    expect(told.names).not.toContain('Ann');
  });

  it('that was lost on the way is sent again', async () => {
    const { client, visit } = await welcomed();
    client.rename('Anna');
    await visit.hear();
    visit.socket.terminate();
    const next = await server.visit();
    next.say(welcome);
    expect(await next.hear()).toEqual({ type: 'rename', name: 'Anna' });
  });

  it('that the server refuses is taken back', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { client, told, visit } = await welcomed();
    client.rename('???');
    await visit.hear();
    visit.say({ type: 'error', code: 'malformed_frame', about: 'rename', reason: 'A name has letters.' });
    await vi.waitFor(() => expect(told.names.at(-1)).toBe('Ann'));
    vi.restoreAllMocks();
  });
});

describe('a refusal of something else', () => {
  it('does not take a name back', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { client, told, visit } = await welcomed();
    client.rename('Anna');
    client.admit('cy');
    visit.say({ type: 'error', code: 'permission_denied', about: 'media', reason: 'No.' });
    visit.say({ type: 'updated', version: 6, person: { ...ann, name: 'Anna' } });
    await shows(client, 'Anna', 'Bob');
    expect(told.names).toEqual(['Ann', 'Ann', 'Anna']);
    vi.restoreAllMocks();
  });
});

describe('a lost socket', () => {
  it('is opened again, with a whole roster; until then the last one stays', async () => {
    const { client, visit } = await welcomed({ timing: { ...FAST, grace: 60_000 } });
    visit.socket.close(1011, 'internal');
    const next = await server.visit();
    expect(namesOf(client.roster.get())).toEqual(['Ann', 'Bob']);
    next.say({ ...welcome, roster: { version: 1, sessions: [ann] } });
    await shows(client, 'Ann');
    expect(client.state.get()).toEqual({ kind: 'open' });
  });

  it('is opened again after the server has drained', async () => {
    const { client, visit } = await welcomed();
    visit.say({ type: 'draining' });
    await when(client.state, ({ kind }) => kind === 'draining');
    visit.socket.close(4503, 'room_draining');
    (await server.visit()).say(welcome);
    await when(client.state, ({ kind }) => kind === 'open');
  });

  it('is tried for as long as the server is away', async () => {
    const { client } = start({ url: 'ws://127.0.0.1:1/signal/room' });
    const kinds: string[] = [];
    client.state.subscribe(() => kinds.push(client.state.get().kind));
    await vi.waitFor(() => expect(kinds.filter((kind) => kind === 'waiting').length).toBeGreaterThanOrEqual(3));
  });

  it('is noticed though nobody closes it', async () => {
    const { visit } = await welcomed({ timing: { ...FAST, quiet: 10, patience: 10 } });
    expect(await visit.hear()).toEqual({ type: 'roster' });
    await server.visit();
  });

  it.each([[4404, 'unknown_room'], [4403, 'not_admitted']])('is given up after %i %s', async (close, code) => {
    const { client } = start();
    (await server.visit()).socket.close(close, code);
    expect(await when(client.state, ({ kind }) => kind === 'ended')).toEqual({ kind: 'ended', code });
  });

  it('gets one new token after 4401, and ends when that is no better', async () => {
    const { client, renew } = start();
    (await server.visit()).socket.close(4401, 'token_expired');
    (await server.visit()).socket.close(4401, 'token_invalid');
    expect(await when(client.state, ({ kind }) => kind === 'ended')).toEqual({ kind: 'ended', code: 'token_invalid' });
    expect(renew).toHaveBeenCalledTimes(1);
    expect(server.visitCount).toBe(2);
  });

  it('waits while no token can be had, and ends when none will be', async () => {
    const answers = [new ApiError('unreachable', '', 0), new ApiError('not_admitted', '', 403)];
    const { client } = start({ token: async () => { throw answers.shift(); } });
    expect(await when(client.state, ({ kind }) => kind === 'ended')).toEqual({ kind: 'ended', code: 'not_admitted' });
    expect(answers).toEqual([]);
  });
});

describe('without the server', () => {
  it('those are shown whom the board shows', async () => {
    const { client, visit, awareness, mine } = await welcomed();
    visit.socket.close(4404, 'room_deleted');
    await shows(client, 'Ann');
    awareness.states.set(7, { user: { id: 'cy', name: 'Cy', color: '#0ca678' } });
    awareness.states.set(8, 'nonsense' as never);
    awareness.emit('change', [{ added: [7, 8], updated: [], removed: [] }, 'test']);
    await shows(client, 'Ann', 'Cy');
    mine.set({ ...me, name: 'Anna' });
    await shows(client, 'Anna', 'Cy');
  });
});
