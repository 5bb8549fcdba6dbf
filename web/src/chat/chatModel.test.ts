import * as Y from 'yjs';
import { expect, it } from 'vitest';
import { edit, messagesOf, remove, restore, send, toggleReaction } from './chatModel';
import { MAX_TEXT } from './readMessage';

const ANN = { sub: 'ann', name: 'Ann' };
const BOB = { sub: 'bob', name: 'Bob' };
const FILE = { sha256: 'a'.repeat(64), mime_type: 'application/pdf', file_name: 'plan.pdf', size: 7 };

const textsOf = (doc: Y.Doc): string[] => messagesOf(doc).get().map(({ text }) => text);
const messageIn = (doc: Y.Doc, id: string) => messagesOf(doc).get().find((message) => message.id === id)!;

function meet(...docs: Y.Doc[]): void {
  for (const from of docs) for (const to of docs) Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
}

it('sends a message with all that belongs to it, and nothing that says nothing', () => {
  const doc = new Y.Doc();
  const first = send(doc, ANN, { text: '  hello\nthere ' }, 1_000, 'm1');
  const second = send(doc, BOB, { text: '', replyTo: 'm1', attachments: [FILE] }, 2_000, 'm2');
  expect(send(doc, ANN, { text: ' \n ' })).toBeNull();
  expect([first, second]).toEqual(['m1', 'm2']);
  expect(messagesOf(doc).get()).toMatchObject([
    { id: 'm1', author: 'ann', name: 'Ann', text: 'hello\nthere', sentAt: 1_000, replyTo: null, editedAt: null, deleted: false },
    { id: 'm2', author: 'bob', name: 'Bob', text: '', sentAt: 2_000, replyTo: 'm1', attachments: [FILE] },
  ]);
});

it('[CH1] writes the document that the server reads', () => {
  const doc = new Y.Doc();
  send(doc, ANN, { text: 'hello', replyTo: 'm0', attachments: [FILE] }, 1_000, 'm1');
  edit(doc, 'm1', 'hallo', 2_000);
  toggleReaction(doc, 'm1', '👍', 'bob');
  expect(doc.getArray('messages').toJSON()).toEqual([{
    id: 'm1', author: 'ann', name: 'Ann', text: 'hallo', sent_at: 1_000, edited_at: 2_000, reply_to: 'm0',
    reactions: { '👍\0bob': true }, attachments: [FILE],
  }]);
});

it('merges what two people wrote offline: the same order for both, nothing lost, nothing twice', () => {
  const [a, b] = [new Y.Doc(), new Y.Doc()];
  send(a, ANN, { text: 'before' });
  meet(a, b);
  for (const n of [1, 2, 3]) {
    send(a, ANN, { text: `ann ${n}` });
    send(b, BOB, { text: `bob ${n}` });
  }
  meet(a, b);
  meet(a, b);
  expect(textsOf(a)).toEqual(textsOf(b));
  expect(textsOf(a).filter((text) => text.startsWith('ann'))).toEqual(['ann 1', 'ann 2', 'ann 3']);
  expect(textsOf(a).filter((text) => text.startsWith('bob'))).toEqual(['bob 1', 'bob 2', 'bob 3']);
  expect(textsOf(a)).toHaveLength(7);
});

it('[CH5] keeps the reactions of everybody who reacts at the same time', () => {
  const [a, b, again] = [new Y.Doc(), new Y.Doc(), new Y.Doc()];
  const id = send(a, ANN, { text: 'hello' })!;
  meet(a, b, again);
  toggleReaction(a, id, '👍', 'ann');
  toggleReaction(b, id, '👍', 'bob');
  toggleReaction(b, id, '🎉', 'bob');
  toggleReaction(again, id, '👍', 'bob'); // Bob's other device
  meet(a, b, again);
  for (const doc of [a, b, again]) {
    const reactions = [...messageIn(doc, id).reactions].sort((x, y) => x.people.length - y.people.length);
    expect(reactions).toEqual([{ emoji: '🎉', people: ['bob'] }, { emoji: '👍', people: ['ann', 'bob'] }]);
  }
  toggleReaction(a, id, '👍', 'ann');
  meet(a, b);
  expect(messageIn(b, id).reactions).toContainEqual({ emoji: '👍', people: ['bob'] });
});

it('[CH4] lets a deletion win over an edit made elsewhere at the same time', () => {
  for (const order of [0, 1]) {
    const [a, b] = [new Y.Doc(), new Y.Doc()];
    [a.clientID, b.clientID] = order ? [1, 2] : [2, 1];
    const id = send(a, ANN, { text: 'secret', attachments: [FILE] })!;
    meet(a, b);
    remove(a, id);
    edit(b, id, 'secret, changed');
    meet(a, b);
    for (const doc of [a, b]) expect(messageIn(doc, id)).toMatchObject({ deleted: true, text: '', attachments: [], reactions: [] });
    expect(edit(a, id, 'back')).toBe(false);
  }
});

