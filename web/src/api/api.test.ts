import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryStorage } from '../sync/testServer';
import { ApiError, request } from './client';
import { identity, rename, tidyName } from './identity';

function answer(response: Response | Error): void {
  vi.stubGlobal('fetch', async () => {
    if (response instanceof Error) throw response;
    return response;
  });
}

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error('Expected an ApiError.');
}

beforeEach(() => vi.stubGlobal('localStorage', memoryStorage()));
afterEach(() => vi.unstubAllGlobals());

describe('a request', () => {
  it('tells the code and reason of a refusal', async () => {
    answer(Response.json({ error: { code: 'not_admitted', reason: 'By invitation.' } }, { status: 403 }));
    const error = await errorOf(request('/api/rooms/x/join'));
    expect(error).toMatchObject({ code: 'not_admitted', reason: 'By invitation.', status: 403, isTemporary: false });
  });

  it('tells how long to wait', async () => {
    const headers = { 'Retry-After': '7' };
    answer(Response.json({ error: { code: 'rate_limited', reason: 'Slower.' } }, { status: 429, headers }));
    expect(await errorOf(request('/api/rooms'))).toMatchObject({ retryAfterSeconds: 7, isTemporary: true });
  });

  it('is unreachable when nothing answers', async () => {
    answer(new TypeError('Failed to fetch'));
    expect(await errorOf(request('/api/config'))).toMatchObject({ code: 'unreachable', status: 0, isTemporary: true });
  });

  it('is unreachable when only a proxy answers', async () => {
    answer(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(await errorOf(request('/api/config'))).toMatchObject({ code: 'unreachable', status: 502 });
  });

  it('does not take a page for an answer', async () => {
    answer(new Response('<!doctype html>', { status: 200 }));
    expect(await errorOf(request('/api/config'))).toMatchObject({ code: 'unexpected_answer' });
  });
});

describe('the identity', () => {
  it('is made once and stays', () => {
    const first = identity();
    expect(first.guest_key).toMatch(/^[\w-]{43}$/);
    expect(rename('  Ann \n Lee ').name).toBe('Ann Lee');
    expect(identity()).toEqual({ guest_key: first.guest_key, name: 'Ann Lee' });
  });

  it('lasts as long as the page where storage is blocked', () => {
    vi.stubGlobal('localStorage', { getItem() { throw new Error('denied'); }, setItem() { throw new Error('denied'); } });
    expect(identity().guest_key).toBe(identity().guest_key);
  });

  it('does not cut a name in the middle of a character', () => {
    expect([...tidyName('🦊'.repeat(80))]).toHaveLength(60);
  });
});
