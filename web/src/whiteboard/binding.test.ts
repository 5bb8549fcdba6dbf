import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { FakeEditor, connect, meet, newElement, seeded } from './fakeEditor';
import { decodePoints } from './points';
import { type ElementMap, elementsOf } from './schema';

const pair = (seed = 1): [FakeEditor, FakeEditor] => {
  const random = seeded(seed);
  return [new FakeEditor(new Y.Doc(), random), new FakeEditor(new Y.Doc(), random)];
};
const mapOf = (editor: FakeEditor, id: string): ElementMap => elementsOf(editor.doc).get(id)!;

function bytesSent(doc: Y.Doc): () => number {
  let bytes = 0;
  doc.on('update', (update: Uint8Array) => (bytes += update.length));
  return () => bytes;
}

describe('a shape drawn here', () => {
  it('[BI1] appears at the other user with every property', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r', { customData: { a: [1] }, boundElements: [{ id: 'x', type: 'arrow' }] } as never));
    meet(ann, bob);
    expect(bob.view()).toEqual(ann.view());
    expect(bob.get('r')['customData']).toEqual({ a: [1] });
  });

  it('[BI2] is not written back when the other user has only been shown it', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    const sent = bytesSent(bob.doc);
    bob.flush();
    expect(sent()).toBe(0);
  });

  it('[BI1] costs only the changed keys when it changes', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    const sent = bytesSent(ann.doc);
    ann.change('r', { strokeColor: '#e03131' });
    ann.flush();
    expect(sent()).toBeLessThan(60);
  });

  it('[BI1] loses a key that the editor removed', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r', { customData: { a: 1 } } as never));
    meet(ann, bob);
    ann.change('r', { customData: undefined });
    meet(ann, bob);
    expect('customData' in bob.get('r')).toBe(false);
  });

  it('[BI8] is deleted for others when Excalidraw drops it because it ended too small', () => {
    const [ann, bob] = pair();
    ann.add(newElement('tiny'));
    ann.hands.add('tiny');
    meet(ann, bob);
    ann.list = [];
    ann.hands.clear();
    meet(ann, bob);
    expect(bob.get('tiny').isDeleted).toBe(true);
  });

  it('[BI8] is not deleted when the whole editor was taken down while it was being changed', () => {
    const [ann, bob] = pair();
    ann.add(newElement('a'));
    ann.add(newElement('b'));
    ann.hands.add('b');
    meet(ann, bob);
    ann.list = [];
    ann.binding.destroy();
    meet(ann, bob);
    expect(bob.list.map((one) => one.isDeleted)).toEqual([false, false]);
  });

  it('[BI8] comes back when the editor lost it in any other way', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.list = [];
    ann.flush();
    ann.frame();
    expect(ann.view()).toEqual(bob.view());
    expect(ann.get('r').isDeleted).toBe(false);
  });
});

describe('two users on one shape', () => {
  it('[BI3] both win when one moves and the other recolours', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.change('r', { x: 300, y: 400 });
    bob.change('r', { backgroundColor: '#ffc9c9' });
    meet(ann, bob);
    for (const one of [ann, bob]) expect(one.get('r')).toMatchObject({ x: 300, y: 400, backgroundColor: '#ffc9c9' });
  });

  it('[BI3] never mix the halves of a position', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.change('r', { x: 1 });
    bob.change('r', { y: 2 });
    meet(ann, bob);
    expect(ann.view()).toEqual(bob.view());
    expect([[1, 20], [10, 2]]).toContainEqual([ann.get('r').x, ann.get('r').y]);
  });

  it('[BI6] see it deleted when one deletes and the other moves, and undo brings it back moved', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.change('r', { isDeleted: true });
    bob.change('r', { x: 777, y: 20 });
    meet(ann, bob);
    expect(ann.get('r').isDeleted && bob.get('r').isDeleted).toBe(true);
    ann.undo();
    meet(ann, bob);
    for (const one of [ann, bob]) expect(one.get('r')).toMatchObject({ isDeleted: false, x: 777 });
  });

  it('[BI7] keep what the other did to other shapes when one undoes', () => {
    const [ann, bob] = pair();
    ann.add(newElement('a'));
    bob.add(newElement('b'));
    meet(ann, bob);
    ann.change('a', { x: 500 });
    bob.change('b', { x: 600, strokeColor: '#2f9e44' });
    meet(ann, bob);
    const before = JSON.stringify(bob.get('b'));
    ann.undo();
    ann.undo();
    meet(ann, bob);
    expect(ann.get('b')).toMatchObject({ x: 600, strokeColor: '#2f9e44' });
    expect(JSON.stringify(bob.get('b'))).toBe(before);
  });

  it('[BI2, BI4] do not disturb the one whose hands are on it, and both changes stand when he lets go', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.hands.add('r');
    const held = ann.get('r');
    bob.change('r', { strokeColor: '#e03131', x: 1, y: 1 });
    meet(ann, bob);
    expect(ann.get('r')).toBe(held);
    ann.change('r', { x: 900, y: 900 });
    ann.flush();
    expect(mapOf(ann, 'r').get('strokeColor')).toBe('#e03131');
    ann.hands.clear();
    meet(ann, bob);
    for (const one of [ann, bob]) expect(one.get('r')).toMatchObject({ x: 900, y: 900, strokeColor: '#e03131' });
  });

  it('[BI5] keep references of everything that did not change', () => {
    const [ann, bob] = pair();
    ann.add(newElement('a'));
    ann.add(newElement('b'));
    meet(ann, bob);
    const untouched = bob.get('a');
    ann.change('b', { x: 5 });
    meet(ann, bob);
    expect(bob.get('a')).toBe(untouched);
  });
});

