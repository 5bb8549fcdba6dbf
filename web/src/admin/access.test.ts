import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import { memoryStorage } from '../sync/testServer';
import { adminAccess, leave, takeAdminToken } from './access';
import { ask } from './adminApi';

let address = '';

function open(url: string): void {
  const { pathname, search, hash } = new URL(url, 'http://here');
  vi.stubGlobal('location', { pathname, search, hash });
  vi.stubGlobal('history', { state: null, replaceState: (_state: unknown, _title: string, to: string) => { address = to; } });
  address = url;
}

function answer(status: number, code: string): void {
  vi.stubGlobal('fetch', async () => Response.json({ error: { code, reason: 'No.' } }, { status }));
}

beforeEach(() => {
  vi.stubGlobal('sessionStorage', memoryStorage());
  adminAccess.set({ kind: 'none' });
});
afterEach(() => vi.unstubAllGlobals());

describe('the admin token', () => {
  it('is taken out of the address and kept for this tab', () => {
    open('/admin?view=people#token=abc.def');
    takeAdminToken();
    expect(adminAccess.get()).toEqual({ kind: 'token', token: 'abc.def' });
    expect(address).toBe('/admin?view=people');

    adminAccess.set({ kind: 'none' });
    open('/admin');
    takeAdminToken();
    expect(adminAccess.get()).toEqual({ kind: 'token', token: 'abc.def' });
  });

  it('is not needed for the address to stay as it is', () => {
    open('/admin#elsewhere');
    takeAdminToken();
    expect(adminAccess.get()).toEqual({ kind: 'none' });
    expect(address).toBe('/admin#elsewhere');
  });

  it('is forgotten when one leaves', () => {
    open('/admin#token=abc');
    takeAdminToken();
    leave({ kind: 'left' });
    open('/admin');
    takeAdminToken();
    expect(adminAccess.get()).toEqual({ kind: 'left' });
  });

  it.each([[401, 'token_expired', 'expired'], [401, 'token_invalid', 'refused']])('ends with %i %s', async (status, code, kind) => {
    adminAccess.set({ kind: 'token', token: 'abc' });
    answer(status, code);
    await expect(ask('abc', '/api/admin/overview')).rejects.toBeInstanceOf(ApiError);
    expect(adminAccess.get()).toEqual({ kind });
  });

  it('stays through other refusals, and when an older one is refused', async () => {
    adminAccess.set({ kind: 'token', token: 'new' });
    answer(503, 'storage_unavailable');
    await expect(ask('new', '/api/admin/overview')).rejects.toThrow();
    answer(401, 'token_expired');
    await expect(ask('old', '/api/admin/overview')).rejects.toThrow();
    expect(adminAccess.get()).toEqual({ kind: 'token', token: 'new' });
  });
});
