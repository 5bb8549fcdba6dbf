/** The story of one element: who made it, and what everybody did to it when, from the rows of the log. */
import * as Y from 'yjs';
import { elementsOf } from '../whiteboard/schema';
import type { Source } from './documentPlayer';
import { REPLAY } from './moment';
import type { Row } from './stream';

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

/**
 * Read the log up to a row and tell what was done to an element; a row in memory at a time.
 *
 * @param onChapters Told the story so far, now and then.
 */
export async function readStory(
  source: Pick<Source, 'rows'>, id: string, head: number, onChapters: (chapters: readonly Chapter[]) => void, signal: AbortSignal,
): Promise<readonly Chapter[]> {
  const teller = new Teller(id);
  let told = 0;
  const row = (one: Row): void => {
    teller.take(one);
    if (teller.chapters.length !== told) onChapters((told = teller.chapters.length, [...teller.chapters]));
  };
  await source.rows('whiteboard', { after: 0, until: head, keyframe: false }, { keyframe() {}, row }, signal);
  onChapters([...teller.chapters]);
  return teller.chapters;
}

class Teller {
  readonly chapters: Chapter[] = [];
  private readonly doc = new Y.Doc();
  private keys = new Set<string>();
  private isNew = false;
  private wasDeleted = false;

  constructor(private readonly id: string) {
    elementsOf(this.doc).observeDeep((events) => events.forEach((event) => this.note(event)));
  }

  take(row: Row): void {
    this.keys = new Set();
    this.isNew = false;
    Y.applyUpdate(this.doc, row.update, REPLAY);
    const deed = this.deed();
    if (deed) this.tell(deed, row);
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

  private deed(): Deed | null {
    const isDeleted = elementsOf(this.doc).get(this.id)?.get('isDeleted') !== false;
    const [had, has] = [this.wasDeleted, isDeleted && (this.isNew || this.keys.size > 0 || this.wasDeleted)];
    this.wasDeleted = has;
    if (this.isNew) return 'made';
    if (this.keys.size === 0) return null;
    if (had !== has) return has ? 'deleted' : 'restored';
    if (some(this.keys, INK)) return 'drew';
    if (some(this.keys, WORDS)) return 'wrote';
    if (some(this.keys, SHAPE)) return 'resized';
    if (this.keys.has('xy')) return 'moved';
    return [...this.keys].every((key) => key === 'index' || key === 'boundElements') ? null : 'styled';
  }

  private tell(deed: Deed, { user, at }: Row): void {
    const last = this.chapters.at(-1);
    const goesOn = last && last.user === user && at - last.to <= PAUSE && (last.deed === deed || isPartOf(deed, last.deed));
    if (goesOn) this.chapters[this.chapters.length - 1] = { ...last, to: at };
    else this.chapters.push({ deed, user, from: at, to: at });
  }
}

/** While somebody makes a thing, its size and points are part of that. */
const isPartOf = (deed: Deed, before: Deed): boolean => before === 'made' && ['drew', 'resized', 'moved', 'wrote', 'styled'].includes(deed);

const some = (keys: ReadonlySet<string>, of: ReadonlySet<string>): boolean => [...keys].some((key) => of.has(key));
