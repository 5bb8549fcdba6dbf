/** The numbers of this moment, and how fresh they are. */
import { useTexts } from '../ui/texts';
import { useFormats } from './format';
import type { Overview } from './types';
import type { Polled } from './usePolled';

/** Whether what is shown is what is: a word, a shape and a colour. */
export function Freshness({ of }: { of: Polled<unknown> }) {
  const t = useTexts().admin;
  const formats = useFormats();
  if (of.problem) {
    const words = of.value === undefined ? t.neverLoaded : t.stale(formats.clock(of.at));
    return <p className="admin-fresh" role="alert" data-state="stale">{words}</p>;
  }
  if (of.value === undefined) return <p className="admin-fresh" data-state="waiting">{t.loading}</p>;
  return <p className="admin-fresh" data-state="live">{t.live}<span className="visually-hidden">, {t.updated(formats.clock(of.at))}</span></p>;
}

export function Numbers({ overview }: { overview: Overview | undefined }) {
  const t = useTexts().admin.overview;
  const formats = useFormats();
  const stored = overview && overview.storage.database_bytes + overview.storage.asset_bytes;
  const tiles: readonly [id: string, name: string, value: string, more: string][] = [
    ['people', t.people, overview ? formats.number(overview.people_now) : '–', ''],
    ['sessions', t.sessions, overview ? formats.number(overview.sessions_now) : '–', ''],
    ['rooms', t.rooms, overview ? formats.number(overview.rooms_live) : '–', overview ? t.ofRooms(overview.rooms) : ''],
    ['stored', t.stored, stored === undefined ? '–' : formats.size(stored), ''],
  ];
  return (
    <dl className="admin-tiles" aria-label={t.label}>
      {tiles.map(([id, name, value, more]) => (
        <div key={id} data-testid={`now-${id}`}><dt>{name}</dt><dd>{value}{more && <span className="muted small"> {more}</span>}</dd></div>
      ))}
    </dl>
  );
}