describe('a stroke', () => {
  const draw = (editor: FakeEditor, count: number, onPoint: (i: number) => void, pen = false): void => {
    const random = seeded(7);
    editor.add(newElement('s', { type: 'freedraw', ...(pen && { simulatePressure: false, pressures: [0.5] }) } as never));
    let [x, y] = [0, 0];
    for (let i = 1; i < count; i++) {
      x += (random() - 0.3) * 8;
      y += (random() - 0.5) * 8;
      const element = editor.get('s');
      editor.change('s', {
        points: [...(element['points'] as number[][]), [x, y]],
        ...(pen && { pressures: [...(element['pressures'] as number[]), random()] }),
      });
      onPoint(i);
    }
    editor.flush();
  };

  it('[ST1] of 300 points in 40 ms batches costs at most 5 KB', () => {
    const [ann, bob] = pair();
    connect(ann.doc, bob.doc);
    const sent = bytesSent(ann.doc);
    draw(ann, 300, (i) => { if (i % 2 === 0) ann.flush(); }); // a mouse reports about every 16 to 20 ms
    bob.frame();
    expect(sent()).toBeLessThanOrEqual(5 * 1024);
    expect((bob.get('s')['points'] as unknown[]).length).toBe(300);
  });

  it.each([false, true])('[ST2] arrives within 1/16 px at every point (pen: %s)', (pen) => {
    const [ann, bob] = pair();
    draw(ann, 200, (i) => { if (i % 5 === 0) meet(ann, bob); }, pen);
    meet(ann, bob);
    const drawn = ann.get('s')['points'] as [number, number][];
    const seen = bob.get('s')['points'] as [number, number][];
    drawn.forEach(([x, y], i) => {
      expect(Math.abs(seen[i]![0] - x)).toBeLessThanOrEqual(1 / 16);
      expect(Math.abs(seen[i]![1] - y)).toBeLessThanOrEqual(1 / 16);
    });
    expect((bob.get('s')['pressures'] as unknown[]).length).toBe(pen ? 200 : 0);
  });

  it('[ST3] that is resized travels as two numbers, in the same place for both', () => {
    const [ann, bob] = pair();
    draw(ann, 200, () => undefined);
    meet(ann, bob);
    const sent = bytesSent(ann.doc);
    const points = ann.get('s')['points'] as [number, number][];
    const left = Math.min(...points.map(([x]) => x));
    ann.change('s', { x: 50, points: points.map(([x, y]) => [x * 2 - left, y * 0.5 + 3]) });
    meet(ann, bob);
    expect(sent()).toBeLessThan(120);
    const at = (one: FakeEditor, i: number) => {
      const element = one.get('s');
      const [x, y] = (element['points'] as [number, number][])[i]!;
      return [element.x + x, element.y + y];
    };
    for (const i of [0, 99, 199]) at(ann, i).forEach((v, axis) => expect(at(bob, i)[axis]).toBeCloseTo(v, 0));
  });

  it('[ST3] moved after a resize moves by as much for both', () => {
    const [ann, bob] = pair();
    draw(ann, 50, () => undefined);
    const points = ann.get('s')['points'] as [number, number][];
    ann.flush();
    ann.change('s', { points: points.map(([x, y]) => [x * 3 + 7, y * 3 - 5]) });
    meet(ann, bob);
    const before = bob.get('s');
    ann.change('s', { x: ann.get('s').x + 40 });
    meet(ann, bob);
    expect(bob.get('s').x - before.x).toBe(40);
    expect(bob.get('s')['points']).toEqual(before['points']);
  });

  it('[ST4] that another user resized while it is still being drawn is rewritten, not corrupted', () => {
    const [ann, bob] = pair();
    draw(ann, 20, () => undefined);
    meet(ann, bob);
    ann.hands.add('s');
    const points = bob.get('s')['points'] as [number, number][];
    bob.change('s', { points: points.slice(0, 5) });
    meet(ann, bob);
    const longer = [...(ann.get('s')['points'] as [number, number][]), [500, 500] as const];
    ann.change('s', { points: longer });
    ann.hands.clear();
    meet(ann, bob);
    expect((bob.get('s')['points'] as unknown[]).length).toBe(21);
    expect(ann.view()).toEqual(bob.view());
    expect((bob.get('s')['points'] as [number, number][]).at(-1)).toEqual([500, 500]);
  });

  it('[ST3] closed to a loop sends its last point, not the whole again', () => {
    const [ann, bob] = pair();
    draw(ann, 200, () => undefined);
    meet(ann, bob);
    const sent = bytesSent(ann.doc);
    const points = [...(ann.get('s')['points'] as [number, number][])];
    points[points.length - 1] = points[0]!;
    ann.change('s', { points });
    meet(ann, bob);
    expect(sent()).toBeLessThan(100);
    expect((bob.get('s')['points'] as [number, number][]).at(-1)).toEqual([0, 0]);
  });

  it('[ST2] is kept finer when it was drawn zoomed in', () => {
    const [ann, bob] = pair();
    ann.zoomValue = 8;
    ann.add(newElement('s', { type: 'freedraw', points: [[0, 0], [0.017, 0.017]] } as never));
    meet(ann, bob);
    expect((bob.get('s')['points'] as [number, number][])[1]![0]).toBeCloseTo(0.017, 2);
    expect(decodePoints((mapOf(bob, 's').get('pts') as Y.Array<number>).toArray(), 2, 64)).toHaveLength(2);
  });
});

