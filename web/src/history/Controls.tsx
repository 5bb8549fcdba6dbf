/** Play, speed, and how a replay is shown. */
import { FastForward, Palette, Pause, Play } from 'lucide-react';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type Replay, SPEEDS, type Span, type Speed } from './replay';

export interface ControlsProps {
  readonly replay: Replay;
  readonly byAuthor: boolean;
  readonly onByAuthor: (on: boolean) => void;
  readonly time: string;
  readonly wordsOfSpan: (span: Span) => string;
}

export function Controls({ replay, byAuthor, onByAuthor, time, wordsOfSpan }: ControlsProps) {
  const t = useTexts().replay;
  const playing = useStore(replay.playing);
  const speed = useStore(replay.speed);
  const skipsIdle = useStore(replay.skipsIdle);
  const waiting = useStore(replay.waiting);
  return (
    <div className="replay-controls">
      <button
        type="button"
        className="icon-button replay-play"
        data-testid="replay-play"
        aria-label={playing ? t.pause : t.play}
        title={playing ? t.pause : t.play}
        onClick={() => (playing ? replay.pause() : replay.play())}
      >
        {playing ? <Pause size={20} aria-hidden /> : <Play size={20} aria-hidden />}
      </button>
      <time className="replay-time" data-testid="replay-time" data-waiting={waiting}>{time}</time>
      <label className="replay-choice" title={t.speed}>
        <span className="hidden-label">{t.speed}</span>
        <select data-testid="replay-speed" value={speed} onChange={(event) => replay.speed.set(Number(event.target.value) as Speed)}>
          {SPEEDS.map((one) => <option key={one} value={one}>{t.times(String(one))}</option>)}
        </select>
      </label>
      <Switch label={t.skipIdle} on={skipsIdle} onChange={(on) => replay.skipsIdle.set(on)}><FastForward size={18} aria-hidden /></Switch>
      <Switch label={t.byAuthor} on={byAuthor} onChange={onByAuthor} testId="replay-by-author"><Palette size={18} aria-hidden /></Switch>
      {replay.meetings.length > 1 && <Meetings replay={replay} wordsOfSpan={wordsOfSpan} />}
    </div>
  );
}

/** A button that stays pressed while something is on. */
export function Switch({ label, on, onChange, testId, children }: {
  label: string; on: boolean; onChange: (on: boolean) => void; testId?: string; children: React.ReactNode;
}) {
  return (
    <button type="button" className="icon-button" aria-pressed={on} aria-label={label} title={label} data-testid={testId} onClick={() => onChange(!on)}>
      {children}
    </button>
  );
}

/** A room that is used for weeks: one time that people were together, or all of it. */
function Meetings({ replay, wordsOfSpan }: Pick<ControlsProps, 'replay' | 'wordsOfSpan'>) {
  const t = useTexts().replay;
  const span = useStore(replay.span);
  const chosen = replay.meetings.findIndex(({ begin, end }) => begin === span.begin && end === span.end);
  return (
    <label className="replay-choice" title={t.meeting}>
      <span className="hidden-label">{t.meeting}</span>
      <select
        data-testid="replay-meeting"
        value={chosen}
        onChange={(event) => void replay.choose(replay.meetings[Number(event.target.value)] ?? replay.whole)}
      >
        <option value={-1}>{t.everything}</option>
        {replay.meetings.map((meeting, index) => <option key={meeting.begin} value={index}>{wordsOfSpan(meeting)}</option>)}
      </select>
    </label>
  );
}
