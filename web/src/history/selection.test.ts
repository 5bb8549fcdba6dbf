import { describe, expect, it } from 'vitest';
import type { SceneElement } from '../whiteboard/schema';
import { boundsOf } from './hit';
import { selected, unitsOf, unitsWithin } from './selection';

const BOX = { type: 'rectangle', version: 1, versionNonce: 1, isDeleted: false, index: null, x: 0, y: 0, width: 10, height: 10, angle: 0, groupIds: [] };
const box = (id: string, more: Partial<SceneElement> = {}): SceneElement => ({ ...BOX, id, ...more });

describe('[RE14] what is selected', () => {
  it('is one thing, one more, or one fewer', () => {
    expect(selected(['a'], ['b'], 'only')).toEqual(['b']);
    expect(selected(['a'], ['a', 'b'], 'add')).toEqual(['a', 'b']);
    expect(selected(['a'], ['a', 'b'], 'toggle')).toEqual(['a', 'b']);
    expect(selected(['a', 'b', 'c'], ['c', 'a'], 'toggle')).toEqual(['b']);
    expect(selected(['a'], [], 'only')).toEqual([]);
  });

  it('is a whole group, and what words lie in', () => {
    const elements = [
      box('a', { groupIds: ['inner', 'outer'] }), box('b', { groupIds: ['outer'] }), box('c', { groupIds: ['inner'] }), box('alone'),
      box('words', { type: 'text', containerId: 'b', groupIds: ['outer'] }), box('lost', { type: 'text', containerId: 'gone' }),
    ];
    expect(Object.fromEntries(unitsOf(elements))).toEqual({
      a: ['a', 'b'], b: ['a', 'b'], c: ['c'], alone: ['alone'], words: ['a', 'b'], lost: ['lost'],
    });
  });

  it('is ended by nothing that a board may hold: words in words, in themselves, in a circle', () => {
    const elements = [
      box('self', { type: 'text', containerId: 'self', groupIds: ['g'] }),
      box('one', { type: 'text', containerId: 'two', groupIds: ['h'] }), box('two', { type: 'text', containerId: 'one', groupIds: ['h'] }),
    ];
    expect(Object.fromEntries(unitsOf(elements))).toEqual({ self: ['self'], one: ['two'], two: ['one'] });
  });

  it('is what lies in a frame with all of it, turned things as they lie, and groups whole', () => {
    const elements = [
      box('inside'), box('half', { x: 45 }), box('grouped', { x: 20, groupIds: ['g'] }), box('far', { x: 500, groupIds: ['g'] }),
      box('turned', { x: 10, y: 20, width: 60, height: 10, angle: Math.PI / 2 }),
      box('line', { type: 'line', x: 40, y: 40, points: [[0, 0], [-30, 5]] }),
    ];
    expect(unitsWithin(elements, [-1, -6, 50, 60])).toEqual(['inside', 'grouped', 'far', 'turned', 'line']);
    expect(boundsOf(elements[4]!).map(Math.round)).toEqual([35, -5, 45, 55]);
  });
});
