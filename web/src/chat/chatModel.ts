/**
 * The chat document: `messages`, a Y.Array of Y.Maps (rules CH1 to CH6 of crdt_docs/SPEC.md).
 *
 * Writes are plain functions over the document; `messagesOf` is the view that components read.
 */
import { uuidv4 } from 'lib0/random';
import * as Y from 'yjs';
import type { Store } from '../sync/types';
import type { AssetRef } from '../whiteboard/assets';
import { type ChatMessage, MAX_ATTACHMENTS, MAX_TEXT, REACTION_SEPARATOR, readMessage } from './readMessage';

export interface Draft {
  readonly text: string;
  readonly replyTo?: string | null;
  readonly attachments?: readonly AssetRef[];
}

export interface Author {
  readonly sub: string;
  readonly name: string;
}

/** What a deletion took away, to give it back. */
export interface DeletedMessage {
  readonly id: string;
  readonly text: string;
  readonly attachments: readonly AssetRef[];
}

/** The origin of this client's transactions. */
export const CHAT_ORIGIN = 'chat';

/** @returns The new message's id, or null when there is nothing to send. */
export function send(doc: Y.Doc, author: Author, draft: Draft, now = Date.now(), id = uuidv4()): string | null {
  const text = tidy(draft.text);
  const attachments = (draft.attachments ?? []).slice(0, MAX_ATTACHMENTS);
  if (text === '' && attachments.length === 0) return null;
  const message = new Y.Map<unknown>([
    ['id', id], ['author', author.sub], ['name', author.name], ['text', text], ['sent_at', now],
    // Made here, once: two people who react at the same time write into one map (CH5).
    ['reactions', new Y.Map()],
  ]);
  if (draft.replyTo) message.set('reply_to', draft.replyTo);
  if (attachments.length > 0) message.set('attachments', attachments.map((one) => ({ ...one })));
  doc.transact(() => arrayOf(doc).push([message]), CHAT_ORIGIN);
  return id;
}

/** @returns Whether anything was changed. A deleted message stays deleted, whoever edits it elsewhere. */
export function edit(doc: Y.Doc, id: string, text: string, now = Date.now()): boolean {
  const message = find(doc, id);
  const next = tidy(text);
  if (!message || message.get('deleted') === true || next === message.get('text')) return false;
  if (next === '' && !message.has('attachments')) return false;
  doc.transact(() => {
    message.set('text', next);
    message.set('edited_at', now);
  }, CHAT_ORIGIN);
  return true;
}

/** Takes away what a message says; its place stays, for the replies to it (CH4). */
export function remove(doc: Y.Doc, id: string): DeletedMessage | null {
  const message = find(doc, id);
  const was = message && readMessage(message);
  if (!message || !was || was.deleted) return null;
  doc.transact(() => {
    message.set('deleted', true);
    message.set('text', '');
    if (message.has('attachments')) message.delete('attachments');
  }, CHAT_ORIGIN);
  return { id, text: was.text, attachments: was.attachments };
}

export function restore(doc: Y.Doc, { id, text, attachments }: DeletedMessage): void {
  const message = find(doc, id);
  if (!message) return;
  doc.transact(() => {
    message.delete('deleted');
    message.set('text', text);
    if (attachments.length > 0) message.set('attachments', attachments.map((one) => ({ ...one })));
  }, CHAT_ORIGIN);
}

/** React, or take the same reaction back. */
export function toggleReaction(doc: Y.Doc, id: string, emoji: string, sub: string): void {
  const message = find(doc, id);
  if (!message || message.get('deleted') === true) return;
  const key = `${emoji}${REACTION_SEPARATOR}${sub}`;
  doc.transact(() => {
    const found = message.get('reactions');
    const reactions: Y.Map<unknown> = found instanceof Y.Map ? found : new Y.Map();
    if (reactions !== found) message.set('reactions', reactions);
    if (reactions.has(key)) reactions.delete(key);
    else reactions.set(key, true);
  }, CHAT_ORIGIN);
}

const views = new WeakMap<Y.Doc, Store<readonly ChatMessage[]>>();

/**
 * The messages in the document's order, deleted ones included. A message that did not change is the same object, so
 * that only what changed is drawn again. One view a document; it lives as long.
 */
export function messagesOf(doc: Y.Doc): Store<readonly ChatMessage[]> {
  let view = views.get(doc);
  if (!view) views.set(doc, (view = createView(doc)));
  return view;
}

const authors = new WeakMap<readonly ChatMessage[], ReadonlyMap<string, string>>();

/** `sub` → what its owner was called when he last wrote. For those who are not in the room now. */
export function authorNames(messages: readonly ChatMessage[]): ReadonlyMap<string, string> {
  let names = authors.get(messages);
  if (!names) authors.set(messages, (names = new Map(messages.map(({ author, name }) => [author, name]))));
  return names;
}

function createView(doc: Y.Doc): Store<readonly ChatMessage[]> {
  const array = arrayOf(doc);
  const read = new Map<unknown, ChatMessage | null>();
  const listeners = new Set<() => void>();
  let current: readonly ChatMessage[] | undefined;
  array.observeDeep((events) => {
    for (const event of events) read.delete(entryOf(event.target, array));
    current = undefined;
    for (const listener of [...listeners]) listener();
  });
  return {
    get: () => (current ??= readAll(array, read)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Of two messages with one id the first counts (CH3). */
function readAll(array: Y.Array<unknown>, read: Map<unknown, ChatMessage | null>): ChatMessage[] {
  const ids = new Set<string>();
  const present = new Set<unknown>();
  const messages: ChatMessage[] = [];
  array.forEach((entry) => {
    if (!(entry instanceof Y.Map)) return;
    present.add(entry);
    let message = read.get(entry);
    if (message === undefined) read.set(entry, (message = readMessage(entry)));
    if (!message || ids.has(message.id)) return;
    ids.add(message.id);
    messages.push(message);
  });
  for (const entry of read.keys()) if (!present.has(entry)) read.delete(entry);
  return messages;
}

/** The entry of the array in which something changed. */
function entryOf(target: Y.AbstractType<unknown>, array: Y.Array<unknown>): unknown {
  let entry: Y.AbstractType<unknown> | null = target;
  while (entry && entry !== array && entry.parent !== array) entry = entry.parent as Y.AbstractType<unknown> | null;
  return entry;
}

const arrayOf = (doc: Y.Doc): Y.Array<unknown> => doc.getArray<unknown>('messages');

function find(doc: Y.Doc, id: string): Y.Map<unknown> | undefined {
  for (const entry of arrayOf(doc)) {
    if (entry instanceof Y.Map && entry.get('id') === id && readMessage(entry)) return entry;
  }
  return undefined;
}

const tidy = (text: string): string => text.slice(0, MAX_TEXT).trim();
