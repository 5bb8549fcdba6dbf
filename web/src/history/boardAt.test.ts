import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { elementsOf, filesOf } from '../whiteboard/schema';
import { boardAt } from './boardAt';
import { BoardIndex } from './boardIndex';
import { KnownStates, signatureOf } from './knownStates';
import { Moment, documentOf } from './moment';
import { Unfamiliar } from './structs';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31)) || 1;
console.log(`SEED=${SEED}`);
const BOX = {
  type: 'rectangle', isDeleted: false, angle: 0, strokeColor: '#000000', backgroundColor: 'transparent', fillStyle: 'solid',
  strokeWidth: 2, strokeStyle: 'solid', roughness: 1, opacity: 100, seed: 1, groupIds: [], xy: [1, 2], wh: [3, 4],
};

class Chance {
  constructor(private state: number) {}
  next = (): number => (this.state = (this.state * 48_271) % 2_147_483_647) / 2_147_483_647;
  below = (n: number): number => Math.floor(this.next() * n);
  of = <T>(all: readonly T[]): T => all[this.below(all.length)]!;
}

/** Something that a person does, or that only a modified client does. */
function edit(doc: Y.Doc, chance: Chance): void {
  const elements = elementsOf(doc);
  const id = `e${chance.below(12)}`;
  const map = elements.get(id);
  const values: unknown[] = [[chance.below(99), 1.5], 'größer 🖍', null, undefined, true, false, -7, 2 ** 40, 1e-9, 10n, { a: [1, { b: 'c' }] }, new Uint8Array(3)];
  if (!map || chance.next() < 0.05) {
    const fresh = new Y.Map<unknown>(Object.entries({ ...BOX, index: `a${chance.below(9)}` }));
    if (chance.next() < 0.6) for (const [key, value] of [['type', 'freedraw'], ['pts', Y.Array.from([0, 0, 8, 8])], ['q', 8]] as const) fresh.set(key, value);
    elements.set(id, fresh);
    return;
  }
  const points = map.get('pts');
  const choices: (() => void)[] = [
    () => map.set('xy', [chance.below(50), 1]),
    () => map.set(chance.of(['customData', 'link', 'unknown']), chance.of(values)),
    () => map.set('isDeleted', chance.next() < 0.5),
    () => map.delete('link'),
    () => map.set('text', new Y.Text('word')),
    () => elements.delete(id),
    () => filesOf(doc).set(`f${chance.below(3)}`, { sha256: 'x', mimeType: 'image/png', width: 1, height: 1 }),
    () => doc.getText('notes').insert(0, 'a𝄞b', { bold: true }),
    () => doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('p')]),
  ];
  if (points instanceof Y.Array) {
    const { length } = points;
    for (let n = 0; n < 5; n += 1) choices.push(() => points.push([chance.below(9), chance.below(9)]));
    choices.push(() => points.insert(chance.below(length + 1), [1, 2, 3]));
    if (length > 2) choices.push(() => points.delete(chance.below(length - 2), 2));
  }
  chance.of(choices)();
}

/** Everybody's edits as rows, which reach the others late. */
function historyOf(chance: Chance, count: number): Uint8Array[] {
  const people = [1, 2, 3].map(() => new Y.Doc({ gc: chance.next() < 0.8 }));
  const rows: Uint8Array[] = [];
  const seen = people.map(() => 0);
  for (let n = 0; n < count; n += 1) {
    const who = chance.below(people.length);
    const doc = people[who]!;
    if (chance.next() < 0.4) {
      for (const row of rows.slice(seen[who])) Y.applyUpdate(doc, row);
      seen[who] = rows.length;
    }
    doc.once('update', (update: Uint8Array) => rows.push(update));
    doc.transact(() => {
      for (let left = 1 + chance.below(3); left > 0; left -= 1) edit(doc, chance);
    });
  }
  return rows;
}

const shown = (doc: Y.Doc): unknown => ({ elements: elementsOf(doc).toJSON(), files: filesOf(doc).toJSON(), notes: doc.getText('notes').toDelta() });
const pick = <T>(record: Record<string, T>, ids: readonly string[]): Record<string, T> =>
  Object.fromEntries(ids.flatMap((id) => (id in record ? [[id, record[id]!]] : [])));

