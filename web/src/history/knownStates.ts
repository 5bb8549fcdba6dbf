/** Elements as they were decoded before: shown again as the same objects, they need not be drawn again after a jump. */
import * as Y from 'yjs';
import { type Decoded, type ElementMap, decodeElement } from '../whiteboard/schema';
import { Runs } from './boardIndex';

/** One element at one moment. */
export interface State {
  /** The structs that hold its values: see `signatureOf`. */
  readonly signature: string;
  /** null: it cannot be drawn. */
  readonly decoded: Decoded | null;
  /** The Yjs client id under which it was made. */
  readonly maker: number | undefined;
}

/** States of one element that are kept: those that were shown last. */
const KEPT = 2;

export class KnownStates {
  private readonly kept = new Map<string, readonly State[]>();
  private version = 0;

  find(id: string, signature: string): State | undefined {
    const states = this.kept.get(id);
    const known = states?.find((state) => state.signature === signature);
    if (known && known !== states![0]) this.keep(id, known);
    return known;
  }

  /** What was decoded from the same values is given again. */
  read(id: string, map: ElementMap): State {
    const signature = signatureOf(map);
    const known = this.find(id, signature);
    if (known) return known;
    const stamp = { version: ++this.version, versionNonce: this.version, updated: this.version };
    const state = { signature, decoded: decodeElement(id, map, stamp), maker: map._item?.id.client };
    this.keep(id, state);
    return state;
  }

  private keep(id: string, state: State): void {
    const others = (this.kept.get(id) ?? []).filter((one) => one !== state);
    this.kept.set(id, [state, ...others].slice(0, KEPT));
  }
}

/** As `BoardIndex.elements` tells it of the same state. */
export function signatureOf(map: ElementMap): string {
  const items: Y.Item[] = map._item ? [map._item] : [];
  collect(map, items);
  items.sort((a, b) => b.id.client - a.id.client || a.id.clock - b.id.clock);
  const runs = new Runs();
  for (const { id, length } of items) runs.add(id.client, id.clock, id.clock + length);
  return runs.text();
}

function collect(type: Pick<ElementMap, '_map' | '_start'>, items: Y.Item[]): void {
  for (const item of type._map.values()) take(item, items);
  for (let item = type._start; item; item = item.right) take(item, items);
}

function take(item: Y.Item, items: Y.Item[]): void {
  if (item.deleted) return;
  items.push(item);
  if (item.content instanceof Y.ContentType) collect(item.content.type, items);
}
