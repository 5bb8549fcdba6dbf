import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { MOST_ROWS, messageMoments } from './messageMoments';
import { TestSource, rowsOf } from './testHistory';

const say = (id: string) => (doc: Y.Doc) => doc.getArray('messages').push([new Y.Map<unknown>([['id', id], ['sent_at', 1]])]);
const { signal } = new AbortController();

describe('[RE11] when a message came', () => {
  it('is when its row did, and the first of one id counts', async () => {
    const rows = rowsOf([
      { at: 5, user: 'ann', edit: say('m1') },
      { at: 9, user: 'bob', edit: say('m2') },
      { at: 11, user: 'bob', edit: (doc) => (doc.getArray('messages').get(0) as Y.Map<unknown>).set('text', 'edited') },
      { at: 12, user: 'cy', edit: say('m1') },
    ]);
    expect([...(await messageMoments(new TestSource(rows), 4, signal))]).toEqual([['m1', 5], ['m2', 9]]);
    expect([...(await messageMoments(new TestSource(rows), 1, signal))]).toEqual([['m1', 5]]);
  });

  it('is left to the authors’ clocks in a chat that is too long to read', async () => {
    const source = new TestSource([]);
    expect((await messageMoments(source, MOST_ROWS + 1, signal)).size + (await messageMoments(source, 0, signal)).size).toBe(0);
    expect(source.asked).toEqual([]);
  });
});
