/** The story of one element: who made it, and what everybody did to it when, from the rows of the log. */
import * as Y from 'yjs';
import { elementsOf } from '../whiteboard/schema';
import { elementAlone } from './boardAt';
import type { Source } from './documentPlayer';
import { type Change, ElementPieces } from './elementPieces';
import { REPLAY } from './moment';
import { RowSearch, type SearchOptions } from './rowSearch';
import type { Row } from './stream';
import { Unfamiliar } from './structs';

export type Deed = 'made' | 'drew' | 'moved' | 'resized' | 'wrote' | 'styled' | 'deleted' | 'restored';

export interface Chapter {
  readonly deed: Deed;
  /** `sub` */
  readonly user: string;
  /** Microseconds: when it began and ended. */
  readonly from: number;
  readonly to: number;
}

/** What one person does to one element without a longer pause is one chapter. */
const PAUSE = 3_000_000;
const SHAPE = new Set(['wh', 'lpts', 'angle']);
const INK = new Set(['pts', 'q', 'sc']);
const WORDS = new Set(['text', 'originalText']);

/** Told the story as far as it is known, and how much of it that is: 0 to 1. */
export type OnChapters = (chapters: readonly Chapter[], share: number) => void;

/**
 * Tell what was done to an element up to a row. What the document knows of it says where in the log to look; where it
 * does not know all, the log is read from its beginning.
 */
export async function readStory(
  source: Source, id: string, head: number, onChapters: OnChapters, signal: AbortSignal, options?: SearchOptions,
): Promise<readonly Chapter[]> {
  let keyframe: Uint8Array | undefined;
  const rows: Uint8Array[] = [];
  await source.state('whiteboard', { seq: head }, {
    keyframe: ({ update }) => void (keyframe = update), row: ({ update }) => void rows.push(update),
  }, signal);
  const doc = elementAlone({ keyframe, rows }, id);
  const pieces = ElementPieces.of(doc, id);
  doc.destroy();
  try {
    if (pieces) return await search(source, pieces, head, onChapters, signal, options);
  } catch (error) {
    if (!(error instanceof Unfamiliar)) throw error;
  }
  return storyOfLog(source, id, head, onChapters, signal);
}

async function search(
  source: Source, pieces: ElementPieces, head: number, onChapters: OnChapters, signal: AbortSignal, options?: SearchOptions,
): Promise<readonly Chapter[]> {
  const changes: Change[] = [];
  const take = (rows: readonly Row[]): void => {
    for (const row of rows) {
      const change = pieces.changeBy(row);
      if (change) changes.push(change);
    }
    changes.sort((a, b) => a.row.seq - b.row.seq);
  };
  const rows = new RowSearch(source, 'whiteboard', { clocks: pieces.clocks, ends: pieces.ends, head }, take, options);
  while (await rows.step(signal)) onChapters(chaptersOf(changes), rows.share);
  return chaptersOf(changes);
}

/** As the log itself tells it: all of it is read, a row in memory at a time. */
export async function storyOfLog(source: Source, id: string, head: number, onChapters: OnChapters, signal: AbortSignal): Promise<readonly Chapter[]> {
  const watch = new Watch(id);
  const changes: Change[] = [];
  let told = 0;
  const row = (one: Row): void => {
    const change = watch.take(one);
    if (change) changes.push(change);
    if (one.seq < told + 1000) return;
    told = one.seq;
    onChapters(chaptersOf(changes), told / head);
  };
  await source.rows('whiteboard', { after: 0, until: head, keyframe: false }, { keyframe() {}, row }, signal);
  return chaptersOf(changes);
}

/** Sees what each row changes of one element. */
class Watch {
  private readonly doc = new Y.Doc();
  private keys = new Set<string>();
  private isNew = false;

  constructor(private readonly id: string) {
    elementsOf(this.doc).observeDeep((events) => events.forEach((event) => this.note(event)));
  }

  take({ seq, at, user, update }: Row): Change | undefined {
    this.keys = new Set();
    this.isNew = false;
    Y.applyUpdate(this.doc, update, REPLAY);
    if (!this.isNew && this.keys.size === 0) return undefined;
    const isGone: boolean = elementsOf(this.doc).get(this.id)?.get('isDeleted') !== false;
    return { row: { seq, at, user }, keys: this.keys, isNew: this.isNew, isGone };
  }

  private note(event: Y.YEvent<Y.AbstractType<unknown>>): void {
    if (event.path.length === 0) {
      const change = event.changes.keys.get(this.id);
      if (change?.action === 'delete') this.keys.add('isDeleted');
      else if (change) this.isNew = true;
    } else if (event.path[0] === this.id) {
      if (event.path.length > 1) this.keys.add(String(event.path[1]));
      else for (const key of event.changes.keys.keys()) this.keys.add(key);
    }
  }
}

/** @param changes By their rows. */
function chaptersOf(changes: readonly Change[]): readonly Chapter[] {
  const chapters: Chapter[] = [];
  let wasGone = false;
  for (const change of changes) {
    const isGone: boolean = change.isGone ?? wasGone;
    const deed = deedOf(change, wasGone, isGone);
    wasGone = isGone;
    if (deed) tell(chapters, deed, change.row);
  }
  return chapters;
}

function deedOf({ isNew, keys }: Change, wasGone: boolean, isGone: boolean): Deed | null {
  if (isNew) return 'made';
  if (wasGone !== isGone) return isGone ? 'deleted' : 'restored';
  if (some(keys, INK)) return 'drew';
  if (some(keys, WORDS)) return 'wrote';
  if (some(keys, SHAPE)) return 'resized';
  if (keys.has('xy')) return 'moved';
  return [...keys].every((key) => key === 'index' || key === 'boundElements') ? null : 'styled';
}

function tell(chapters: Chapter[], deed: Deed, { user, at }: Change['row']): void {
  const last = chapters.at(-1);
  const goesOn = last && last.user === user && at - last.to <= PAUSE && (last.deed === deed || isPartOf(deed, last.deed));
  if (goesOn) chapters[chapters.length - 1] = { ...last, to: at };
  else chapters.push({ deed, user, from: at, to: at });
}

/** While somebody makes a thing, its size and points are part of that. */
const isPartOf = (deed: Deed, before: Deed): boolean => before === 'made' && ['drew', 'resized', 'moved', 'wrote', 'styled'].includes(deed);

const some = (keys: ReadonlySet<string>, of: ReadonlySet<string>): boolean => [...keys].some((key) => of.has(key));
