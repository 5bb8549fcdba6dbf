import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { elementsOf } from '../whiteboard/schema';
import { Arrangement } from './arrangement';
import { boardAt } from './boardAt';
import { KnownStates, signatureOf } from './knownStates';
import { Moment } from './moment';

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
  it('what was shown before is shown as the same object', () => {
    const known = new KnownStates();
    const doc = drawn();
    const read = (from: Y.Doc, id: string) => known.read(id, elementsOf(from).get(id)!).decoded!.element;
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

  it('only what differs is built', () => {
    const known = new KnownStates();
    const doc = drawn();
    const moment = (of: Y.Doc): Moment => new Moment({ keyframe: Y.encodeStateAsUpdate(of), rows: [] });
    const first = boardAt(moment(doc), known);
    expect([...elementsOf(first.doc).keys()].sort()).toEqual(['box', 'ink']);
    elementsOf(doc).get('box')!.set('xy', [9, 9]);
    const next = boardAt(moment(doc), known);
    expect([...elementsOf(next.doc).keys()]).toEqual(['box']);
    expect(next.states.get('box')!.decoded!.element).toMatchObject({ x: 9, y: 9 });
    expect(next.states.get('ink')).toBe(first.states.get('ink'));
  });

  it('what moves in the order goes there, all else keeps its place', () => {
    const known = new KnownStates();
    const doc = drawn();
    elementsOf(doc).get('ink')!.set('index', 'a2');
    const { states } = boardAt(new Moment({ keyframe: Y.encodeStateAsUpdate(doc), rows: [] }), known);
    const arrangement = new Arrangement(states);
    const shown = (): string[] => arrangement.all().map(({ id }) => id);
    expect(shown()).toEqual(['box', 'ink']);
    const change = (id: string, edit: (map: Y.Map<unknown>) => void): void => {
      edit(elementsOf(doc).get(id)!);
      states.set(id, known.read(id, elementsOf(doc).get(id)!));
      arrangement.update(new Set([id]));
    };
    change('box', (map) => map.set('xy', [5, 5]));
    expect([shown(), arrangement.all()[0]!.x]).toEqual([['box', 'ink'], 5]);
    change('box', (map) => map.set('index', 'a3'));
    expect(shown()).toEqual(['ink', 'box']);
    change('box', (map) => map.set('index', 'a2')); // the same as another's: it gets a stand-in
    expect(shown()).toEqual(['box', 'ink']);
    expect(arrangement.all().map(({ index }) => index)).toEqual(['a2', 'a3']);
    change('ink', (map) => map.set('opacity', 50));
    expect(arrangement.all().map(({ index, opacity }) => [index, opacity])).toEqual([['a2', 100], ['a3', 50]]);
    states.delete('box');
    arrangement.update(new Set(['box']));
    expect(shown()).toEqual(['ink']);
  });

  it('two edits of one key are told apart, whoever made them', () => {
    const [one, other] = [drawn(), drawn()];
    expect(signatureOf(elementsOf(one).get('box')!)).not.toBe(signatureOf(elementsOf(other).get('box')!));
  });
});
