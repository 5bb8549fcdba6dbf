/** Assets on this device: those not yet uploaded, and a bounded cache of the others. IndexedDB, or memory without it. */

export type AssetState = 'waiting' | 'uploaded' | 'refused';

export type Bytes = Uint8Array<ArrayBuffer>;

/** All about a file but its bytes, so that listing many files reads little. */
export interface StoredAsset {
  readonly sha256: string;
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
  readonly state: AssetState;
  /** ms since the epoch */
  readonly usedAt: number;
  /** Why the server refused it. */
  readonly refusal?: { readonly code: string; readonly reason: string };
}

export interface AssetStore {
  get(sha256: string): Promise<StoredAsset | undefined>;
  read(sha256: string): Promise<Bytes | undefined>;
  /** Resolves when it is durable. Without `bytes` those already stored stay. */
  put(asset: StoredAsset, bytes?: Bytes): Promise<void>;
  delete(sha256: string): Promise<void>;
  all(): Promise<StoredAsset[]>;
  close(): void;
}

const ENTRIES = 'assets';
const BYTES = 'bytes';

/** Opens the database; falls back to memory where the browser has no storage for us. */
export async function openAssetStore(name: string): Promise<AssetStore> {
  try {
    return new DatabaseAssetStore(await openDatabase(name));
  } catch {
    return new MemoryAssetStore();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ENTRIES, { keyPath: 'sha256' });
      request.result.createObjectStore(BYTES);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another tab holds an older version of the database'));
  });
}

class DatabaseAssetStore implements AssetStore {
  constructor(private readonly database: IDBDatabase) {}

  get = (sha256: string): Promise<StoredAsset | undefined> => this.run('readonly', (at) => at(ENTRIES).get(sha256));
  read = (sha256: string): Promise<Bytes | undefined> => this.run('readonly', (at) => at(BYTES).get(sha256));
  all = (): Promise<StoredAsset[]> => this.run('readonly', (at) => at(ENTRIES).getAll());
  close = (): void => this.database.close();

  async put(asset: StoredAsset, bytes?: Bytes): Promise<void> {
    await this.run('readwrite', (at) => {
      if (bytes) at(BYTES).put(bytes, asset.sha256);
      return at(ENTRIES).put(asset);
    });
  }

  async delete(sha256: string): Promise<void> {
    await this.run('readwrite', (at) => {
      at(BYTES).delete(sha256);
      return at(ENTRIES).delete(sha256);
    });
  }

  /** Resolves when the transaction is durable, not when the request succeeded. */
  private run<T>(mode: IDBTransactionMode, ask: (at: (name: string) => IDBObjectStore) => IDBRequest): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction([ENTRIES, BYTES], mode, { durability: 'strict' });
      const request = ask((name) => transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  }
}

class MemoryAssetStore implements AssetStore {
  private readonly entries = new Map<string, StoredAsset>();
  private readonly bytes = new Map<string, Bytes>();
  get = async (sha256: string): Promise<StoredAsset | undefined> => this.entries.get(sha256);
  read = async (sha256: string): Promise<Bytes | undefined> => this.bytes.get(sha256);
  all = async (): Promise<StoredAsset[]> => [...this.entries.values()];
  close = (): void => undefined;

  async put(asset: StoredAsset, bytes?: Bytes): Promise<void> {
    this.entries.set(asset.sha256, asset);
    if (bytes) this.bytes.set(asset.sha256, bytes);
  }

  async delete(sha256: string): Promise<void> {
    this.entries.delete(sha256);
    this.bytes.delete(sha256);
  }
}
