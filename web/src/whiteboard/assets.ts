/**
 * Files of a room: kept on this device first, uploaded by content hash when the server can be reached, fetched with a
 * cache. One queue for a session, shared by board and chat: `assetsOf(session)`.
 */
import type { RoomSession, Store } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { type AssetStore, type Bytes, type StoredAsset, openAssetStore } from './assetStore';
import { isSha256, sha256Hex } from './sha256';

export interface AssetRef {
  readonly sha256: string;
  readonly mime_type: string;
  readonly file_name: string;
  readonly size: number;
}

/** Kept on this device, but the server will not have it. */
export interface RefusedAsset {
  readonly sha256: string;
  readonly name: string;
  readonly code: string;
  readonly reason: string;
}

export class AssetTooLarge extends Error {
  constructor(readonly size: number, readonly limit: number) {
    super(`${size} bytes are more than the ${limit} that a file may have`);
  }
}

/** Nobody has uploaded it (yet): its author may be offline. */
export class AssetMissing extends Error {
  constructor(readonly sha256: string) {
    super(`asset ${sha256} is not on the server`);
  }
}

export class AssetUnavailable extends Error {}

/** Bytes; the server's default limit. */
export const MAX_ASSET_BYTES = 25 * 1024 * 1024;
const MAX_CACHE_BYTES = 200 * 1024 * 1024;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

export interface AssetQueueOptions {
  readonly fetch?: typeof fetch;
  readonly store?: Promise<AssetStore>;
  readonly now?: () => number;
  /** ms until the first retry; doubles up to a minute. */
  readonly firstRetry?: number;
}

export class AssetQueue {
  /** Files that only this device has. */
  readonly waiting: Store<number>;
  readonly refused: Store<readonly RefusedAsset[]>;

  private readonly waitingCount = createStore(0);
  private readonly refusedList = createStore<readonly RefusedAsset[]>([]);
  private readonly store: Promise<AssetStore>;
  private readonly fetching = new Map<string, Promise<Blob>>();
  private readonly http: typeof fetch;
  private readonly now: () => number;
  private readonly unsubscribe: (() => void)[] = [];
  private uploading: Promise<void> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private retryDelay: number;
  private closed = false;

  constructor(private readonly session: RoomSession, private readonly options: AssetQueueOptions = {}) {
    this.waiting = this.waitingCount;
    this.refused = this.refusedList;
    this.http = options.fetch ?? ((...args) => fetch(...args));
    this.now = options.now ?? Date.now;
    this.retryDelay = options.firstRetry ?? FIRST_RETRY_MS;
    this.store = options.store ?? openAssetStore(`thunderline:${session.room.get().id}:assets:${session.me.get().sub}`);
    this.unsubscribe.push(session.status.subscribe(() => this.onStatus()));
    if (typeof window !== 'undefined') {
      const wake = (): void => this.wake();
      window.addEventListener('online', wake);
      this.unsubscribe.push(() => window.removeEventListener('online', wake));
    }
    this.wake();
  }

  /**
   * Keep a file on this device and upload it as soon as possible.
   *
   * @returns Once the bytes are stored here: the reference may go into a document.
   * @throws AssetTooLarge
   */
  async enqueue(file: Blob, name: string): Promise<AssetRef> {
    if (file.size > MAX_ASSET_BYTES) throw new AssetTooLarge(file.size, MAX_ASSET_BYTES);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const sha256 = await sha256Hex(bytes);
    const mimeType = file.type || 'application/octet-stream';
    const store = await this.store;
    const known = await store.get(sha256);
    if (known?.state !== 'uploaded') {
      await store.put({ sha256, name, mimeType, size: bytes.length, state: 'waiting', usedAt: this.now() }, bytes);
      await this.count();
      this.wake();
    }
    return { sha256, mime_type: mimeType, file_name: name, size: bytes.length };
  }

  /**
   * A file's bytes, from this device or from the server.
   *
   * @throws AssetMissing when nobody has uploaded it yet; AssetUnavailable when the server cannot be asked.
   */
  fetchBlob(sha256: string): Promise<Blob> {
    const running = this.fetching.get(sha256);
    if (running) return running;
    const started = this.load(sha256).finally(() => this.fetching.delete(sha256));
    this.fetching.set(sha256, started);
    return started;
  }

  /** Forget a refused file. */
  async discard(sha256: string): Promise<void> {
    await (await this.store).delete(sha256);
    await this.count();
  }

  /** Ends uploading; what waits is uploaded when the room is opened again. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    for (const stop of this.unsubscribe) stop();
    await this.uploading;
    (await this.store).close();
  }

  private onStatus(): void {
    const { kind } = this.session.status.get();
    if (kind === 'saved' || kind === 'saving') this.wake();
  }

  /** Try what is waiting now, unless it is being tried. */
  private wake(): void {
    if (this.closed) return;
    clearTimeout(this.retry);
    this.uploading ??= this.uploadAll().finally(() => (this.uploading = undefined));
  }