it('gives back what was deleted, with its files and its place', () => {
  const doc = new Y.Doc();
  const id = send(doc, ANN, { text: 'one', attachments: [FILE] })!;
  send(doc, BOB, { text: 'two' });
  const before = messagesOf(doc).get();
  const deleted = remove(doc, id)!;
  expect(JSON.stringify(doc.getArray('messages').toJSON())).not.toContain('plan.pdf');
  expect(remove(doc, id)).toBeNull();
  restore(doc, deleted);
  expect(messagesOf(doc).get()).toEqual(before);
});

it('changes a message only when it says something else', () => {
  const doc = new Y.Doc();
  const id = send(doc, ANN, { text: 'one' })!;
  const withFile = send(doc, ANN, { text: 'see', attachments: [FILE] })!;
  expect(edit(doc, id, ' one ')).toBe(false);
  expect(edit(doc, id, '  ')).toBe(false);
  expect(edit(doc, 'nobody', 'x')).toBe(false);
  expect(messageIn(doc, id).editedAt).toBeNull();
  expect(edit(doc, id, 'uno', 5)).toBe(true);
  expect(edit(doc, withFile, '')).toBe(true);
  expect(messageIn(doc, id)).toMatchObject({ text: 'uno', editedAt: 5 });
});

it('keeps the object of a message that did not change, so that it is not drawn again', () => {
  const doc = new Y.Doc();
  const [one, two] = [send(doc, ANN, { text: 'one' })!, send(doc, ANN, { text: 'two' })!];
  const before = [messageIn(doc, one), messageIn(doc, two)];
  let told = 0;
  messagesOf(doc).subscribe(() => (told += 1));
  toggleReaction(doc, two, '👍', 'bob');
  expect(told).toBe(1);
  expect(messageIn(doc, one)).toBe(before[0]);
  expect(messageIn(doc, two)).not.toBe(before[1]);
});

it('[CH6] survives hostile content: what has no meaning is left out, the rest stays', () => {
  const doc = new Y.Doc();
  const array = doc.getArray<unknown>('messages');
  const good = { id: 'm', author: 'ann', text: 'ok', sent_at: 1 };
  const push = (fields: Record<string, unknown>): void => array.push([new Y.Map(Object.entries({ ...good, ...fields }))]);
  array.push([null, 7, 'text', { ...good, id: 'plain' }, new Y.Array(), new Y.Text('x'), new Y.Map()]);
  push({ id: '' });
  push({ id: 7 });
  push({ id: 'x'.repeat(129) });
  push({ author: null });
  push({ text: new Y.Text('x') });
  push({ text: 'x'.repeat(MAX_TEXT + 1) });
  for (const time of [NaN, 1.5, 8.65e15, '1', null]) push({ sent_at: time });
  expect(messagesOf(doc).get()).toEqual([]);

  push({
    name: 'n'.repeat(500), reply_to: 7, edited_at: 'now', deleted: 'yes',
    reactions: new Y.Map<unknown>([
      ['👍\0ann', true], ['👎\0ann', 1], ['nobody', true], ['\0ann', true], ['👍\0', true], [`${'x'.repeat(33)}\0ann`, true],
    ]),
    attachments: [FILE, null, { sha256: '../../etc' }, { sha256: FILE.sha256, file_name: 7, size: -1, mime_type: {} }],
  });
  push({ text: 'second with the same id' });
  expect(messagesOf(doc).get()).toMatchObject([{
    id: 'm', text: 'ok', replyTo: null, editedAt: null, deleted: false, name: 'n'.repeat(80),
    reactions: [{ emoji: '👍', people: ['ann'] }],
    attachments: [FILE, { sha256: FILE.sha256, file_name: '', size: 0, mime_type: '' }],
  }]);
});

it('bounds how much one message can make a reader draw', () => {
  const doc = new Y.Doc();
  const id = send(doc, ANN, { text: 'x'.repeat(MAX_TEXT * 2), attachments: Array.from({ length: 50 }, () => FILE) })!;
  doc.transact(() => {
    for (let n = 0; n < 500; n += 1) toggleReaction(doc, id, `e${n}`, 'bob');
  });
  const message = messageIn(doc, id);
  expect(message.text).toHaveLength(MAX_TEXT);
  expect(message.attachments).toHaveLength(20);
  expect(message.reactions).toHaveLength(50);
});

it('never fails on what a client may put at any place of a message', () => {
  const odd = [undefined, null, true, -1, NaN, Infinity, '', '\0', '__proto__', [], [[]], {}, { a: 1 }, new Uint8Array(3)];
  const keys = ['id', 'author', 'name', 'text', 'sent_at', 'reply_to', 'edited_at', 'deleted', 'reactions', 'attachments'];
  const doc = new Y.Doc();
  for (const key of keys) {
    for (const value of odd) {
      const id = send(doc, ANN, { text: 'x' })!;
      const array = doc.getArray<Y.Map<unknown>>('messages');
      array.get(array.length - 1).set(key, value);
      expect(() => messagesOf(doc).get()).not.toThrow();
      expect(() => (toggleReaction(doc, id, '👍', 'bob'), edit(doc, id, 'y'), remove(doc, id))).not.toThrow();
      expect(() => messagesOf(doc).get()).not.toThrow();
    }
  }
});
