/** People and open pages over time, drawn in SVG; read with the pointer, the arrow keys or a screen reader. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../ui/texts';
import { type Frame, indexAt, scaleOf, stepLine, timeMarks, xOf, yOf } from './chart';
import './chart.css';
import { useFormats } from './format';
import type { Concurrency } from './types';

const HEIGHT = 280;
const FIRST_WIDTH = 900;
const DAY = 24 * 3_600_000_000;

export interface ChartProps {
  points: readonly Concurrency[];
  bounds: { since: number; until: number; step: number };
  /** What is shown, in one sentence. */
  label: string;
}

export function Chart({ points, bounds, label }: ChartProps) {
  const t = useTexts().admin.concurrency;
  const [box, width] = useWidth();
  const [index, setIndex] = useState<number | null>(null);
  const frame: Frame = { width, height: HEIGHT, left: 36, right: 12, top: 12, bottom: 28 };
  const at = index === null ? null : Math.min(index, points.length - 1);
  const words = usePointWords();
  const shown = points[at ?? points.length - 1];
  return (
    <figure className="chart" ref={box}>
      <figcaption className="chart-legend">
        <span className="chart-key" data-line="people">{t.people}</span>
        <span className="chart-key" data-line="sessions">{t.sessions}</span>
        <output className="chart-output">{shown ? words(shown) : ''}</output>
      </figcaption>
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="slider"
        tabIndex={0}
        aria-label={`${label} ${t.help}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={at ?? points.length - 1}
        aria-valuetext={shown ? words(shown) : ''}
        data-testid="chart"
        onPointerMove={(event) => setIndex(indexAt(event.nativeEvent.offsetX, points.length, frame))}
        onPointerLeave={() => setIndex(null)}
        onBlur={() => setIndex(null)}
        onKeyDown={(event) => {
          const next = moved(event.key, at ?? points.length - 1, points.length);
          if (next === null) return;
          event.preventDefault();
          setIndex(next);
        }}
      >
        <Picture points={points} bounds={bounds} frame={frame} at={at} />
      </svg>
    </figure>
  );
}

function Picture({ points, bounds, frame, at }: Omit<ChartProps, 'label'> & { frame: Frame; at: number | null }) {
  const peak = points.reduce((most, { people, sessions }) => Math.max(most, people, sessions), 0);
  const { top, marks } = scaleOf(peak);
  const formats = useFormats();
  const lines = useMemo(() => {
    const people = stepLine(points, (one) => one.people, bounds, top, frame);
    return { people, sessions: stepLine(points, (one) => one.sessions, bounds, top, frame) };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the frame is a new object with the same numbers each time
  }, [points, bounds.since, bounds.until, bounds.step, top, frame.width]);
  const floor = yOf(0, top, frame);
  const [first, last] = [points[0], points.at(-1)];
  const marked = at === null ? undefined : points[at];
  const area = first && last
    ? `${lines.people}L${xOf(Math.min(last.at + bounds.step, bounds.until), bounds.since, bounds.until, frame)} ${floor}H${xOf(first.at, bounds.since, bounds.until, frame)}Z`
    : '';
  return (
    <g aria-hidden>
      {marks.map((value) => (
        <g key={value}>
          <line className="chart-grid" x1={frame.left} x2={frame.width - frame.right} y1={yOf(value, top, frame)} y2={yOf(value, top, frame)} />
          <text className="chart-text" x={frame.left - 8} y={yOf(value, top, frame) + 4} textAnchor="end">{formats.number(value)}</text>
        </g>
      ))}
      <TimeAxis bounds={bounds} frame={frame} />
      <path className="chart-area" d={area} />
      <path className="chart-line" data-line="sessions" d={lines.sessions} />
      <path className="chart-line" data-line="people" d={lines.people} />
      {marked && <Marker point={marked} bounds={bounds} top={top} frame={frame} />}
    </g>
  );
}

function TimeAxis({ bounds, frame }: { bounds: ChartProps['bounds']; frame: Frame }) {
  const { locale } = useFormats();
  const isLong = bounds.until - bounds.since > 2 * DAY;
  const format = useMemo(
    () => new Intl.DateTimeFormat(locale, isLong ? { day: 'numeric', month: 'short' } : { timeStyle: 'short' }),
    [locale, isLong],
  );
  return timeMarks(bounds.since, bounds.until, frame.width - frame.left - frame.right).map((at) => {
    const x = xOf(at, bounds.since, bounds.until, frame);
    const anchor = x > frame.width - frame.right - 24 ? 'end' : x < frame.left + 8 ? 'start' : 'middle';
    return (
      <g key={at}>
        <line className="chart-tick" x1={x} x2={x} y1={frame.height - frame.bottom} y2={frame.height - frame.bottom + 4} />
        <text className="chart-text" x={x} y={frame.height - 8} textAnchor={anchor}>{format.format(at / 1000)}</text>
      </g>
    );
  });
}

function Marker({ point, bounds, top, frame }: { point: Concurrency; bounds: ChartProps['bounds']; top: number; frame: Frame }) {
  const x = xOf(point.at + bounds.step / 2, bounds.since, bounds.until, frame);
  return (
    <>
      <line className="chart-marker" x1={x} x2={x} y1={frame.top} y2={frame.height - frame.bottom} />
      <circle className="chart-dot" data-line="sessions" cx={x} cy={yOf(point.sessions, top, frame)} r={3.5} />
      <circle className="chart-dot" data-line="people" cx={x} cy={yOf(point.people, top, frame)} r={4} />
    </>
  );
}

/** A point in words: `14:30: 3 people, 4 pages`. */
export function usePointWords(): (point: Concurrency) => string {
  const t = useTexts().admin;
  const formats = useFormats();
  return ({ at, people, sessions }) => t.concurrency.point(formats.moment(at), t.people(people), t.pages(sessions));
}

function moved(key: string, from: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageDown: from - 10, PageUp: from + 10, Home: 0, End: count - 1,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}

/** The width that the page has for the picture, so that its letters keep their size. */
function useWidth() {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(FIRST_WIDTH);
  useEffect(() => {
    if (!box.current) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, Math.floor(entry.contentRect.width))));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
