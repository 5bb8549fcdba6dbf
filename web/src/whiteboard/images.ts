/** Bytes of images: new ones go to the asset queue, those of others are fetched when an image on the board needs them. */
import type { BinaryFileData, BinaryFiles, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type * as Y from 'yjs';
import { AssetMissing, type AssetQueue, AssetUnavailable } from './assets';
import { type FileEntry, type SceneElement, filesOf } from './schema';
import { isSha256 } from './sha256';
import { isPlainObject } from './renderable';

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;

type Editor = Pick<ExcalidrawImperativeAPI, 'addFiles' | 'getFiles'>;

export class Images {
  private readonly files: Y.Map<FileEntry>;
  private readonly publishing = new Set<string>();
  private readonly loading = new Set<string>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private retryDelay = FIRST_RETRY_MS;
  private stopped = false;
  private readonly onFiles = (): void => this.refresh();

  constructor(
    doc: Y.Doc,
    private readonly editor: Editor,
    private readonly elements: () => readonly SceneElement[],
    private readonly assets: Pick<AssetQueue, 'enqueue' | 'fetchBlob'>,
    private readonly mayWrite: () => boolean,
    private readonly onProblem: (error: unknown) => void,
  ) {
    this.files = filesOf(doc);
    this.files.observe(this.onFiles);
  }

  /** The editor's files may have grown: keep and announce what is new. */
  publish(files: BinaryFiles): void {
    if (!this.mayWrite()) return;
    for (const file of Object.values(files)) {
      if (this.files.has(file.id) || this.publishing.has(file.id)) continue;
      this.publishing.add(file.id);
      void this.publishOne(file)
        .catch((error: unknown) => this.onProblem(error))
        .finally(() => this.publishing.delete(file.id));
    }
  }

  /** Fetch what images on the board lack. */
  refresh(): void {
    if (this.stopped) return;
    const present = this.editor.getFiles();
    for (const element of this.elements()) {
      if (element.type !== 'image' || element.isDeleted) continue;
      const fileId = element['fileId'];
      if (typeof fileId !== 'string' || present[fileId] || this.loading.has(fileId)) continue;
      const entry = readEntry(this.files.get(fileId));
      if (entry) void this.load(fileId, entry);
    }
  }

  destroy(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.files.unobserve(this.onFiles);
  }

  private async publishOne(file: BinaryFileData): Promise<void> {
    const blob = blobOfDataUrl(file.dataURL);
    const [asset, size] = await Promise.all([this.assets.enqueue(blob, file.id), sizeOf(blob)]);
    if (this.stopped || this.files.has(file.id)) return;
    this.files.set(file.id, { sha256: asset.sha256, mimeType: blob.type, ...size });
  }

  private async load(fileId: string, entry: FileEntry): Promise<void> {
    this.loading.add(fileId);
    try {
      const blob = await this.assets.fetchBlob(entry.sha256);
      if (this.stopped) return;
      const dataURL = (await dataUrlOf(blob, entry.mimeType)) as BinaryFileData['dataURL'];
      const mimeType = entry.mimeType as BinaryFileData['mimeType'];
      this.editor.addFiles([{ id: fileId as BinaryFileData['id'], dataURL, mimeType, created: Date.now() }]);
      this.retryDelay = FIRST_RETRY_MS;
    } catch (error) {
      if (error instanceof AssetMissing || error instanceof AssetUnavailable) this.retryLater();
      else this.onProblem(error);
    } finally {
      this.loading.delete(fileId);
    }
  }

  /** Its author may still be offline, or we are. */
  private retryLater(): void {
    if (this.stopped) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.refresh(), this.retryDelay);
    this.retryDelay = Math.min(this.retryDelay * 2, LAST_RETRY_MS);
  }
}

function readEntry(value: unknown): FileEntry | null {
  if (!isPlainObject(value) || !isSha256(value['sha256'])) return null;
  const mimeType = value['mimeType'];
  if (typeof mimeType !== 'string' || !/^image\/[\w.+-]{1,40}$/.test(mimeType)) return null;
  return value as unknown as FileEntry;
}

export function blobOfDataUrl(url: string): Blob {
  const comma = url.indexOf(',');
  const [mimeType = '', ...flags] = url.slice('data:'.length, comma).split(';');
  const body = url.slice(comma + 1);
  const text = flags.includes('base64') ? atob(body) : decodeURIComponent(body);
  const bytes = flags.includes('base64') ? Uint8Array.from(text, (char) => char.charCodeAt(0)) : new TextEncoder().encode(text);
  return new Blob([bytes], { type: mimeType });
}

async function dataUrlOf(blob: Blob, mimeType: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([blob], { type: mimeType }));
  });
}

/** Natural size in px; 0 × 0 when the browser cannot tell. */
async function sizeOf(blob: Blob): Promise<{ width: number; height: number }> {
  const url = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return { width: 0, height: 0 };
  } finally {
    URL.revokeObjectURL(url);
  }
}
