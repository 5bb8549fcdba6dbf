import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { elementsOf } from '../whiteboard/schema';
import { DecodedCache, signatureOf } from './decodedCache';
import { differing } from './stage';

const STAMP = { version: 1, versionNonce: 1, updated: 1 };
const BOX = {
  type: 'rectangle', index: 'a1', isDeleted: false, angle: 0, strokeColor: '#000000', backgroundColor: 'transparent', fillStyle: 'solid',
  strokeWidth: 2, strokeStyle: 'solid', roughness: 1, opacity: 100, seed: 1, groupIds: [], xy: [1, 2], wh: [3, 4],
};

/** The same history, read once more. */
function again(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

function drawn(): Y.Doc {
  const doc = new Y.Doc();
  const ink = new Y.Array<number>();
  ink.push([0, 0, 8, 8]);
  elementsOf(doc).set('box', new Y.Map<unknown>(Object.entries(BOX)));
  elementsOf(doc).set('ink', new Y.Map<unknown>([...Object.entries({ ...BOX, type: 'freedraw' }), ['pts', ink], ['q', 8]]));
  return doc;
}

describe('[RE10] after a jump', () => {
  it('only what differs is drawn anew', () => {
    const doc = drawn();
    const later = again(doc);
    expect(differing(elementsOf(doc), elementsOf(later))).toEqual(new Set());
    elementsOf(later).get('box')!.set('xy', [9, 9]);
    expect(differing(elementsOf(doc), elementsOf(later))).toEqual(new Set(['box']));
    (elementsOf(later).get('ink')!.get('pts') as Y.Array<number>).push([16, 16]);
    elementsOf(later).set('new', new Y.Map());
    expect(differing(elementsOf(doc), elementsOf(later))).toEqual(new Set(['box', 'ink', 'new']));
    elementsOf(later).delete('box');
    expect(differing(elementsOf(doc), elementsOf(later))).toEqual(new Set(['box', 'ink', 'new']));
    expect(differing(undefined, elementsOf(doc))).toEqual(new Set(['box', 'ink']));
  });

  it('what was shown before is shown as the same object', () => {
    const cache = new DecodedCache();
    const doc = drawn();
    const read = (from: Y.Doc, id: string) => cache.decode(id, elementsOf(from).get(id)!, STAMP)!.element;
    const [box, ink] = [read(doc, 'box'), read(doc, 'ink')];
    const later = again(doc);
    expect([read(later, 'box'), read(later, 'ink')].every((one, i) => one === [box, ink][i])).toBe(true);
    (elementsOf(later).get('ink')!.get('pts') as Y.Array<number>).push([16, 16]);
    elementsOf(later).get('box')!.set('xy', [9, 9]);
    expect(read(later, 'box')).toMatchObject({ x: 9, y: 9 });
    expect((read(later, 'ink')['points'] as unknown[]).length).toBe(3);
    expect(read(doc, 'box')).toBe(box);
    expect((read(doc, 'ink')['points'] as unknown[]).length).toBe(2);
  });

  it('two edits of one key are told apart, whoever made them', () => {
    const [one, other] = [drawn(), drawn()];
    expect(signatureOf(elementsOf(one).get('box')!)).not.toBe(signatureOf(elementsOf(other).get('box')!));
  });
});
