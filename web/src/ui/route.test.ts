import { beforeAll, describe, expect, it, vi } from 'vitest';

let route: typeof import('./route');
beforeAll(async () => {
  vi.stubGlobal('location', { pathname: '/', hash: '', search: '' });
  vi.stubGlobal('addEventListener', () => {});
  route = await import('./route');
});

describe('the address', () => {
  it('names a room, and its replay', () => {
    expect(route.routeOf('/r/abc')).toEqual({ page: 'room', room: 'abc', isReplay: false });
    expect(route.routeOf('/r/abc/')).toEqual({ page: 'room', room: 'abc', isReplay: false });
    expect(route.routeOf('/r/abc/replay')).toEqual({ page: 'room', room: 'abc', isReplay: true });
    expect(route.routeOf('/r/replay')).toEqual({ page: 'room', room: 'replay', isReplay: false });
    expect(route.routeOf('/r/abc/other')).toEqual({ page: 'landing' });
    expect(route.routeOf(route.replayPath('a b'))).toEqual({ page: 'room', room: 'a b', isReplay: true });
  });

  it('can be pasted to join, a replay too', () => {
    const origin = 'https://board.example';
    expect(route.joinTargetOf(`${origin}/r/abc/replay?at=5`, origin)).toEqual({ kind: 'room', path: '/r/abc/replay?at=5' });
    expect(route.joinTargetOf(`${origin}/r/abc#k=x`, origin)).toEqual({ kind: 'room', path: '/r/abc#k=x' });
    expect(route.joinTargetOf('https://other.example/r/abc/replay', origin)).toEqual({ kind: 'other', host: 'other.example' });
  });
});
