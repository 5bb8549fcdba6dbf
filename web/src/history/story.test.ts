import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { elementsOf } from '../whiteboard/schema';
import { elementAt } from './hit';
import { likelyRows } from './likelyRows';
import { seeded } from '../whiteboard/fakeEditor';
import { readStory, storyOfLog } from './story';
import { type TestRow, TestSource, rowsOf } from './testHistory';

const SECOND = 1_000_000;
const of = (doc: Y.Doc, id: string): Y.Map<unknown> => elementsOf(doc).get(id)!;

const never = new AbortController().signal;

/** What people do to some elements; those that are drawn on for long, flipped, deleted and brought back among them. */
function randomLog(seed: number): { log: TestRow[]; ids: readonly string[] } {
  const random = seeded(seed);
  const ids = ['e0', 'e1', 'e2', 'e3', 'e4'];
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const ink = (): Y.Array<number> => Y.Array.from([random(), random()]);
  const edits: readonly ((map: Y.Map<unknown>) => void)[] = [
    (map) => (map.get('pts') as Y.Array<number>).push([random(), random()]), (map) => (map.get('pts') as Y.Array<number>).push([random()]),
    (map) => map.set('xy', [random(), random()]), (map) => map.set('strokeColor', String(random())), (map) => map.set('text', String(random())),
    (map) => map.set('isDeleted', random() < 0.5), (map) => map.set('angle', random()),
    (map) => void (random() < 0.1 && map.set('pts', ink())),
  ];
  const made = ids.map((id, n) => ({
    at: n * SECOND, user: pick(['ann', 'bob', 'cleo']),
    edit: (doc: Y.Doc) => void elementsOf(doc).set(id, new Y.Map<unknown>([['type', 'freedraw'], ['isDeleted', false], ['pts', ink()]])),
  }));
  let at = 5 * SECOND;
  const changed = Array.from({ length: 120 }, () => {
    const [id, edit, user] = [pick(ids), pick(edits), pick(['ann', 'bob', 'cleo'])];
    return { at: (at += Math.floor(random() * 4 * SECOND)), user, edit: (doc: Y.Doc) => edit(of(doc, id)) };
  });
  return { log: rowsOf([...made, ...changed]), ids };
}

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

  it('is found in a few windows of the log, and is the one that the whole log tells', async () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const { log, ids } = randomLog(seed);
      for (const id of ids) {
        const told: number[] = [];
        const found = await readStory(new TestSource(log), id, log.length, (_, share) => told.push(share), never, { window: 1 + (seed % 20) });
        const whole = await storyOfLog(new TestSource(log), id, log.length, () => {}, never);
        expect(found, `seed ${seed}, ${id}`).toEqual(whole);
        expect(found.length).toBeGreaterThan(0);
        expect([...told].sort((a, b) => a - b)).toEqual(told);
      }
    }
  });

  it('of a long log needs little of it, though who made it came late and left soon', async () => {
    const others = Array.from({ length: 600 }, (_, n) => ({ at: n * SECOND, user: 'ann', edit: (doc: Y.Doc) => void elementsOf(doc).set(`e${n}`, new Y.Map([['xy', [n, n]]])) }));
    const his = [
      { at: 400.5 * SECOND, user: 'bob', edit: (doc: Y.Doc) => void elementsOf(doc).set('his', new Y.Map<unknown>([['isDeleted', false], ['xy', [0, 0]]])) },
      { at: 406.5 * SECOND, user: 'bob', edit: (doc: Y.Doc) => of(doc, 'his').set('xy', [1, 1]) },
    ];
    const log = rowsOf([...others, ...his].sort((a, b) => a.at - b.at));
    const steps = log.map(({ user, at }) => ({ user, step: Math.floor(at / (10 * SECOND)), rows: 1 }));
    const timeline = { head: log.length, first_at: 0, last_at: log.at(-1)!.at, since: 0, until: log.at(-1)!.at + 1, step: 10 * SECOND, activity: steps };
    const owner = Y.decodeUpdate(log.find(({ user }) => user === 'bob')!.update).structs[0]!.id.client;
    const rowsFor = async (id: string): Promise<number> => {
      const source = new TestSource(log);
      const likely = likelyRows(timeline, new Map([[owner, 'bob']]));
      expect((await readStory(source, id, log.length, () => {}, never, { window: 20, likely })).length).toBeGreaterThan(0);
      return source.asked.filter(({ keyframe }) => !keyframe).reduce((sum, { after, until }) => sum + until - after, 0);
    };
    expect(await rowsFor('e300')).toBeLessThan(100);
    expect(await rowsFor('his')).toBeLessThan(100);
  });

  it('ends with who stops reading', async () => {
    const reading = new AbortController();
    const source = new TestSource(randomLog(1).log);
    const story = readStory(source, 'e0', source.log.length, () => reading.abort(), reading.signal, { window: 5 });
    await expect(story).rejects.toThrow();
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
