/** Files made of a copy of the room, a refused one say: what other programs can open, and the raw document. */
import * as Y from 'yjs';
import { messagesOf } from '../chat/chatModel';
import type { RefusedCopy } from '../sync/localStore';
import { decodeElement, elementsOf } from '../whiteboard/schema';

export interface SavedFile {
  name: string;
  blob: Blob;
}

const STAMP = { version: 1, versionNonce: 1, updated: 1 };

/** A document at one moment. */
export type Copy = Pick<RefusedCopy, 'room' | 'document' | 'update' | 'at'>;

/**
 * `.excalidraw`: every element of the copy, also what was saved before.
 *
 * @param files pictures to put into it, as Excalidraw has them; all others stay on the server, by their hash.
 */
export function excalidrawFile(copy: Copy, files: object = {}): SavedFile {
  const elements = [...elementsOf(documentOf(copy)).entries()]
    .map(([id, map]) => (map instanceof Y.Map ? decodeElement(id, map, STAMP)?.element : undefined))
    .filter((element) => element !== undefined);
  const scene = { type: 'excalidraw', version: 2, source: location.origin, elements, appState: {}, files };
  return { name: `${nameOf(copy)}.excalidraw`, blob: new Blob([JSON.stringify(scene)], { type: 'application/json' }) };
}

export function chatFile(copy: Copy): SavedFile {
  const lines = messagesOf(documentOf(copy)).get()
    .filter((message) => !message.deleted)
    .map((message) => `${new Date(message.sentAt).toLocaleString()}  ${message.name}: ${message.text}`);
  return { name: `${nameOf(copy)}.txt`, blob: new Blob([lines.join('\n'), '\n'], { type: 'text/plain' }) };
}

/** The document as one Yjs v1 update. */
export function rawFile(copy: Copy): SavedFile {
  return { name: `${nameOf(copy)}.yjs`, blob: new Blob([new Uint8Array(copy.update)], { type: 'application/octet-stream' }) };
}

export function download({ name, blob }: SavedFile): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function documentOf(copy: Copy): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, copy.update);
  return doc;
}

function nameOf(copy: Copy): string {
  const at = new Date(copy.at).toISOString().slice(0, 16).replace(':', '-');
  return `${copy.room}-${copy.document}-${at}`;
}
