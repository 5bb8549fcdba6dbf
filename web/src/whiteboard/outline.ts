/** The board in words, for those who cannot see it: what is there, lowest first. */
import * as Y from 'yjs';
import { attachmentNameOf } from './attachmentName';
import { documentOrder } from './order';
import { type ElementMap, elementsOf } from './schema';

export type OutlineKind =
  | 'rectangle' | 'diamond' | 'ellipse' | 'arrow' | 'line' | 'freedraw' | 'text' | 'image' | 'frame' | 'embeddable' | 'file';

export interface OutlineEntry {
  readonly id: string;
  readonly kind: OutlineKind;
  /** Its words: a text's own, a shape's label, a frame's or a file's name; '' when it has none. */
  readonly text: string;
  /** Words of what an arrow connects, where it is bound. */
  readonly from?: string;
  readonly to?: string;
}

const KINDS = new Set(['rectangle', 'diamond', 'ellipse', 'arrow', 'line', 'freedraw', 'text', 'image', 'frame', 'embeddable']);
const MAX_TEXT = 200;

export function outlineOf(doc: Y.Doc): OutlineEntry[] {
  const alive: { id: string; index: string | null; map: ElementMap }[] = [];
  for (const [id, map] of elementsOf(doc)) {
    if (!(map instanceof Y.Map) || map.get('isDeleted') === true || !KINDS.has(String(map.get('type')))) continue;
    const index = map.get('index');
    alive.push({ id, index: typeof index === 'string' ? index : null, map });
  }
  const labels = new Map<string, string>();
  for (const { map } of alive) {
    const container = map.get('containerId');
    if (map.get('type') === 'text' && typeof container === 'string') labels.set(container, wordsOf(map));
  }
  const ids = new Set(alive.map(({ id }) => id));
  const isLabel = (map: ElementMap): boolean => map.get('type') === 'text' && ids.has(String(map.get('containerId')));
  const named = new Map(alive.map(({ id, map }) => [id, labels.get(id) ?? wordsOf(map)]));
  return documentOrder(alive)
    .filter(({ map }) => !isLabel(map))
    .map(({ id, map }) => entryOf(id, map, named));
}

function entryOf(id: string, map: ElementMap, named: ReadonlyMap<string, string>): OutlineEntry {
  const file = attachmentNameOf(map.get('customData'));
  const kind = (file === null ? map.get('type') : 'file') as OutlineKind;
  const entry: OutlineEntry = { id, kind, text: file ?? named.get(id) ?? '' };
  if (kind !== 'arrow') return entry;
  const from = named.get(boundTo(map.get('startBinding')));
  const to = named.get(boundTo(map.get('endBinding')));
  return { ...entry, ...(from && { from }), ...(to && { to }) };
}

function wordsOf(map: ElementMap): string {
  const words = map.get('type') === 'frame' ? map.get('name') : map.get('originalText') ?? map.get('text');
  return typeof words === 'string' ? words.replace(/\s+/g, ' ').trim().slice(0, MAX_TEXT) : '';
}

function boundTo(binding: unknown): string {
  const id = (binding as { elementId?: unknown } | null | undefined)?.elementId;
  return typeof id === 'string' ? id : '';
}