describe('z-order', () => {
  it('[OR1, OR2] is the same for all when several put something on top at once', () => {
    const [ann, bob] = pair();
    for (let i = 0; i < 10; i++) ann.add(newElement(`a${i}`));
    for (let i = 0; i < 10; i++) bob.add(newElement(`b${i}`));
    meet(ann, bob);
    const keys = ann.list.map((element) => element.index);
    expect(new Set(keys).size).toBe(20);
    expect(ann.list.map((one) => one.id)).toEqual(bob.list.map((one) => one.id));
    expect(ann.list.map((one) => one.id).filter((id) => id.startsWith('a'))).toEqual([...Array(10).keys()].map((i) => `a${i}`));
  });

  it('[OR3] survives equal and invalid keys without writing anything', () => {
    const doc = new Y.Doc();
    const author = new FakeEditor(doc, seeded(3));
    for (const id of ['a', 'b', 'c', 'd', 'e']) author.add(newElement(id));
    author.flush();
    for (const [id, index] of [['a', 'a1'], ['b', 'a1'], ['c', '!!'], ['d', 'a1'], ['e', 'A00000000000000000000000001']]) elementsOf(doc).get(id!)!.set('index', index);
    author.frame();
    const sent = bytesSent(doc);
    author.flush();
    expect(sent()).toBe(0);
    expect(author.list.map((one) => one.id)).toEqual(['a', 'b', 'd', 'c', 'e']);
  });

  it('[OR3] puts a shape where the user put it, between two that had equal keys', () => {
    const [ann, bob] = pair();
    for (const id of ['a', 'b']) ann.add(newElement(id));
    ann.flush();
    for (const id of ['a', 'b']) mapOf(ann, id).set('index', 'a1');
    ann.frame();
    meet(ann, bob);
    ann.add(newElement('c'));
    ann.restack('c', 1);
    meet(ann, bob);
    for (const one of [ann, bob]) expect(one.list.map((element) => element.id)).toEqual(['a', 'c', 'b']);
    bob.reload();
    expect(bob.list.map((element) => element.id)).toEqual(['a', 'c', 'b']);
  });
});

