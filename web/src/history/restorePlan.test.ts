import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { decodeElement, elementsOf, encodePlain, type SceneElement } from '../whiteboard/schema';
import { planRestore, planUndo } from './restorePlan';

const BOX: SceneElement = {
  id: 'box', type: 'rectangle', version: 1, versionNonce: 1, isDeleted: false, index: 'a1', x: 10, y: 20, width: 30, height: 40,
  angle: 0, strokeColor: '#000000', backgroundColor: 'transparent', fillStyle: 'solid', strokeWidth: 2, strokeStyle: 'solid',
  roughness: 1, opacity: 100, seed: 1, groupIds: [], frameId: null, roundness: null, boundElements: null, link: null, locked: false,
};

const TEXT = {
  type: 'text', fontSize: 20, fontFamily: 5, text: 'hello', originalText: 'hello', textAlign: 'left', verticalAlign: 'top',
  autoResize: true, lineHeight: 1.25,
};

/** Somebody's copy of the board; what is done in it reaches the others by `share`. */
function copyOf(client: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = client;
  return doc;
}

function share(...docs: Y.Doc[]): void {
  for (const from of docs) for (const to of docs) if (from !== to) Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
}

function put(doc: Y.Doc, element: SceneElement): void {
  elementsOf(doc).set(element.id, new Y.Map<unknown>([...encodePlain(element)]));
}

function stateOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

const [ANN, BOB] = [7, 8];
const AUTHORS = new Map([[ANN, 'ann'], [BOB, 'bob']]);
const told = (plan: readonly SceneElement[]): unknown[] =>
  plan.map(({ id, x, isDeleted, strokeColor }) => ({ id, x, isDeleted, strokeColor }));

describe('[RE5] bringing a moment back', () => {
  it('names what differs: what was, as it was, and what was not, deleted', () => {
    const now = copyOf(ANN);
    put(now, BOX);
    put(now, { ...BOX, id: 'same', index: 'a2' });
    put(now, { ...BOX, id: 'gone', index: 'a3' });
    const then = stateOf(now);
    elementsOf(now).get('box')!.set('xy', [99, 20]);
    elementsOf(now).get('gone')!.set('isDeleted', true);
    put(now, { ...BOX, id: 'new', index: 'a4' });

    expect(told(planRestore(now, then))).toEqual([
      { id: 'box', x: 10, isDeleted: false, strokeColor: '#000000' },
      { id: 'gone', x: 10, isDeleted: false, strokeColor: '#000000' },
      { id: 'new', x: 10, isDeleted: true, strokeColor: '#000000' },
    ]);
    expect(told(planRestore(now, then, ['gone', 'same']))).toEqual([{ id: 'gone', x: 10, isDeleted: false, strokeColor: '#000000' }]);
  });

  it('brings several back and leaves the others as they are', () => {
    const now = copyOf(ANN);
    for (const [n, id] of ['one', 'two', 'three'].entries()) put(now, { ...BOX, id, index: `a${n}` });
    const then = stateOf(now);
    for (const id of ['one', 'two', 'three']) elementsOf(now).get(id)!.set('isDeleted', true);
    expect(told(planRestore(now, then, ['three', 'one'])).map((one) => (one as SceneElement).id)).toEqual(['three', 'one']);
    expect(planRestore(now, then, [])).toEqual([]);
  });

  it('takes the words in something along, and what words lie in', () => {
    const now = copyOf(ANN);
    put(now, BOX);
    put(now, { ...BOX, ...TEXT, id: 'label', containerId: 'box' });
    const then = stateOf(now);
    for (const id of ['box', 'label']) elementsOf(now).get(id)!.set('isDeleted', true);
    const idsOf = (ids: string[], doc = then): string[] => planRestore(now, doc, ids).map(({ id, isDeleted }) => (isDeleted ? `-${id}` : id)).sort();
    expect(idsOf(['box'])).toEqual(['box', 'label']);
    expect(idsOf(['label'])).toEqual(['box', 'label']);
    // words that were written into it since would lie in what does not know of them
    elementsOf(now).get('box')!.set('isDeleted', false);
    elementsOf(now).get('box')!.set('xy', [99, 20]);
    put(now, { ...BOX, ...TEXT, id: 'newer', containerId: 'box' });
    expect(idsOf(['box'])).toEqual(['-newer', 'box', 'label']);
    expect(idsOf(['newer'])).toEqual(['-newer']);
  });

  it('has nothing to do where nothing happened', () => {
    const now = copyOf(ANN);
    put(now, BOX);
    expect(planRestore(now, stateOf(now))).toEqual([]);
  });

  it('sees points that were drawn on', () => {
    const now = copyOf(ANN);
    const ink = new Y.Array<number>();
    ink.push([0, 0, 8, 8]);
    const plain = encodePlain({ ...BOX, id: 'ink', type: 'freedraw', simulatePressure: true });
    elementsOf(now).set('ink', new Y.Map<unknown>([...plain, ['pts', ink], ['q', 8]]));
    const then = stateOf(now);
    (elementsOf(now).get('ink')!.get('pts') as Y.Array<number>).push([16, 16]);
    expect(planRestore(now, then).map(({ points }) => (points as unknown[]).length)).toEqual([2]);
  });
});

describe('[RE6] undoing what one person did', () => {
  it('takes back his keys and his elements, and leaves what others did, to the same element too', () => {
    const [ann, bob] = [copyOf(ANN), copyOf(BOB)];
    put(ann, BOX);
    share(ann, bob);
    const then = stateOf(ann);
    elementsOf(bob).get('box')!.set('strokeColor', '#ff0000');
    put(bob, { ...BOX, id: 'his', index: 'a2' });
    put(ann, { ...BOX, id: 'hers', index: 'a3' });
    elementsOf(ann).get('box')!.set('xy', [50, 20]);
    share(ann, bob);

    expect(told(planUndo(ann, then, 'bob', AUTHORS))).toEqual([
      { id: 'box', x: 50, isDeleted: false, strokeColor: '#000000' },
      { id: 'his', x: 10, isDeleted: true, strokeColor: '#000000' },
    ]);
    expect(told(planUndo(ann, then, 'ann', AUTHORS))).toEqual([
      { id: 'box', x: 10, isDeleted: false, strokeColor: '#ff0000' },
      { id: 'hers', x: 10, isDeleted: true, strokeColor: '#000000' },
    ]);
  });

  it('leaves what somebody wrote over it since', () => {
    const [ann, bob] = [copyOf(ANN), copyOf(BOB)];
    put(ann, BOX);
    share(ann, bob);
    const then = stateOf(ann);
    elementsOf(bob).get('box')!.set('strokeColor', '#ff0000');
    share(ann, bob);
    elementsOf(ann).get('box')!.set('strokeColor', '#00ff00');
    expect(planUndo(ann, then, 'bob', AUTHORS)).toEqual([]);
  });

  it('is what the board then shows', () => {
    const now = copyOf(BOB);
    put(now, BOX);
    const [element] = planUndo(now, new Y.Doc(), 'bob', AUTHORS);
    expect(element).toMatchObject({ ...decodeElement('box', elementsOf(now).get('box')!, { version: 1, versionNonce: 1, updated: 1 })!.element, isDeleted: true });
  });
});
