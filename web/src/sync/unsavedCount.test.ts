import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalStore } from './localStore';
import { UnsavedCount } from './unsavedCount';

let store: LocalStore;
let name: string;
let serial = 0;

beforeEach(async () => {
  store = (await LocalStore.open())!;
  name = `thunderline:room:whiteboard:ann:${serial++}`;
});

afterEach(() => store.close());

describe('the number of unsaved changes', () => {
  it('is there again after a reload', async () => {
    const before = new UnsavedCount(store, name, 'page-1');
    before.set(3, false);
    await before.flush();
    expect(await new UnsavedCount(store, name, 'page-2').inherited()).toBe(3);
  });

  it('is written at once when the first change is made', async () => {
    new UnsavedCount(store, name, 'page-1').set(1, false);
    expect(await store.unsaved(name)).toEqual([{ database: name, page: 'page-1', changes: 1 }]);
  });

  it('is cleared by the page that sent the work of the former one', async () => {
    const before = new UnsavedCount(store, name, 'page-1');
    before.set(3, false);
    await before.flush();
    const after = new UnsavedCount(store, name, 'page-2');
    await after.inherited();
    after.set(0, true);
    await after.flush();
    await expect.poll(() => store.unsaved(name)).toEqual([]);
  });

  it('of another open page is not cleared when that page has made more since', async () => {
    const other = new UnsavedCount(store, name, 'page-1');
    other.set(3, false);
    await other.flush();
    const mine = new UnsavedCount(store, name, 'page-2');
    await mine.inherited();
    other.set(4, false);
    await other.flush();
    mine.set(0, true);
    await mine.flush();
    await expect.poll(() => store.unsaved(name)).toEqual([{ database: name, page: 'page-1', changes: 4 }]);
  });
});

describe('the local store', () => {
  it('proves that it stores', async () => {
    expect(await store.probe()).toBe(true);
  });

  it('is undefined where there is no database', async () => {
    const kept = globalThis.indexedDB;
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, get() { throw new Error('denied'); } });
    expect(await LocalStore.open()).toBeUndefined();
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, writable: true, value: kept });
  });
});
