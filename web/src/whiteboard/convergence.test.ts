/** Three users, partitions, reloads: whatever happens, all boards end equal and every element whole. */
import * as Y from 'yjs';
import { expect, it } from 'vitest';
import { FakeEditor, meet, newElement, seeded } from './fakeEditor';

const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const RUNS = Number(process.env['RUNS'] ?? 60);
const STEPS = 120;

type Random = () => number;
const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!;

function act(editor: FakeEditor, name: string, step: number, random: Random): void {
  const alive = editor.list.filter((element) => !element.isDeleted);
  const roll = random();
  if (roll < 0.25 || alive.length === 0) {
    const type = pick(['rectangle', 'freedraw', 'arrow', 'text'], random);
    editor.add(newElement(`${name}${step}`, {
      type, x: random() * 1000, y: random() * 1000,
      ...(type === 'freedraw' && { points: [[0, 0], [random() * 50, random() * 50], [random() * 99, 3]] }),
      ...(type === 'arrow' && {
        points: [[0, 0], [random() * 50, 9]], startBinding: null, endBinding: null, startArrowhead: null, endArrowhead: 'arrow',
        elbowed: false, lastCommittedPoint: null,
      }),
      ...(type === 'text' && {
        text: 'hi', originalText: 'hi', fontSize: 20, fontFamily: 5, textAlign: 'left', verticalAlign: 'top', containerId: null,
        autoResize: true, lineHeight: 1.25,
      }),
    } as never));
    return;
  }
  const { id, type } = pick(alive, random);
  if (roll < 0.4) editor.change(id, { x: random() * 1000, y: random() * 1000 });
  else if (roll < 0.5) editor.change(id, { strokeColor: pick(['#e03131', '#2f9e44', '#1971c2'], random) });
  else if (roll < 0.6) editor.restack(id, Math.floor(random() * editor.list.length));
  else if (roll < 0.68) editor.change(id, { isDeleted: true });
  else if (roll < 0.78) editor.undo();
  else if (roll < 0.84) editor.hands.add(id);
  else if (roll < 0.9) editor.hands.clear();
  else if (type === 'freedraw') {
    const points = editor.get(id)['points'] as [number, number][];
    const sx = 0.5 + random() * 2;
    if (random() < 0.5) editor.change(id, { points: points.map(([x, y]) => [x * sx, y * sx]) });
    else editor.change(id, { points: [...points, [random() * 90, random() * 90]] });
  } else editor.change(id, { width: random() * 300, height: random() * 300 });
}

/** Lowest first; a shape drawn and deleted between two flushes is a tombstone at its author only. */
const visible = (editor: FakeEditor): string[] => editor.list.filter((one) => !one.isDeleted).map((one) => one.id);

function run(seed: number): void {
  const random = seeded(seed);
  const users = ['ann', 'bob', 'cid'].map((name) => ({ name, editor: new FakeEditor(new Y.Doc(), random) }));
  for (let step = 0; step < STEPS; step++) {
    const { name, editor } = pick(users, random);
    act(editor, name, step, random);
    if (random() < 0.5) editor.flush();
    if (random() < 0.3) editor.frame();
    if (random() < 0.2) meet(editor, pick(users.filter((one) => one.editor !== editor), random).editor);
    if (random() < 0.02) editor.reload();
  }
  for (const { editor } of users) editor.hands.clear();
  for (let round = 0; round < 3; round++) {
    meet(users[0]!.editor, users[1]!.editor);
    meet(users[1]!.editor, users[2]!.editor);
    meet(users[2]!.editor, users[0]!.editor);
  }
  const [first, ...others] = users.map(({ editor }) => editor);
  for (const other of others) {
    expect(other!.doc.getMap('elements').toJSON()).toEqual(first!.doc.getMap('elements').toJSON());
    expect(visible(other!), 'z-order').toEqual(visible(first!));
  }
  // the author of a stroke keeps its exact points until he opens the page again
  for (const { editor } of users) editor.reload();
  for (const other of others) expect(other!.view()).toEqual(first!.view());
  expect(first!.list.length).toBe(first!.doc.getMap('elements').size);
  expect(first!.binding.skipped.size, 'elements that lack something').toBe(0);
}

it.each(Array.from({ length: RUNS }, (_, i) => FIRST_SEED + i))('[BI3, OR2] all boards end equal (seed %i)', (seed) => run(seed));
