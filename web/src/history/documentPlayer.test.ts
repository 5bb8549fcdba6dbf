import * as Y from 'yjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DocumentPlayer } from './documentPlayer';
import { documentOf } from './moment';
import { StreamCutOff } from './stream';
import { TestSource, rowsOf, stateAfter } from './testHistory';

const AT = 1_790_000_000_000_000;
const STEP = 40_000;
const HEAD = 2_800;
const rows = rowsOf(Array.from({ length: HEAD }, (_, i) => ({
  at: AT + i * STEP, user: i % 2 ? 'ann' : 'bob',
  edit: (doc: Y.Doc) => {
    const elements = doc.getMap<Y.Map<unknown>>('elements');
    const id = `e${i % 60}`;
    if (!elements.has(id)) elements.set(id, new Y.Map());
    elements.get(id)!.set('xy', [i, i]);
  },
})));
const atOf = (seq: number): number => AT + (seq - 1) * STEP;
const shown = (doc: Y.Doc): unknown => doc.getMap('elements').toJSON();
/** Built aside, so that the player's own stays as it came. */
const copyOf = (one: DocumentPlayer): Y.Doc => documentOf(one.moment.get().unbuilt ?? { keyframe: Y.encodeStateAsUpdate(one.doc), rows: [] });

let source: TestSource;
let player: DocumentPlayer;
beforeEach(() => {
  source = new TestSource(rows);
  player = new DocumentPlayer(source, 'whiteboard', HEAD);
});

describe('[RE2] a document at a moment', () => {
  it('is what its rows up to then make, whichever way one came', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`SEED=${seed}`);
    let state = seed || 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let n = 0; n < 40; n += 1) {
      const seq = n % 3 === 0 ? Math.min(HEAD, player.seq + 30) : Math.floor(random() * (HEAD + 1));
      if (n % 4 === 1) player.advance(player.seq * STEP + AT);
      expect(await player.seek(atOf(seq))).toBe(true);
      expect(player.seq).toBe(seq);
      if (n % 2) expect(shown(player.doc)).toEqual(shown(stateAfter(rows, seq)));
      else expect(shown(copyOf(player))).toEqual(shown(stateAfter(rows, seq)));
    }
  });

  it('costs a part of the log, not all of it', async () => {
    await player.seek(atOf(2_700));
    const asked = source.asked.map(({ after, until, keyframe }) => [until - after, keyframe]);
    expect(asked).toEqual([[0, true]]);
  });

  it('is not asked for again when the rows to it are here', async () => {
    await player.seek(atOf(10));
    player.advance(atOf(11));
    await vi.waitFor(() => expect(player.advance(atOf(12))).toBe(true));
    const before = source.asked.length;
    expect(await player.seek(atOf(400))).toBe(true);
    expect([player.seq, source.asked.length]).toEqual([400, before]);
    expect(shown(player.doc)).toEqual(shown(stateAfter(rows, 400)));
  });

  it('goes on in one transaction as far as rows are here, and fetches on', async () => {
    await player.seek(atOf(9));
    await vi.waitFor(() => expect(player.advance(atOf(10))).toBe(true));
    const { doc } = player;
    const told = vi.fn();
    doc.getMap('elements').observeDeep(told);
    expect(player.next?.at).toBe(AT + 10 * STEP);
    expect(player.advance(AT + 40 * STEP)).toBe(true);
    expect([player.seq, told.mock.calls.length]).toEqual([41, 1]);
    expect(player.doc).toBe(doc);
    expect(player.advance(AT + 600 * STEP)).toBe(false);
    await vi.waitFor(() => expect(player.advance(AT + 600 * STEP)).toBe(true));
    expect(player.seq).toBe(601);
    expect(shown(player.doc)).toEqual(shown(stateAfter(rows, 601)));
  });

  it('knows its end', async () => {
    await player.seek('end');
    expect(player.next).toBe(null);
    expect(player.advance(Infinity)).toBe(true);
  });

  it('lets the last of two jumps count', async () => {
    const first = player.seek(atOf(2_700));
    const second = player.seek(atOf(101));
    expect(await Promise.all([first, second])).toEqual([false, true]);
    expect(player.seq).toBe(101);
  });

  it('stays what it is when a stream breaks off, and tells so', async () => {
    await player.seek(atOf(701));
    source.broken = 1;
    await expect(player.seek(atOf(50))).rejects.toBeInstanceOf(StreamCutOff);
    expect(player.seq).toBe(701);
    expect(shown(player.doc)).toEqual(shown(stateAfter(rows, 701)));
    await player.seek(atOf(50));
    expect(shown(player.doc)).toEqual(shown(stateAfter(rows, 50)));
  });

  it.each([[true], [false]])('takes in what was added since, and no more (built: %s)', async (isBuilt) => {
    const young = new DocumentPlayer(source, 'whiteboard', 700);
    await young.seek('end');
    for (const head of [760, 1_010]) {
      if (isBuilt) expect(shown(young.doc)).toEqual(shown(stateAfter(rows, young.seq)));
      young.head = head;
      expect(await young.seek('end')).toBe(true);
      expect(young.seq).toBe(head);
    }
    expect(source.asked.filter(({ keyframe }) => keyframe).length).toBe(1);
    expect(shown(young.doc)).toEqual(shown(stateAfter(rows, 1_010)));
  });

  it('grows with the log', async () => {
    const young = new DocumentPlayer(new TestSource(rows), 'whiteboard', 700);
    await young.seek('end');
    young.head = HEAD;
    await vi.waitFor(() => expect(young.advance(AT + 750 * STEP)).toBe(true));
    expect(young.seq).toBe(751);
  });
});