describe('[RE2] a part of a board', () => {
  it('is what the whole has of it, whatever was done and whatever comes', () => {
    const chance = new Chance(SEED);
    let parts = 0;
    for (let round = 0; round < 60; round += 1) {
      const rows = historyOf(chance, 60);
      const middle = 10 + chance.below(rows.length - 10);
      const before = new Y.Doc({ gc: chance.next() < 0.8 });
      for (const row of rows.slice(0, middle)) Y.applyUpdate(before, row);
      const keyframe = Y.encodeStateAsUpdate(before);
      const whole = documentOf({ keyframe, rows: rows.slice(middle) });
      const index = new BoardIndex(keyframe);
      expect(new Map(index.elements())).toEqual(new Map([...elementsOf(before)].map(([id, map]) => [id, signatureOf(map)])));
      const wanted = new Set<string>();
      for (const row of rows.slice(middle)) index.add(row, wanted);
      for (const id of elementsOf(whole).keys()) if (chance.next() < 0.2) wanted.add(id);
      const part = documentOf({ keyframe: index.part(wanted), rows: rows.slice(middle) });
      const ids = [...wanted];
      expect({ ...shown(part) as object, elements: pick(elementsOf(part).toJSON(), ids) })
        .toEqual({ ...shown(whole) as object, elements: pick(elementsOf(whole).toJSON(), ids) });
      // what no row touches is as the keyframe has it
      for (const [id, map] of elementsOf(whole)) if (!wanted.has(id)) expect(signatureOf(map)).toBe(signatureOf(elementsOf(before).get(id)!));
      parts += 1;
    }
    expect(parts).toBe(60);
  });

  it('with what was seen before makes the board', () => {
    const chance = new Chance(SEED);
    const known = new KnownStates();
    const rows = historyOf(chance, 300);
    for (let round = 0; round < 40; round += 1) {
      const [first, last] = [chance.below(rows.length), chance.below(rows.length)].sort((a, b) => a - b) as [number, number];
      const keyframe = Y.encodeStateAsUpdate(documentOf({ keyframe: undefined, rows: rows.slice(0, first) }));
      const parts = { keyframe, rows: rows.slice(first, last) };
      const { states, doc } = boardAt(new Moment(parts), known);
      const whole = documentOf(parts);
      const plain = new KnownStates();
      const expected = new Map([...elementsOf(whole)].map(([id, map]) => [id, plain.read(id, map)]));
      const told = (board: Map<string, ReturnType<KnownStates['read']>>): unknown =>
        [...board].map(([id, { signature, decoded, maker }]) => [id, signature, maker, decoded && { ...decoded.element, version: 0, versionNonce: 0, updated: 0 }])
          .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
      expect(told(states)).toEqual(told(expected));
      expect(filesOf(doc).toJSON()).toEqual(filesOf(whole).toJSON());
    }
  });

  it('is left to Yjs where something lies between two elements, or is not whole', () => {
    const doc = new Y.Doc();
    const [one, other] = ['one', 'other'].map((id) => {
      elementsOf(doc).set(id, new Y.Map([['pts', Y.Array.from([1, 2])]]));
      return elementsOf(doc).get(id)!.get('pts') as Y.Array<number>;
    });
    const keyframe = Y.encodeStateAsUpdate(doc);
    const [left, right] = [one!._start!.id, other!._start!.id];
    const update = (structs: number[]): Uint8Array => new Uint8Array([1, 1, 1, 0, ...structs, 0]);
    const id = (at: { client: number; clock: number }): number[] => {
      const out: number[] = [];
      for (let rest = at.client; ; rest = Math.floor(rest / 128)) {
        out.push(rest < 128 ? rest : (rest % 128) | 128);
        if (rest < 128) return [...out, at.clock];
      }
    };
    const add = (row: Uint8Array) => () => new BoardIndex(keyframe).add(row, new Set());
    expect(add(update([0xc8, ...id(left), ...id(left), 1, 125, 1]))).not.toThrow();
    expect(add(update([0xc8, ...id(left), ...id(right), 1, 125, 1]))).toThrow(Unfamiliar);
    expect(add(update([0x88, 99, 0, 1, 125, 1]))).toThrow(Unfamiliar);
    expect(add(update([10, 5]))).toThrow(Unfamiliar);
    expect(() => new BoardIndex(update([0x88, 99, 0, 1, 125, 1]))).toThrow(Unfamiliar);
  });
});
