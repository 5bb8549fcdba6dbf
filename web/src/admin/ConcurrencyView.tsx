/** How many people were here at the same time: a chart, or the same as a table. */
import { useMemo } from 'react';
import { useTexts } from '../ui/texts';
import { useAdmin } from './adminApi';
import { Chart } from './Chart';
import { isRangeName, RANGES, type RangeName, windowOf } from './chart';
import { pathWith, roomOptions } from './EventsView';
import { useFormats } from './format';
import { Count, CsvButton, FilterField, Moment, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { ROOMS_PATH } from './RoomsView';
import { type Column, Table } from './Table';
import type { AdminRoom, Concurrency } from './types';
import { usePolled } from './usePolled';

const FALLBACK: RangeName = 'day';

export function ConcurrencyView() {
  const t = useTexts().admin;
  const { now } = useAdmin();
  const query = useQuery();
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH, 30_000);
  const names = useMemo(() => new Map(rooms.value?.rooms.map(({ room }) => [room.id, room.name])), [rooms.value]);
  const chosen = query.get('range');
  const name = isRangeName(chosen) ? chosen : FALLBACK;
  const bounds = windowOf(RANGES[name], now);
  const parameters = { since: String(bounds.since), until: String(bounds.until), step: String(bounds.step), room: query.get('in') };
  const path = now === 0 ? null : pathWith('/api/admin/concurrency', parameters);
  const answer = usePolled<{ points: readonly Concurrency[] }>(path, RANGES[name].poll);
  const isTable = query.get('as') === 'table';
  const ranges = Object.entries(t.concurrency.ranges).map(([value, words]): [string, string] => [value === FALLBACK ? '' : value, words]);
  return (
    <>
      <div className="admin-filters">
        <FilterField label={t.concurrency.range} parameter="range" options={ranges} />
        <FilterField label={t.concurrency.room} parameter="in" options={[['', t.concurrency.allRooms], ...roomOptions(names, t.rooms.unnamed)]} />
        <button type="button" className="button" aria-pressed={isTable} onClick={() => changeQuery({ as: isTable ? null : 'table' })}>
          {isTable ? t.concurrency.asChart : t.concurrency.asTable}
        </button>
        {path !== null && <CsvButton path={path} name="concurrent-users" />}
      </div>
      <Waiting of={answer} />
      {answer.value && <ConcurrencyPoints points={answer.value.points} range={name} isTable={isTable} />}
    </>
  );
}

export function ConcurrencyPoints({ points, range, isTable }: { points: readonly Concurrency[]; range: RangeName; isTable: boolean }) {
  const t = useTexts().admin.concurrency;
  const formats = useFormats();
  const peak = points.reduce((most, { people }) => Math.max(most, people), 0);
  const pages = points.reduce((most, { sessions }) => Math.max(most, sessions), 0);
  const [first, last] = [points[0], points.at(-1)];
  const { step } = RANGES[range];
  // Of the answer itself: while a new window is asked for, the old one is shown where it belongs.
  const bounds = first && last ? { since: first.at, until: last.at + step, step } : null;
  const facts = [[t.peakPeople, peak], [t.peakPages, pages]] as const;
  return (
    <>
      <dl className="admin-tiles">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{formats.number(value)}</dd></div>)}</dl>
      {!isTable && bounds && <Chart points={points} bounds={bounds} label={t.chart(t.ranges[range], peak)} />}
      {isTable && <PointsTable points={points} />}
    </>
  );
}

function PointsTable({ points }: { points: readonly Concurrency[] }) {
  const t = useTexts().admin;
  const columns: readonly Column<Concurrency>[] = [
    { id: 'at', title: t.concurrency.at, width: 2, cell: ({ at }) => <Moment at={at} /> },
    { id: 'people', title: t.concurrency.people, numeric: true, cell: ({ people }) => <Count value={people} /> },
    { id: 'sessions', title: t.concurrency.sessions, numeric: true, cell: ({ sessions }) => <Count value={sessions} /> },
  ];
  const busy = points.filter(({ people, sessions }) => people > 0 || sessions > 0).reverse();
  return (
    <Table
      caption={t.views.concurrency}
      testId="concurrency-table"
      columns={columns}
      rows={busy}
      keyOf={({ at }) => String(at)}
      empty={<p>{t.concurrency.none}</p>}
    />
  );
}