describe('what others send', () => {
  const hostile: [string, (map: Y.Map<unknown>) => void][] = [
    ['an unknown type', (m) => m.set('type', 'iframe')],
    ['a type from the prototype', (m) => m.set('type', 'constructor')],
    ['no position', (m) => m.delete('xy')],
    ['a position that is no number', (m) => m.set('xy', ['1', 2])],
    ['an infinite size', (m) => m.set('wh', [Infinity, 1])],
    ['a size that would stop the page', (m) => m.set('wh', [1e9, 1e9])],
    ['a stroke width that is a word', (m) => m.set('strokeWidth', 'thick')],
    ['a position that is a Yjs type', (m) => m.set('xy', new Y.Array())],
  ];
  it.each(hostile)('[HO1] is skipped when it has %s', (_name, spoil) => {
    const [ann, bob] = pair();
    ann.add(newElement('good'));
    ann.add(newElement('bad'));
    ann.flush();
    spoil(mapOf(ann, 'bad'));
    meet(ann, bob);
    expect(bob.list.map((one) => one.id)).toEqual(['good']);
    expect(bob.binding.skipped.has('bad')).toBe(true);
  });

  it('[HO2] gets a default for broken decoration', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    ann.flush();
    const map = mapOf(ann, 'r');
    map.set('fillStyle', 'sparkles');
    map.set('boundElements', [{ id: 3 }]);
    map.set('link', { href: 1 });
    map.set('frameId', 'r');
    meet(ann, bob);
    expect(bob.get('r')).toMatchObject({ fillStyle: 'solid', boundElements: null, link: null, frameId: null });
  });

  it('[HO3] cannot reach the prototype of an element or carry keys of the editor', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    ann.flush();
    const map = mapOf(ann, 'r');
    map.set('__proto__', { polluted: true });
    map.set('version', 1e9);
    map.set('x', 'NaN');
    meet(ann, bob);
    expect((bob.get('r') as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(bob.get('r').version).toBe(1);
    expect(bob.get('r').x).toBe(10);
  });

  it('[HO1] is skipped when an entry of the map is no element', () => {
    const [ann, bob] = pair();
    (ann.doc.getMap('elements') as Y.Map<unknown>).set('n', 5);
    (ann.doc.getMap('elements') as Y.Map<unknown>).set('t', new Y.Text('x'));
    ann.add(newElement('r'));
    meet(ann, bob);
    expect(bob.list.map((one) => one.id)).toEqual(['r']);
  });

  it('[HO1] appears as soon as it is mended', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    ann.flush();
    mapOf(ann, 'r').set('xy', 'lost');
    meet(ann, bob);
    expect(bob.has('r')).toBe(false);
    mapOf(ann, 'r').set('xy', [4, 5]);
    meet(ann, bob);
    expect(bob.get('r')).toMatchObject({ x: 4, y: 5 });
  });
});

describe('an element removed from the document', () => {
  it('[BI9] leaves the scene', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.binding.markSaved();
    elementsOf(ann.doc).delete('r');
    ann.frame();
    meet(ann, bob);
    expect(ann.has('r') || bob.has('r')).toBe(false);
  });

  it('[BI9] comes back under the same id when a local edit was not yet saved', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.binding.markSaved();
    bob.change('r', { x: 321 });
    bob.flush();
    elementsOf(ann.doc).delete('r');
    meet(ann, bob);
    meet(ann, bob);
    for (const one of [ann, bob]) expect(one.get('r')).toMatchObject({ x: 321, strokeColor: '#1e1e1e' });
  });

  it('[BI9] does not come back from a user who had not touched it', () => {
    const [ann, bob] = pair();
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.binding.markSaved();
    elementsOf(ann.doc).delete('r');
    ann.frame();
    meet(ann, bob);
    meet(ann, bob);
    expect(bob.has('r')).toBe(false);
  });
});

describe('view only', () => {
  it('[BI10] shows what others do and writes nothing', () => {
    const ann = new FakeEditor(new Y.Doc(), seeded(1));
    const viewer = new FakeEditor(new Y.Doc(), seeded(2), false);
    ann.add(newElement('r'));
    meet(ann, viewer);
    viewer.add(newElement('mine'));
    const sent = bytesSent(viewer.doc);
    viewer.flush();
    expect(viewer.has('r')).toBe(true);
    expect(sent()).toBe(0);
  });

  it('[BI10] shows again what the document has when the right goes while something is drawn', () => {
    const [ann, bob] = pair();
    ann.add(newElement('stroke', { type: 'freedraw', points: [[0, 0], [1, 1]] }));
    ann.add(newElement('r'));
    meet(ann, bob);
    ann.hands.add('stroke');
    ann.mayWrite = false;
    const sent = bytesSent(ann.doc);
    ann.change('stroke', { points: [[0, 0], [1, 1], [50, 60]] });
    ann.change('r', { x: 900 });
    ann.add(newElement('late'));
    ann.flush();
    ann.frame();
    expect(ann.get('stroke')['points']).toHaveLength(3);
    expect([ann.get('r').x, ann.has('late')]).toEqual([10, false]);

    ann.hands.clear();
    ann.flush();
    ann.frame();
    expect(ann.view()).toEqual(bob.view());
    expect(sent()).toBe(0);

    ann.mayWrite = true;
    ann.change('r', { x: 40 });
    meet(ann, bob);
    expect(bob.view()).toEqual(ann.view());
    expect(bob.get('r').x).toBe(40);
  });
});