  private async uploadAll(): Promise<void> {
    const tried = new Set<string>();
    await this.count();
    for (;;) {
      const store = await this.store;
      if (this.closed) return;
      const next = (await store.all()).find((asset) => asset.state === 'waiting' && !tried.has(asset.sha256));
      if (!next) break;
      tried.add(next.sha256);
      const outcome = await this.upload(next, await store.read(next.sha256));
      if (this.closed) return;
      if (outcome.state === 'waiting') return this.retryLater(outcome.after);
      if (outcome.state === 'gone') await store.delete(next.sha256);
      else await store.put({ ...next, ...outcome });
      this.retryDelay = this.options.firstRetry ?? FIRST_RETRY_MS;
      await this.count();
      if (this.closed) return;
    }
    await this.evict();
  }

  private async upload(asset: StoredAsset, bytes: Bytes | undefined): Promise<Outcome> {
    if (!bytes) return { state: 'gone' }; // the browser cleared what we stored
    try {
      const response = await this.request('PUT', asset.sha256, {
        headers: { 'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(asset.name) },
        body: bytes,
      });
      if (response.ok) return { state: 'uploaded' };
      if (isTemporary(response.status)) return { state: 'waiting', after: retryAfter(response) };
      return { state: 'refused', refusal: await readRefusal(response) };
    } catch {
      return { state: 'waiting' }; // no network, or no token without it: both end by themselves
    }
  }

  private retryLater(after?: number): void {
    const delay = after ?? this.retryDelay * (0.5 + Math.random());
    this.retryDelay = Math.min(this.retryDelay * 2, LAST_RETRY_MS);
    this.retry = setTimeout(() => this.wake(), delay);
  }

  private async load(sha256: string): Promise<Blob> {
    if (!isSha256(sha256)) throw new AssetMissing(String(sha256));
    const store = await this.store;
    const [kept, stored] = await Promise.all([store.get(sha256), store.read(sha256)]);
    if (kept && stored) return new Blob([stored], { type: kept.mimeType });
    const response = await this.request('GET', sha256, {}).catch((error: unknown) => {
      throw new AssetUnavailable(String(error));
    });
    if (response.status === 404 || response.status === 410) throw new AssetMissing(sha256);
    if (!response.ok) throw new AssetUnavailable(`the server answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256Hex(bytes)) !== sha256) throw new AssetUnavailable('the bytes are not those that were asked for');
    const mimeType = response.headers.get('Content-Type')?.split(';')[0] ?? 'application/octet-stream';
    const entry: StoredAsset = { sha256, name: '', mimeType, size: bytes.length, state: 'uploaded', usedAt: this.now() };
    await store.put(entry, bytes).catch(() => undefined); // a full disk costs the cache, not the picture
    return new Blob([bytes], { type: mimeType });
  }

  private async request(method: string, sha256: string, init: RequestInit): Promise<Response> {
    const token = await this.session.token();
    return this.http(`/api/rooms/${this.session.room.get().id}/assets/${sha256}`, {
      ...init,
      method,
      headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${token}` },
    });
  }

  private async count(): Promise<void> {
    const all = await (await this.store).all().catch(() => []);
    this.waitingCount.set(all.filter((asset) => asset.state === 'waiting').length);
    const refused = all.filter((asset) => asset.state === 'refused');
    this.refusedList.set(refused.map(({ sha256, name, refusal }) => ({
      sha256, name, code: refusal?.code ?? '', reason: refusal?.reason ?? '',
    })));
  }

  /** Drop the files used longest ago that the server has, until the rest fits. */
  private async evict(): Promise<void> {
    const store = await this.store;
    const cached = (await store.all()).filter((asset) => asset.state === 'uploaded').sort((a, b) => b.usedAt - a.usedAt);
    let total = 0;
    for (const asset of cached) {
      total += asset.size;
      if (total > MAX_CACHE_BYTES) await store.delete(asset.sha256);
    }
  }
}

type Outcome =
  | { readonly state: 'uploaded' }
  | { readonly state: 'gone' }
  | { readonly state: 'waiting'; readonly after?: number }
  | { readonly state: 'refused'; readonly refusal: { code: string; reason: string } };

/** 401: the token is being renewed. */
const isTemporary = (status: number): boolean => status === 401 || status === 408 || status === 429 || status >= 500;

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

async function readRefusal(response: Response): Promise<{ code: string; reason: string }> {
  try {
    const { error } = (await response.json()) as { error: { code: string; reason: string } };
    return { code: String(error.code), reason: String(error.reason) };
  } catch {
    return { code: `http_${response.status}`, reason: response.statusText };
  }
}

const queues = new WeakMap<RoomSession, AssetQueue>();

/** The queue of this session, made at first use. */
export function assetsOf(session: RoomSession): AssetQueue {
  let queue = queues.get(session);
  if (!queue) queues.set(session, (queue = new AssetQueue(session)));
  return queue;
}

/** Offer a file as a download under its name. */
export async function downloadAsset(session: RoomSession, asset: Pick<AssetRef, 'sha256' | 'file_name'>): Promise<void> {
  const url = URL.createObjectURL(await assetsOf(session).fetchBlob(asset.sha256));
  const link = document.createElement('a');
  link.href = url;
  link.download = asset.file_name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
