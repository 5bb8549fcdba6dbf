/** Tokens: renewed in time, told over the open socket, and by no clock but the one that counts. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lifetimeOf } from './keptAccess';
import { RoomAccess } from './roomAccess';
import { kindOf, refusal, TestRoom } from './testRoom';

const HOUR = 3_600_000;
const MINUTE = 60_000;

let test: TestRoom;

beforeEach(async () => {
  test = new TestRoom();
  await test.open();
});

afterEach(async () => {
  vi.useRealTimers();
  await test.close();
});

/** As a server signs it: issued by its clock, for so long. */
function tokenOf(issued: number, lasts: number): string {
  const part = (value: object): string => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${part({ alg: 'HS256' })}.${part({ iat: issued / 1000, exp: (issued + lasts) / 1000, name: 'Zoë ?>' })}.x`;
}

function serverClock(ahead: number, lasts: number): void {
  test.answer = () => {
    const token = tokenOf(Date.now() + ahead, lasts);
    const { room, rights } = test.server;
    return Response.json({ room, me: { sub: 'ann', name: 'Ann', ...rights }, token, expires_at: (Date.now() + ahead + lasts) * 1000 });
  };
}

async function access(): Promise<RoomAccess> {
  return RoomAccess.enter({ room: 'plans', session: 's', signalUrl: 'ws://host/signal/plans' });
}

describe('a token', () => {
  it.each([[HOUR, HOUR - 10 * MINUTE], [4 * MINUTE, 3 * MINUTE]])('[RN1] of %i ms is renewed after %i', async (lasts, after) => {
    vi.useFakeTimers();
    serverClock(0, lasts);
    const mine = await access();
    await vi.advanceTimersByTimeAsync(after - 1_000);
    expect(test.joins).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(test.joins).toBe(2);
    mine.close();
    await vi.advanceTimersByTimeAsync(lasts);
    expect(test.joins).toBe(2);
  });

  it('[RN1] is asked for again while the server is away, and no more once it is refused', async () => {
    vi.useFakeTimers();
    serverClock(0, HOUR);
    const mine = await access();
    test.reachable = false;
    await vi.advanceTimersByTimeAsync(HOUR);
    const tried = test.joins;
    expect(tried).toBeGreaterThan(10);
    test.reachable = true;
    test.answer = refusal(403, 'banned');
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(test.joins).toBe(tried + 1);
    mine.close();
  });

  it.each([[-3 * HOUR], [3 * HOUR]])('[RN3] lasts as long with a clock that is wrong by %i ms', async (ahead) => {
    vi.useFakeTimers();
    serverClock(ahead, HOUR);
    const mine = await access();
    await vi.advanceTimersByTimeAsync(HOUR / 2);
    await mine.validToken();
    expect(test.joins).toBe(1);
    await vi.advanceTimersByTimeAsync(HOUR / 2);
    expect(test.joins).toBe(2);
    mine.close();
  });

  it.each(['', 'opaque', 'a.b.c', `x.${btoa('{"iat":9,"exp":1}')}.y`, `x.${btoa('null')}.y`])(
    '[RN3] that does not tell its time (%j) has none', (token) => expect(lifetimeOf(token)).toBeUndefined(),
  );

  it('[RN1] that is new is told over the open socket', async () => {
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    await session.rename('Anna');
    await expect.poll(() => test.server.heard).toContainEqual({ type: 'renew', token: `token-${test.joins}` });
  });

  it('[RN2] that a socket does not take any more is replaced, on both sockets', async () => {
    const session = await test.enter();
    await expect.poll(kindOf(session)).toBe('saved');
    await expect.poll(() => session.signal.state.get().kind).toBe('open');
    test.server.close(4401, 'token_expired');
    for (const path of ['/signal/plans', '/sync/plans/whiteboard']) {
      await expect.poll(() => test.server.queries.get(path)!.length).toBe(2);
      expect(test.server.queries.get(path)!.at(-1)!.get('token')).not.toBe('token-1');
    }
    await expect.poll(() => session.signal.state.get().kind).toBe('open');
    await expect.poll(kindOf(session)).toBe('saved');
  });
});
