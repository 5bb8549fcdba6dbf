import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AssetMissing } from './assets';
import { newElement } from './fakeEditor';
import { Images, blobOfDataUrl } from './images';
import { filesOf } from './schema';

const SHA = 'a'.repeat(64);
const image = newElement('i', { type: 'image', fileId: 'f1' } as never);

class FileReaderStub {
  result = '';
  onload: (() => void) | undefined;
  readAsDataURL(blob: Blob): void {
    this.result = `data:${blob.type};base64,`;
    queueMicrotask(() => this.onload?.());
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('FileReader', FileReaderStub);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function board(fetchBlob: (sha256: string) => Promise<Blob>, mayWrite = true) {
  const doc = new Y.Doc();
  const shown: string[] = [];
  const editor = { getFiles: () => Object.fromEntries(shown.map((id) => [id, {}])) as never, addFiles: (files: { id: string }[]) => files.forEach((file) => shown.push(file.id)) };
  const assets = {
    fetchBlob,
    enqueue: async (blob: Blob) => ({ sha256: SHA, mime_type: blob.type, file_name: '', size: blob.size }),
  };
  const problems: unknown[] = [];
  const images = new Images(doc, editor as never, () => [image], assets, () => mayWrite, (error) => problems.push(error));
  return { doc, shown, images, problems };
}

const entry = { sha256: SHA, mimeType: 'image/png', width: 1, height: 1 };

describe('an image of somebody else', () => {
  it('is fetched once the document says where it is', async () => {
    const { doc, shown } = board(async () => new Blob(['x']));
    filesOf(doc).set('f1', entry);
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual(['f1']);
  });

  it('[AS3] that is not uploaded yet is asked for again', async () => {
    let missing = true;
    const { doc, shown, problems } = board(async () => {
      if (missing) throw new AssetMissing(SHA);
      return new Blob(['x']);
    });
    filesOf(doc).set('f1', entry);
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([]);
    missing = false;
    await vi.advanceTimersByTimeAsync(3000);
    expect(shown).toEqual(['f1']);
    expect(problems).toEqual([]);
  });

  it.each([null, 'x', { sha256: '../x', mimeType: 'image/png' }, { sha256: SHA, mimeType: 'text/html' }])(
    'is left alone when its entry is %j', async (bad) => {
      const { doc, shown, images } = board(async () => new Blob(['x']));
      filesOf(doc).set('f1', bad as never);
      images.refresh();
      await vi.advanceTimersByTimeAsync(0);
      expect(shown).toEqual([]);
    });
});

describe('an image pasted here', () => {
  const file = { id: 'f1', mimeType: 'image/png', dataURL: `data:image/png;base64,${btoa('png')}`, created: 1 };

  it('[AS1] is announced under the hash of the bytes that are uploaded', async () => {
    const { doc, images } = board(async () => new Blob());
    images.publish({ f1: file } as never);
    await vi.advanceTimersByTimeAsync(0);
    expect(filesOf(doc).get('f1')).toEqual({ sha256: SHA, mimeType: 'image/png', width: 0, height: 0 });
  });

  it('is not announced by somebody who may only look', async () => {
    const { doc, images } = board(async () => new Blob(), false);
    images.publish({ f1: file } as never);
    await vi.advanceTimersByTimeAsync(0);
    expect(filesOf(doc).size).toBe(0);
  });
});

it('reads data URLs with and without base64', async () => {
  expect(await blobOfDataUrl(`data:image/png;base64,${btoa('ab')}`).text()).toBe('ab');
  const svg = blobOfDataUrl('data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E');
  expect([svg.type, await svg.text()]).toEqual(['image/svg+xml', '<svg/>']);
});
