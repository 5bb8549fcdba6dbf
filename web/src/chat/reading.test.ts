import * as Y from 'yjs';
import { Awareness } from 'y-protocols/awareness';
import { beforeEach, expect, it } from 'vitest';
import type { SaveStatus } from '../sync/types';
import { createStore } from '../sync/valueStore';
import { de } from '../ui/texts/de';
import { en } from '../ui/texts/en';
import { edit, messagesOf, remove, send } from './chatModel';
import { formatsFor } from './format';
import { createPending } from './pending';
import { countUnread, createReadMark, firstUnread } from './readMark';
import { rowsOf } from './rows';
import { typingNames } from './typing';

const ANN = { sub: 'ann', name: 'Ann' };
const BOB = { sub: 'bob', name: 'Bob' };

/** Node has no localStorage; this is what the browser's does. */
class MemoryStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, String(value));
  removeItem = (key: string): void => void this.items.delete(key);
}

beforeEach(() => {
  Object.defineProperty(globalThis, 'localStorage', { value: new MemoryStorage(), configurable: true });
});

const unreadBy = (doc: Y.Doc, mark: ReturnType<typeof createReadMark>, sub = 'ann'): number =>
  countUnread(messagesOf(doc).get(), mark.vector.get(), sub);

const merge = (into: Y.Doc, from: Y.Doc): void => Y.applyUpdate(into, Y.encodeStateAsUpdate(from));

it('counts what others wrote since one has read, also after a reload', () => {
  const doc = new Y.Doc();
  send(doc, BOB, { text: 'one' });
  send(doc, ANN, { text: 'mine' });
  const mark = createReadMark('room', 'ann');
  expect(unreadBy(doc, mark)).toBe(1);
  mark.read(doc);
  expect(unreadBy(doc, mark)).toBe(0);
  const two = send(doc, BOB, { text: 'two' })!;
  expect(unreadBy(doc, createReadMark('room', 'ann'))).toBe(1);
  expect(unreadBy(doc, createReadMark('another room', 'ann'))).toBe(2);
  remove(doc, two);
  expect(unreadBy(doc, mark)).toBe(0);
});

it('does not count an edit or a reaction as a new message', () => {
  const doc = new Y.Doc();
  const id = send(doc, BOB, { text: 'one' })!;
  const mark = createReadMark('room', 'ann');
  mark.read(doc);
  edit(doc, id, 'uno');
  expect(unreadBy(doc, mark)).toBe(0);
});

it('counts what was written offline and is merged above what was read', () => {
  const [here, away] = [new Y.Doc(), new Y.Doc()];
  [here.clientID, away.clientID] = [9, 1];
  const mark = createReadMark('room', 'ann');
  const late = send(away, BOB, { text: 'written offline' })!;
  send(here, { sub: 'cy', name: 'Cy' }, { text: 'read already' });
  mark.read(here);
  merge(here, away);
  expect(messagesOf(here).get()[0]?.id).toBe(late);
  expect(unreadBy(here, mark)).toBe(1);
  expect(firstUnread(messagesOf(here).get(), mark.vector.get(), 'ann')).toBe(late);
});

it('draws no line above what is new where everything is', () => {
  const doc = new Y.Doc();
  send(doc, BOB, { text: 'one' });
  expect(firstUnread(messagesOf(doc).get(), null, 'ann')).toBeNull();
});

it('takes a damaged or blocked memory as nothing read', () => {
  localStorage.setItem('thunderline:room:chat-read:ann', '%%%');
  expect(createReadMark('room', 'ann').vector.get()).toBeNull();
  Object.defineProperty(globalThis, 'localStorage', { get: () => { throw new Error('blocked'); }, configurable: true });
  const doc = new Y.Doc();
  send(doc, BOB, { text: 'one' });
  const mark = createReadMark('room', 'ann');
  mark.read(doc);
  expect(unreadBy(doc, mark)).toBe(0);
});

it('holds a message as pending until all is saved, also over a reload', () => {
  const status = createStore<SaveStatus>({ kind: 'offline', changes: 1, stored: true });
  const pending = createPending(status, 'room', 'ann');
  pending.add('m1');
  pending.add('m2');
  expect([...createPending(status, 'room', 'ann').ids.get()]).toEqual(['m1', 'm2']);
  status.set({ kind: 'saving', changes: 2 });
  expect(pending.ids.get().size).toBe(2);
  status.set({ kind: 'saved' });
  expect(pending.ids.get().size).toBe(0);
  expect(createPending(status, 'room', 'ann').ids.get().size).toBe(0);
  pending.add('m3'); // what it says was saved at once
  expect(pending.ids.get().size).toBe(0);
});

it('groups messages of one author within five minutes, and separates days', () => {
  const doc = new Y.Doc();
  const noon = new Date(2026, 10, 23, 12).getTime();
  const minutes = (count: number): number => noon + count * 60_000;
  send(doc, ANN, { text: 'a' }, minutes(0), 'a');
  send(doc, ANN, { text: 'b' }, minutes(4), 'b');
  send(doc, ANN, { text: 'c' }, minutes(10), 'c');
  send(doc, BOB, { text: 'd' }, minutes(10), 'd');
  send(doc, BOB, { text: 'e', replyTo: 'a' }, minutes(11), 'e');
  send(doc, BOB, { text: 'f' }, minutes(12), 'f');
  send(doc, BOB, { text: 'g' }, minutes(24 * 60), 'g');
  const rows = rowsOf(messagesOf(doc).get(), 'f').map((row) => (row.kind === 'message' ? `${row.message.id}${row.head ? ' head' : ''}` : row.kind));
  expect(rows).toEqual(['day', 'a head', 'b', 'c head', 'd head', 'e head', 'new', 'f head', 'day', 'g head']);
});

it('names days as people do', () => {
  const now = new Date(2026, 10, 23, 0, 10).getTime();
  const formats = formatsFor('en', en.chat);
  expect(formats.day(now, now)).toBe('Today');
  expect(formats.day(now - 20 * 60_000, now)).toBe('Yesterday');
  expect(formatsFor('de', de.chat).day(new Date(2026, 9, 5).getTime(), now)).toBe('Montag, 5. Oktober');
  expect(formatsFor('de', de.chat).day(new Date(2024, 9, 5).getTime(), now)).toBe('5. Oktober 2024');
  expect(formats.size(1_536)).toBe('2 KB');
});

it('names who is writing: others only, each once, whatever they claim', () => {
  const awareness = new Awareness(new Y.Doc());
  const user = (id: string, name: string) => ({ id, name, color: '#000000' });
  const states = awareness.getStates() as Map<number, object>;
  states.set(1, { user: user('bob', 'Bob'), typing: true });
  states.set(2, { user: user('bob', 'Bob'), typing: true });
  states.set(3, { user: user('ann', 'Ann'), typing: true });
  states.set(4, { user: user('cy', 'Cy'), typing: 'yes' });
  states.set(5, { user: 'nobody', typing: true });
  states.set(6, { typing: true });
  expect(typingNames(awareness, 'ann')).toEqual(['Bob']);
  awareness.destroy();
});
