/** The track of a replay: a lane of activity for each person, marks and messages, and the moment that is shown. */
import { LogIn } from 'lucide-react';
import { type CSSProperties, useMemo } from 'react';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { ARRIVAL_ROOM } from './arrivals';
import type { Mark, Timeline } from './historyApi';
import type { Actor, NameOf } from './people';
import type { Replay, Span } from './replay';

/** A moment on the track that one can go to. */
export interface Tick {
  readonly key: string;
  readonly at: number;
  readonly words: string;
  readonly color: string;
}

/** Somebody came. */
export interface Came {
  readonly at: number;
  readonly words: string;
}

export interface TrackProps {
  readonly replay: Replay;
  readonly lanes: readonly Actor[];
  readonly ticks: readonly Tick[];
  readonly arrivals: readonly Came[];
  /** Who alone is shown; null: everybody. */
  readonly only: string | null;
  readonly nameOf: NameOf;
  readonly wordsOf: (at: number) => string;
}

const LANE = 10;
/** Bars are this high at least, so that a single stroke is seen. */
const LOWEST = 0.3;
/** Beyond this share of the track there is no room for a flag at the right. */
const FLIP = 0.8;

export function Track({ replay, lanes, ticks, arrivals, only, nameOf, wordsOf }: TrackProps) {
  const t = useTexts().replay;
  const span = useStore(replay.span);
  const position = useStore(replay.position);
  const timeline = useStore(replay.timeline);
  const marks = useStore(replay.marks);
  const recordings = useStore(replay.recordings);
  const bars = useMemo(() => lanes.map((actor) => barsOf(timeline, actor.sub, span)), [timeline, lanes, span]);
  const length = Math.max(1, span.end - span.begin);
  const share = (at: number): string => `${((Math.min(Math.max(at, span.begin), span.end) - span.begin) / length) * 100}%`;
  return (
    <div className="replay-track" style={{ '--lanes': Math.max(1, lanes.length), '--at': share(position) } as CSSProperties}>
      <svg className="replay-lanes" viewBox={`0 0 1000 ${Math.max(1, lanes.length) * LANE}`} preserveAspectRatio="none" aria-hidden>
        {lanes.map((actor, index) => (
          <path
            key={actor.sub}
            d={bars[index]}
            fill={actor.color}
            opacity={only === null || only === actor.sub ? 1 : 0.2}
            transform={`translate(0 ${index * LANE})`}
          />
        ))}
      </svg>
      <div className="replay-now" aria-hidden />
      <input
        type="range"
        className="replay-scrub"
        data-testid="replay-scrub"
        aria-label={t.track}
        aria-valuetext={wordsOf(position)}
        min={0}
        max={Math.ceil(length / 1000)}
        step="any"
        value={(position - span.begin) / 1000}
        onChange={(event) => void replay.scrub(span.begin + Number(event.target.value) * 1000)}
      />
      <div className="replay-ticks">
        {recordings.filter((one) => one.started_at <= span.end && one.ended_at >= span.begin).map((one) => (
          <button
            key={one.id} type="button" className="replay-recorded" data-testid="replay-recorded"
            title={t.recordedBy(nameOf(one.by))} aria-label={t.jumpTo(t.recordedBy(nameOf(one.by)))}
            style={{ left: share(one.started_at), right: `calc(100% - ${share(one.ended_at)})` }} onClick={() => void replay.seek(one.started_at)}
          />
        ))}
        {arrivals.map(({ at, words }) => (
          <button
            key={at} type="button" className="replay-arrival" data-testid="replay-arrival" title={words} aria-label={t.jumpTo(words)}
            style={{ left: share(at), maxWidth: `max(16px, min(${ARRIVAL_ROOM * 100}%, 100% - ${share(at)}))` }}
            onClick={() => void replay.seek(at)}
          >
            <LogIn size={12} aria-hidden /><span>{words}</span>
          </button>
        ))}
        {ticks.map((tick) => (
          <button
            key={tick.key}
            type="button"
            className="replay-tick"
            data-testid="replay-message"
            style={{ left: share(tick.at), background: tick.color }}
            title={tick.words}
            aria-label={t.jumpTo(tick.words)}
            tabIndex={-1}
            onClick={() => void replay.seek(tick.at)}
          />
        ))}
        {marks.filter(({ at }) => at >= span.begin && at <= span.end).map((mark) => (
          <MarkFlag
            key={mark.id} mark={mark} left={share(mark.at)} isFlipped={mark.at > span.begin + FLIP * length}
            onGo={() => void replay.seek(mark.at)}
          />
        ))}
      </div>
    </div>
  );
}

function MarkFlag({ mark, left, isFlipped, onGo }: { mark: Mark; left: string; isFlipped: boolean; onGo: () => void }) {
  const t = useTexts().replay;
  return (
    <button
      type="button" className="replay-mark" data-testid="replay-mark" data-flipped={isFlipped} style={{ left }}
      title={mark.label} aria-label={t.jumpTo(mark.label)} onClick={onGo}
    >
      <span>{mark.label}</span>
    </button>
  );
}

/** One bar for each step, in a drawing 1000 wide and `LANE` high. */
function barsOf({ activity, since, step }: Timeline, sub: string, { begin, end }: Span): string {
  const own = activity.filter(({ user }) => user === sub);
  const most = Math.max(1, ...own.map(({ rows }) => rows));
  const scale = 1000 / Math.max(1, end - begin);
  const width = Math.max(1.5, step * scale);
  return own.map((one) => {
    const x = (since + one.step * step - begin) * scale;
    const height = (LOWEST + (1 - LOWEST) * Math.sqrt(one.rows / most)) * (LANE - 2);
    return `M${x.toFixed(2)} ${LANE - 1}v${-height.toFixed(2)}h${width.toFixed(2)}v${height.toFixed(2)}z`;
  }).join('');
}
