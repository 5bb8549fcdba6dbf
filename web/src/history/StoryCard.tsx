/** What happened to one element: who made it, what everybody did to it, and the way to each of these moments. */
import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { colorOf } from '../sync/userColor';
import { useTexts } from '../ui/texts';
import type { NameOf } from './people';
import type { Replay } from './replay';
import { type Chapter, readStory } from './story';

export interface StoryCardProps {
  readonly replay: Replay;
  readonly id: string;
  /** Whom the server knows as the owner of the client id that made it. */
  readonly maker: string | undefined;
  readonly nameOf: NameOf;
  readonly wordsOf: (at: number) => string;
  readonly onClose: () => void;
  readonly onRestore: (() => void) | undefined;
}

export function StoryCard({ replay, id, maker, nameOf, wordsOf, onClose, onRestore }: StoryCardProps) {
  const { story: t, replay: words } = useTexts();
  const [chapters, setChapters] = useState<readonly Chapter[]>([]);
  const [isReading, setIsReading] = useState(true);
  useEffect(() => {
    const reading = new AbortController();
    setChapters([]);
    setIsReading(true);
    readStory(replay.api, id, replay.board.head, setChapters, reading.signal)
      .catch((error: unknown) => {
        if (!reading.signal.aborted) console.warn(error);
      })
      .finally(() => {
        if (!reading.signal.aborted) setIsReading(false);
      });
    return () => reading.abort();
  }, [replay, id]);
  return (
    <section className="replay-story" data-testid="replay-story" aria-label={t.title}>
      <header>
        <h2>{maker === undefined ? t.title : t.made(nameOf(maker))}</h2>
        <button type="button" className="icon-button" aria-label={t.close} title={t.close} onClick={onClose}><X size={18} aria-hidden /></button>
      </header>
      <ol>
        {chapters.map((chapter, index) => (
          <li key={index}>
            <button type="button" data-testid="story-chapter" title={t.jump(wordsOf(chapter.to))} onClick={() => void replay.seek(chapter.to)}>
              <span className="replay-dot" style={{ background: colorOf(chapter.user) }} aria-hidden />
              <span><bdi>{nameOf(chapter.user)}</bdi> {t.deeds[chapter.deed]}</span>
              <time dateTime={new Date(chapter.from / 1000).toISOString()}>{wordsOf(chapter.from)}</time>
            </button>
          </li>
        ))}
      </ol>
      {isReading && <p className="muted small" role="status">{t.reading}</p>}
      {!isReading && chapters.length === 0 && <p className="muted small">{t.nothing}</p>}
      {onRestore && <button type="button" className="button" data-testid="restore-one" onClick={onRestore}>{words.restoreOne}</button>}
    </section>
  );
}
