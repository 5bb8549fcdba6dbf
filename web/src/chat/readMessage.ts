/** One message out of the document. Everything there is hostile input: what has no meaning is left out (CH6). */
import * as Y from 'yjs';
import type { AssetRef } from '../whiteboard/assets';
import { isPlainObject } from '../whiteboard/renderable';
import { isSha256 } from '../whiteboard/sha256';

export interface Reaction {
  readonly emoji: string;
  /** `sub` of each person, sorted. */
  readonly people: readonly string[];
}

export interface ChatMessage {
  readonly id: string;
  /** `sub` */
  readonly author: string;
  /** What the author was called when he wrote it. */
  readonly name: string;
  /** Empty once deleted. */
  readonly text: string;
  /** ms since the epoch, by the author's clock. */
  readonly sentAt: number;
  readonly replyTo: string | null;
  readonly editedAt: number | null;
  readonly deleted: boolean;
  readonly reactions: readonly Reaction[];
  readonly attachments: readonly AssetRef[];
  /** The Yjs struct that brought it: tells whether a state vector covers it. */
  readonly struct: { readonly client: number; readonly clock: number };
}

/** Characters of one message (CH2). */
export const MAX_TEXT = 20_000;
export const MAX_ATTACHMENTS = 20;
const MAX_ID = 128;
const MAX_NAME = 80;
const MAX_FILE_NAME = 200;
const MAX_EMOJI = 32;
/** Different emojis under one message. */
const MAX_REACTIONS = 50;
/** The last millisecond that a Date can hold. */
const MAX_TIME = 8.64e15;

/** Between emoji and `sub` in the key of a reaction (CH5). */
export const REACTION_SEPARATOR = '\0';

/** @returns null when it has no id, author, text or time that can be read. */
export function readMessage(value: unknown): ChatMessage | null {
  if (!(value instanceof Y.Map) || !value._item) return null;
  const [id, author, text, sentAt] = ['id', 'author', 'text', 'sent_at'].map((key) => value.get(key));
  if (!isText(id, MAX_ID) || id === '' || !isText(author, MAX_ID) || author === '') return null;
  if (!isText(text, MAX_TEXT) || !isTime(sentAt)) return null;
  const [name, replyTo, editedAt] = ['name', 'reply_to', 'edited_at'].map((key) => value.get(key));
  const deleted = value.get('deleted') === true;
  return {
    id,
    author,
    name: typeof name === 'string' ? name.slice(0, MAX_NAME) : '',
    text: deleted ? '' : text,
    sentAt,
    replyTo: isText(replyTo, MAX_ID) && replyTo !== '' ? replyTo : null,
    editedAt: isTime(editedAt) ? editedAt : null,
    deleted,
    reactions: deleted ? [] : readReactions(value.get('reactions')),
    attachments: deleted ? [] : readAttachments(value.get('attachments')),
    struct: { client: value._item.id.client, clock: value._item.id.clock },
  };
}

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most;

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_TIME;

/** In the order in which the emojis were first used here, as far as the map remembers it. */
function readReactions(value: unknown): Reaction[] {
  const entries = value instanceof Y.Map ? [...value.entries()] : isPlainObject(value) ? Object.entries(value) : [];
  const people = new Map<string, string[]>();
  for (const [key, given] of entries) {
    const at = key.indexOf(REACTION_SEPARATOR);
    const [emoji, sub] = [key.slice(0, at), key.slice(at + 1)];
    if (at < 1 || emoji.length > MAX_EMOJI || !sub || sub.length > MAX_ID || given !== true) continue;
    if (people.has(emoji)) people.get(emoji)!.push(sub);
    else if (people.size < MAX_REACTIONS) people.set(emoji, [sub]);
  }
  return [...people].map(([emoji, subs]) => ({ emoji, people: subs.sort() }));
}

function readAttachments(value: unknown): AssetRef[] {
  const values: unknown[] = value instanceof Y.Array ? value.toArray() : Array.isArray(value) ? value : [];
  return values.slice(0, MAX_ATTACHMENTS).flatMap((one) => readAttachment(one) ?? []);
}

function readAttachment(value: unknown): AssetRef | null {
  const entry = value instanceof Y.Map ? value.toJSON() : value;
  if (!isPlainObject(entry) || !isSha256(entry['sha256'])) return null;
  const { sha256, mime_type: type, file_name: name, size } = entry;
  return {
    sha256,
    mime_type: typeof type === 'string' ? type.slice(0, 255) : '',
    file_name: typeof name === 'string' ? name.slice(0, MAX_FILE_NAME) : '',
    size: typeof size === 'number' && size >= 0 && Number.isFinite(size) ? size : 0,
  };
}
