/**
 * Which generation of its local database a document uses, and what becomes of the ones before.
 *
 * When work is refused the document goes on in a new database under a new client id; the old one holds the refused
 * work. It is taken up as a copy for the person to export or discard, and deleted once no page has it open.
 */
import { IndexeddbPersistence, clearDocument } from 'y-indexeddb';
import * as Y from 'yjs';
import { whileUnused } from './databaseLock';
import type { LocalDatabase, LocalStore, RefusedCopy } from './localStore';

export type DocumentKey = Pick<LocalDatabase, 'room' | 'document' | 'sub'>;

export interface Refusal {
  code: string;
  reason: string;
  changes: number;
}

/** Left behind by a page that was closed before the server had answered, or that came back too late. */
export const LEFT_BEHIND: Omit<Refusal, 'changes'> = { code: 'left_behind', reason: '' };

export function databaseOf(key: DocumentKey, generation: number): LocalDatabase {
  const name = `thunderline:${key.room}:${key.document}:${key.sub}:${generation}`;
  return { ...key, generation, name };
}

/** The localStorage key under which all tabs find the newest generation. */
export function pointerOf({ room, document, sub }: DocumentKey): string {
  return `thunderline:generation:${room}:${document}:${sub}`;
}

export function currentGeneration(key: DocumentKey): number {
  try {
    return Number.parseInt(localStorage.getItem(pointerOf(key)) ?? '0', 10) || 0;
  } catch {
    return 0;
  }
}

/** The generation after `refused`: another tab may have started it already. */
export function nextGeneration(key: DocumentKey, refused: number): number {
  const next = Math.max(currentGeneration(key), refused + 1);
  try {
    localStorage.setItem(pointerOf(key), String(next));
  } catch {
    // Nothing is stored on this device, so no later page can meet the refused work again.
  }
  return next;
}

/** The generation after those of which there are refused copies: they hold what must not be sent again. */
export function afterCopies(key: DocumentKey, names: readonly string[]): number {
  const prefix = databaseOf(key, 0).name.slice(0, -1);
  const generations = names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)));
  return Math.max(0, ...generations.filter(Number.isSafeInteger).map((generation) => generation + 1));
}

/** Keep refused work; what another tab has kept of the same generation is merged with it. */
export async function keepCopy(
  store: LocalStore | undefined, database: LocalDatabase, refusal: Refusal, update: Uint8Array,
): Promise<RefusedCopy> {
  const before = await store?.copy(database.name);
  const copy: RefusedCopy = {
    ...database,
    ...refusal,
    ...(before && refusal.code === LEFT_BEHIND.code && { code: before.code, reason: before.reason }),
    changes: Math.max(1, refusal.changes + (before?.changes ?? 0)),
    at: Date.now(),
    update: before ? Y.mergeUpdates([before.update, update]) : update,
    seen: false,
  };
  await store?.putCopy(copy);
  return copy;
}

/** Delete a database whose work is kept elsewhere, unless a page has it open: then a later page does it. */
export async function deleteUnused(store: LocalStore, database: LocalDatabase): Promise<void> {
  await whileUnused(database.name, () => forget(store, database));
}

/**
 * Take up the databases of former generations: what was never saved becomes a copy, the rest is deleted.
 * One that a page has open is left to that page.
 *
 * @param isDeleted they belong to a room that was deleted: all that is in them is kept, there is no other copy.
 */
export async function takeUpFormer(
  store: LocalStore, key: DocumentKey, generation: number, isDeleted = false,
): Promise<void> {
  const former = (await store.databases()).filter((one) =>
    one.room === key.room && one.document === key.document && one.sub === key.sub && one.generation < generation);
  for (const database of former) {
    await whileUnused(database.name, async () => {
      const rows = await store.unsaved(database.name);
      const changes = rows.reduce((sum, row) => sum + row.changes, 0);
      if (changes > 0 || isDeleted) {
        const why = isDeleted ? { code: 'room_deleted', reason: '' } : LEFT_BEHIND;
        await keepCopy(store, database, { ...why, changes }, await readDatabase(database.name));
        await store.clearUnsaved(rows);
      }
      await forget(store, database);
    });
  }
}

async function forget(store: LocalStore, database: LocalDatabase): Promise<void> {
  await clearDocument(database.name);
  await store.unregister(database.name);
}

async function readDatabase(name: string): Promise<Uint8Array> {
  const doc = new Y.Doc();
  const persistence = new IndexeddbPersistence(name, doc);
  try {
    await persistence.whenSynced;
    return Y.encodeStateAsUpdate(doc);
  } finally {
    await persistence.destroy();
    doc.destroy();
  }
}
