import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { elementsOf } from '../whiteboard/schema';
import { elementAt } from './hit';
import { readStory } from './story';
import { TestSource, rowsOf } from './testHistory';

const SECOND = 1_000_000;
const of = (doc: Y.Doc, id: string): Y.Map<unknown> => elementsOf(doc).get(id)!;

const rows = rowsOf([
  { at: 0, user: 'ann', edit: (doc) => elementsOf(doc).set('a', new Y.Map<unknown>([['type', 'freedraw'], ['isDeleted', false], ['pts', new Y.Array<number>()]])) },
  { at: 0.1 * SECOND, user: 'ann', edit: (doc) => (of(doc, 'a').get('pts') as Y.Array<number>).push([1, 2]) },
  { at: 0.2 * SECOND, user: 'ann', edit: (doc) => (of(doc, 'a').get('pts') as Y.Array<number>).push([3, 4]) },
  { at: 10 * SECOND, user: 'bob', edit: (doc) => of(doc, 'a').set('xy', [1, 1]) },
  { at: 10.1 * SECOND, user: 'bob', edit: (doc) => of(doc, 'a').set('xy', [2, 2]) },
  { at: 10.2 * SECOND, user: 'ann', edit: (doc) => of(doc, 'a').set('strokeColor', '#ff0000') },
  { at: 11 * SECOND, user: 'bob', edit: (doc) => elementsOf(doc).set('b', new Y.Map<unknown>([['type', 'rectangle']])) },
  { at: 20 * SECOND, user: 'ann', edit: (doc) => of(doc, 'a').set('boundElements', []) },
  { at: 30 * SECOND, user: 'bob', edit: (doc) => of(doc, 'a').set('isDeleted', true) },
  { at: 40 * SECOND, user: 'ann', edit: (doc) => of(doc, 'a').set('isDeleted', false) },
  { at: 50 * SECOND, user: 'bob', edit: (doc) => elementsOf(doc).delete('a') },
]);

describe('[RE3] the story of an element', () => {
  it('tells who did what when, a gesture at a time', async () => {
    const story = await readStory(new TestSource(rows), 'a', rows.length, () => {}, new AbortController().signal);
    expect(story.map(({ deed, user, from, to }) => [deed, user, from / SECOND, to / SECOND])).toEqual([
      ['made', 'ann', 0, 0.2],
      ['moved', 'bob', 10, 10.1],
      ['styled', 'ann', 10.2, 10.2],
      ['deleted', 'bob', 30, 30],
      ['restored', 'ann', 40, 40],
      ['deleted', 'bob', 50, 50],
    ]);
  });

  it('is empty for what never was', async () => {
    expect(await readStory(new TestSource(rows), 'nobody', rows.length, () => {}, new AbortController().signal)).toEqual([]);
  });
});

describe('[RE4] a click', () => {
  const base = { version: 1, versionNonce: 1, isDeleted: false, index: null, angle: 0, strokeWidth: 2 };
  const box = { ...base, id: 'box', type: 'rectangle', x: 0, y: 0, width: 100, height: 50 };
  const line = { ...base, id: 'line', type: 'line', x: 10, y: 10, width: 200, height: 100, points: [[0, 0], [200, 100]] };

  it('finds the highest element under it, a line only where it runs', () => {
    const elements = [box, line];
    expect(elementAt(elements, [110, 60], 5)?.id).toBe('line');
    expect(elementAt(elements, [20, 40], 5)?.id).toBe('box');
    expect(elementAt(elements, [150, 20], 5)).toBeUndefined();
  });

  it('follows what is turned', () => {
    const turned = { ...box, angle: Math.PI / 2 };
    expect(elementAt([turned], [50, -20], 2)?.id).toBe('box');
    expect(elementAt([turned], [5, 25], 2)).toBeUndefined();
  });
});
