import type * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { type Keyframe, type Row, StreamCutOff, StreamMalformed, readStream } from './stream';
import { pieces, rowsOf, streamOf } from './testHistory';

const AT = 1_790_000_000_000_000;
const rows = rowsOf(Array.from({ length: 250 }, (_, i) => ({
  // the clock was set back once
  at: AT + (i === 200 ? 1 : i * 40_000), user: ['ann', 'bob', 'Zoë'][i % 3]!,
  edit: (doc: Y.Doc) => doc.getMap('elements').set(`k${i % 20}`, 'x'.repeat(i)),
})));

async function read(bytes: Uint8Array, after: number, size: number): Promise<{ keyframes: Keyframe[]; rows: Row[]; last: number }> {
  const [keyframes, found]: [Keyframe[], Row[]] = [[], []];
  const reader = { keyframe: (one: Keyframe) => void keyframes.push(one), row: (one: Row) => void found.push(one) };
  return { keyframes, rows: found, last: await readStream(pieces(bytes, size), after, reader) };
}

describe('[RE1] the stream of a history', () => {
  it.each([1, 2, 7, 100, 1_000_000])('is read the same in pieces of %i bytes', async (size) => {
    const found = await read(streamOf(rows, { after: 130, until: 250, keyframe: true }), 0, size);
    expect(found.keyframes).toEqual([expect.objectContaining({ seq: 100, at: rows[99]!.at })]);
    expect(found.rows).toEqual(rows.slice(100).map((row, i) => ({ ...row, seq: 101 + i, session: `session of ${row.user}` })));
    expect(found.last).toBe(250);
  });

  it('counts rows from where it was asked for when there is no keyframe', async () => {
    const found = await read(streamOf(rows, { after: 130, until: 132, keyframe: false }), 130, 50);
    expect(found.rows.map(({ seq, at }) => [seq, at])).toEqual([[131, rows[130]!.at], [132, rows[131]!.at]]);
  });

  it('tells that it broke off, wherever that was', async () => {
    const bytes = streamOf(rows, { after: 240, until: 250, keyframe: false });
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(read(bytes.slice(0, length), 240, 999), String(length)).rejects.toBeInstanceOf(StreamCutOff);
    }
  });

  it.each([
    ['an unknown kind', [9]],
    ['a row without an author', [2, 0, 0, 1, 0]],
    ['an end that is not after the last row', [3, 5]],
    ['bytes after the end', [3, 0, 1]],
  ])('refuses %s', async (_, bytes) => {
    await expect(read(new Uint8Array(bytes), 0, 100)).rejects.toBeInstanceOf(StreamMalformed);
  });
});
