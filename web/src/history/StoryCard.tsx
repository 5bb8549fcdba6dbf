/** What is selected in a replay: of one element its whole story, of several whose they are; and the way to bring them back. */
import { Volume2, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { colorOf } from '../sync/userColor';
import { language, localeOf, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { likelyRows } from './likelyRows';
import type { NameOf } from './people';
import { recordingAt } from './recordings';
import type { Replay } from './replay';
import { type Chapter, readStory } from './story';

export interface StoryCardProps {
  readonly replay: Replay;
  readonly selection: readonly string[];
  /** Whom the server knows as the owners of the client ids that made them; each once. */
  readonly makers: readonly string[];
  /** And of those whose values they have. */
  readonly writers: readonly string[];
  readonly nameOf: NameOf;
  readonly wordsOf: (at: number) => string;
  readonly onClose: () => void;
  readonly onRestore: (() => void) | undefined;
  /** How to select more. */
  readonly children?: ReactNode;
}

export function StoryCard({ replay, selection, makers, writers, nameOf, wordsOf, onClose, onRestore, children }: StoryCardProps) {
  const { story: t, replay: words, attribution } = useTexts();
  const lang = useStore(language);
  const [id, ...more] = selection;
  const isOne = id !== undefined && more.length === 0;
  const list = (subs: readonly string[]): string => new Intl.ListFormat(localeOf(lang)).format(subs.map(nameOf));
  const others = writers.filter((writer) => !makers.includes(writer));
  const changed = others.length > 0 ? ` · ${attribution.changedBy(list(others))}` : '';
  const made = makers.length === 0 ? undefined : attribution.madeBy(list(makers)) + changed;
  return (
    <section className="replay-story" data-testid="replay-story" aria-label={isOne ? t.title : t.selection}>
      <header>
        <h2 aria-live="polite" data-testid="story-title">{isOne ? made ?? t.title : t.selected(selection.length)}</h2>
        <button type="button" className="icon-button" aria-label={t.close} title={t.close} onClick={onClose}><X size={18} aria-hidden /></button>
      </header>
      {id === undefined && <p className="muted small">{t.hint}</p>}
      {more.length > 0 && made !== undefined && <p className="muted small">{made}</p>}
      {isOne && <Story key={id} replay={replay} id={id} nameOf={nameOf} wordsOf={wordsOf} />}
      {children}
      {onRestore && id !== undefined && (
        <button type="button" className="button" data-testid="restore-selection" onClick={onRestore}>{words.restoreSelection(selection.length)}</button>
      )}
    </section>
  );
}

/** Who made it, what everybody did to it, and the way to each of these moments. */
function Story({ replay, id, nameOf, wordsOf }: Pick<StoryCardProps, 'replay' | 'nameOf' | 'wordsOf'> & { id: string }) {
  const t = useTexts().story;
  const recordings = useStore(replay.recordings);
  const [chapters, setChapters] = useState<readonly Chapter[]>([]);
  /** Of the story: 0 to 1. */
  const [share, setShare] = useState(0);
  useEffect(() => {
    const reading = new AbortController();
    const tell = (told: readonly Chapter[], known: number): void => {
      if (reading.signal.aborted) return;
      setChapters(told);
      setShare(known);
    };
    tell([], 0);
    readStory(replay.api, id, replay.board.head, tell, reading.signal, { likely: likelyRows(replay.timeline.get(), replay.authors) })
      .then((all) => tell(all, 1))
      .catch((error: unknown) => {
        if (reading.signal.aborted) return;
        console.warn(error);
        setShare(1);
      });
    return () => reading.abort();
  }, [replay, id]);
  return (
    <>
      <ol>
        {chapters.map((chapter, index) => (
          <li key={index}>
            {recordingAt(recordings, chapter.from) && (
              <button
                type="button" className="icon-button" data-testid="story-hear" aria-label={t.hear} title={t.hear}
                onClick={() => hear(replay, chapter.from)}
              >
                <Volume2 size={16} aria-hidden />
              </button>
            )}
            <button type="button" data-testid="story-chapter" title={t.jump(wordsOf(chapter.to))} onClick={() => void replay.seek(chapter.to)}>
              <span className="replay-dot" style={{ background: colorOf(chapter.user) }} aria-hidden />
              <span><bdi>{nameOf(chapter.user)}</bdi> {t.deeds[chapter.deed]}</span>
              <time dateTime={new Date(chapter.from / 1000).toISOString()}>{wordsOf(chapter.from)}</time>
            </button>
          </li>
        ))}
      </ol>
      {share < 1 && (
        <p className="muted small replay-reading">
          <span role="status">{t.reading}</span><progress aria-label={t.reading} value={share} />
        </p>
      )}
      {share >= 1 && chapters.length === 0 && <p className="muted small">{t.nothing}</p>}
    </>
  );
}

/** A little before, so that one hears why. */
const BEFORE = 2_000_000;

/** What was said when something was drawn. */
function hear(replay: Replay, at: number): void {
  replay.speed.set(1);
  void replay.seek(at - BEFORE).then(() => replay.play());
}
