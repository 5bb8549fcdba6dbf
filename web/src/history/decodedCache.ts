/** Elements as they were decoded before: shown again as the same objects, they need not be drawn again after a jump. */
import type { Decoded, ElementMap, Stamp } from '../whiteboard/schema';
import { decodeElement } from '../whiteboard/schema';
import * as Y from 'yjs';

/** States of one element that are kept: the newest ones. */
const KEPT = 2;

export class DecodedCache {
  private readonly kept = new Map<string, { readonly signature: string; readonly decoded: Decoded }[]>();

  /** As `decodeElement`; but what was decoded from the same values is given again, with its old stamp. */
  readonly decode = (id: string, map: ElementMap, stamp: Stamp): Decoded | null => {
    const states = this.kept.get(id) ?? [];
    const signature = signatureOf(map);
    const known = states.find((state) => state.signature === signature);
    if (known) return known.decoded;
    const decoded = decodeElement(id, map, stamp);
    if (decoded) this.kept.set(id, [{ signature, decoded }, ...states].slice(0, KEPT));
    return decoded;
  };
}

/**
 * The structs that hold an element's values. In states of one history the same struct is the same value; only points of a
 * stroke are added within one, so that their number counts too.
 */
export function signatureOf(map: ElementMap): string {
  let signature = '';
  for (const [key, { id, deleted, content }] of map._map) {
    if (deleted) continue;
    signature += `${key}:${id.client}.${id.clock}`;
    if (content instanceof Y.ContentType) signature += `+${content.type._length}`;
    signature += ' ';
  }
  return signature;
}
