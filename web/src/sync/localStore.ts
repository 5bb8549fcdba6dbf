/**
 * What this device keeps beside the documents themselves: which local databases there are, how much of them the
 * server has not acknowledged, and copies of refused work. One small IndexedDB database for all rooms.
 */

/** One generation of one document's local database. */
export interface LocalDatabase {
  /** `thunderline:<room>:<document>:<sub>:<generation>`: also the name of its BroadcastChannel. */
  name: string;
  room: string;
  document: string;
  sub: string;
  generation: number;
}

/** How many changes an open page has made that the server has not acknowledged. */
export interface UnsavedRow {
  database: string;
  page: string;
  changes: number;
}

/** Work that the server did not take, kept until the person exports or discards it. */
export interface RefusedCopy extends LocalDatabase {
  code: string;
  reason: string;
  changes: number;
  /** Milliseconds of the epoch. */
  at: number;
  /** The whole document as one Yjs update. */
  update: Uint8Array;
  /** The person has read about it and keeps it for later. */
  seen: boolean;
}

const NAME = 'thunderline';
const VERSION = 1;

export class LocalStore {
  private constructor(private readonly db: IDBDatabase) {
    // Another version of the page wants to upgrade or the browser evicts it: let go instead of blocking.
    db.onversionchange = () => db.close();
  }

  /**
   * Open the database and prove that it stores: write, and read back in another transaction.
   *
   * @returns undefined where this browser keeps nothing (blocked, private, full).
   */
  static async open(): Promise<LocalStore | undefined> {
    try {
      const store = new LocalStore(await openDatabase());
      return (await store.probe()) ? store : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether a value written now can be read back now. */
  async probe(): Promise<boolean> {
    const value = Math.random();
    try {
      await this.run('probe', 'readwrite', (probes) => probes.put(value, 'probe'));
      return (await this.run('probe', 'readonly', (probes) => probes.get('probe'))) !== undefined;
    } catch {
      return false;
    }
  }

  register(database: LocalDatabase): Promise<unknown> {
    return this.run('databases', 'readwrite', (databases) => databases.put(database));
  }

  unregister(name: string): Promise<unknown> {
    return this.run('databases', 'readwrite', (databases) => databases.delete(name));
  }

  databases(): Promise<LocalDatabase[]> {
    return this.run('databases', 'readonly', (databases) => databases.getAll());
  }

  /** What all pages that have or had this database open left unsaved. */
  async unsaved(database: string): Promise<UnsavedRow[]> {
    const everything = IDBKeyRange.bound([database], [database, []]);
    return this.run('unsaved', 'readonly', (rows) => rows.getAll(everything));
  }

  /** Every unsaved row of this device, for the list of recent rooms. */
  allUnsaved(): Promise<UnsavedRow[]> {
    return this.run('unsaved', 'readonly', (rows) => rows.getAll());
  }

  writeUnsaved(row: UnsavedRow): Promise<unknown> {
    if (row.changes > 0) return this.run('unsaved', 'readwrite', (rows) => rows.put(row));
    return this.run('unsaved', 'readwrite', (rows) => rows.delete([row.database, row.page]));
  }

  /** Forget rows that have been saved by another page; one that has changed since it was read stays. */
  async clearUnsaved(read: readonly UnsavedRow[]): Promise<void> {
    const transaction = this.db.transaction('unsaved', 'readwrite');
    const rows = transaction.objectStore('unsaved');
    for (const row of read) {
      const key = [row.database, row.page];
      const request: IDBRequest<UnsavedRow | undefined> = rows.get(key);
      request.onsuccess = () => {
        if (request.result?.changes === row.changes) rows.delete(key);
      };
    }
    await finished(transaction);
  }

  putCopy(copy: RefusedCopy): Promise<unknown> {
    return this.run('copies', 'readwrite', (copies) => copies.put(copy));
  }

  copy(name: string): Promise<RefusedCopy | undefined> {
    return this.run('copies', 'readonly', (copies) => copies.get(name));
  }

  copies(): Promise<RefusedCopy[]> {
    return this.run('copies', 'readonly', (copies) => copies.getAll());
  }

  /** The names of the databases of which there are copies. */
  async copyNames(): Promise<string[]> {
    return (await this.run('copies', 'readonly', (copies) => copies.getAllKeys())).map(String);
  }

  deleteCopy(name: string): Promise<unknown> {
    return this.run('copies', 'readwrite', (copies) => copies.delete(name));
  }

  close(): void {
    this.db.close();
  }

  /** One request in its own transaction; resolves when it has completed, not when it was accepted. */
  private async run<T>(
    name: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const transaction = this.db.transaction(name, mode);
    const request = act(transaction.objectStore(name));
    await finished(transaction);
    return request.result;
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore('probe');
      db.createObjectStore('databases', { keyPath: 'name' });
      db.createObjectStore('unsaved', { keyPath: ['database', 'page'] });
      db.createObjectStore('copies', { keyPath: 'name' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('The local database is open in another version of the page.'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}
