/** Who was in the room, when, how long and doing what; how many at a time; and what moderators and others have changed. */
import { Download } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Chart } from '../../admin/Chart';
import { useFormats } from '../../admin/format';
import { csvOf, type RoomStats, roomStats } from '../../api/moderation';
import type { LiveRoomSession } from '../../sync/roomSession';
import { download } from '../refusedFiles';
import { useTexts } from '../texts';
import './activity.css';
import { AuditTrail } from './AuditTrail';
import { chartBounds, peakOf } from './concurrency';
import { PeopleTable, SessionsTable } from './ActivityTables';
import { useLoaded } from './useLoaded';

type Part = 'statistics' | 'sessions' | 'audit';

const PARTS: readonly Part[] = ['statistics', 'sessions', 'audit'];
const TABLES = { statistics: 'stats', sessions: 'sessions', audit: 'events' } as const;
const EVERY_MS = 15_000;
const SETTLE_MS = 500;

export function ActivityView({ session }: { session: LiveRoomSession }) {
  const t = useTexts();
  const [part, setPart] = useState<Part>('statistics');
  const [stats, reload] = useLoaded(async () => roomStats(session.id, await session.token()), session.id);
  useLive(session, reload);
  return (
    <div className="activity">
      {stats.failed && <p className="problem small" role="alert">{t.moderation.loadFailed}</p>}
      {stats.value ? <Summary stats={stats.value} /> : !stats.failed && <p className="muted" role="status">{t.moderation.loading}</p>}
      <div className="activity-head">
        <PartChoice part={part} onPart={setPart} />
        <CsvButton session={session} part={part} />
      </div>
      {part === 'statistics' && stats.value && <PeopleTable people={stats.value.people} />}
      {part === 'sessions' && <SessionsTable session={session} />}
      {part === 'audit' && <AuditTrail session={session} />}
    </div>
  );
}

/** Again when somebody comes or goes, and now and then: time passes for those who are here. */
function useLive(session: LiveRoomSession, reload: () => void): void {
  useEffect(() => {
    let settling: ReturnType<typeof setTimeout> | undefined;
    const end = session.roster.subscribe(() => {
      clearTimeout(settling);
      settling = setTimeout(reload, SETTLE_MS);
    });
    const timer = setInterval(reload, EVERY_MS);
    return () => {
      end();
      clearTimeout(settling);
      clearInterval(timer);
    };
  }, [session, reload]);
}

function Summary({ stats }: { stats: RoomStats }) {
  const t = useTexts().activity;
  const formats = useFormats();
  const { concurrent, concurrency, people } = stats;
  const figures: readonly [string, string, string][] = [
    [t.now, formats.number(concurrent.people), t.pages(concurrent.sessions)],
    [t.peak, formats.number(concurrent.peak_people), ''],
    [t.everybody, formats.number(people.length), ''],
  ];
  const bounds = chartBounds(concurrency);
  const peak = peakOf(concurrency);
  return (
    <>
      <dl className="figures">
        {figures.map(([name, value, note]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}{note && <span className="muted small"> · {note}</span>}</dd>
          </div>
        ))}
      </dl>
      {bounds && peak
        ? (
          <Chart
            points={concurrency}
            bounds={bounds}
            label={`${t.chart}. ${t.chartSummary(formats.moment(bounds.since), formats.moment(bounds.until), t.people(peak.people), formats.moment(peak.at))}`}
          />
        )
        : <p className="muted">{t.chartEmpty}</p>}
    </>
  );
}

function PartChoice({ part, onPart }: { part: Part; onPart: (part: Part) => void }) {
  const t = useTexts().activity;
  return (
    <fieldset className="choices">
      <legend className="visually-hidden">{t.parts}</legend>
      <div className="segments">
        {PARTS.map((one) => (
          <label key={one} className="segment" data-testid={`activity-${one}`}>
            <input type="radio" name="activity" checked={part === one} onChange={() => onPart(one)} />
            <span>{t[one]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function CsvButton({ session, part }: { session: LiveRoomSession; part: Part }) {
  const t = useTexts().activity;
  const [failed, setFailed] = useState(false);
  const get = async (): Promise<void> => {
    setFailed(false);
    try {
      download(await csvOf(session.id, await session.token(), TABLES[part]));
    } catch {
      setFailed(true);
    }
  };
  return (
    <div className="activity-csv">
      <button type="button" className="button small-button" aria-label={t.csvOf(t[part])} data-testid="csv" onClick={() => void get()}>
        <Download size={14} aria-hidden />
        {t.csv}
      </button>
      {failed && <p className="problem small" role="alert">{t.downloadFailed}</p>}
    </div>
  );
}
