/** Small parts that several views of the administration share. */
import { Download, Search } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTexts } from '../ui/texts';
import { downloadCsv, useAdmin, wordsOf } from './adminApi';
import { useFormats } from './format';
import { addressOf, changeQuery, type Changes, useQuery, visit } from './query';
import type { Polled } from './usePolled';

/** A link to a view of the administration: opens in place, or in a new tab as any link. */
export function ViewLink({ to, children, className, current, label }: {
  to: Changes; children: ReactNode; className?: string; current?: boolean; label?: string;
}) {
  return (
    <a
      className={className}
      href={addressOf(to)}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
        event.preventDefault();
        visit(to);
      }}
    >
      {children}
    </a>
  );
}

export function RoomLink({ id, name, gone = false }: { id: string; name: string; gone?: boolean }) {
  const t = useTexts().admin.rooms;
  const shown = <bdi>{name || t.unnamed}</bdi>;
  return gone ? shown : <ViewLink to={{ view: 'rooms', room: id }} className="admin-link">{shown}</ViewLink>;
}

/** The search of a view; its words stand in the address. */
export function SearchField({ parameter = 'q' }: { parameter?: string }) {
  const t = useTexts().admin.table;
  const query = useQuery();
  return (
    <label className="field admin-search">
      <span>{t.search}</span>
      <span className="admin-search-box">
        <Search size={16} aria-hidden />
        <input
          type="search"
          className="input"
          data-testid="search"
          autoComplete="off"
          spellCheck={false}
          value={query.get(parameter) ?? ''}
          onChange={(event) => changeQuery({ [parameter]: event.target.value })}
        />
      </span>
    </label>
  );
}

/** A filter of a view; the first option is the one that the address does not name. */
export function FilterField({ label, parameter, options }: {
  label: string; parameter: string; options: readonly (readonly [value: string, words: string])[];
}) {
  const value = useQuery().get(parameter) ?? '';
  const known = options.some(([one]) => one === value);
  return (
    <label className="field">
      <span>{label}</span>
      <select className="input" value={value} onChange={(event) => changeQuery({ [parameter]: event.target.value })}>
        {!known && <option value={value}>{value}</option>}
        {options.map(([one, words]) => <option key={one} value={one}>{words}</option>)}
      </select>
    </label>
  );
}

export function CsvButton({ path, name }: { path: string; name: string }) {
  const t = useTexts().admin.table;
  const { token, say } = useAdmin();
  const [busy, setBusy] = useState(false);
  const download = (): void => {
    setBusy(true);
    downloadCsv(token, path, `${name}.csv`).catch(() => say(t.csvFailed)).finally(() => setBusy(false));
  };
  return (
    <button type="button" className="button" aria-busy={busy} onClick={download}>
      <Download size={16} aria-hidden />
      {t.csv}
    </button>
  );
}

/** What a view shows before its first answer, or instead of one; null once there is one. */
export function Waiting({ of }: { of: Polled<unknown> }) {
  const t = useTexts().admin;
  if (of.value !== undefined) return null;
  if (!of.problem) return <p className="admin-empty" role="status">{t.loading}</p>;
  return <p className="admin-empty problem" role="alert">{t.cannotShow(wordsOf(of.problem, t))}</p>;
}

/** What stands where a table would be: nothing there is, or nothing the search lets through. */
export function Nothing({ filtered, words, clear }: { filtered: boolean; words: string; clear: Changes }) {
  const t = useTexts().admin.table;
  if (!filtered) return <p>{words}</p>;
  return (
    <>
      <p>{t.noMatch}</p>
      <button type="button" className="button" onClick={() => changeQuery(clear)}>{t.clear}</button>
    </>
  );
}

/** Here or not: a shape, a word and a colour. */
export function Dot({ on, words, hideWords = false }: { on: boolean; words: string; hideWords?: boolean }) {
  return (
    <span className="admin-dot" data-on={on}>
      <span className={hideWords ? 'visually-hidden' : undefined}>{words}</span>
    </span>
  );
}

/** How long ago, with the moment itself for those who point at it. `at` in microseconds. */
export function Ago({ at, none }: { at: number | null; none?: string }) {
  const t = useTexts().admin;
  const { now } = useAdmin();
  const formats = useFormats();
  if (at === null) return <span className="muted">{none ?? t.never}</span>;
  return <time dateTime={new Date(at / 1000).toISOString()} title={formats.moment(at)}>{formats.ago(at, now || at)}</time>;
}

export function Moment({ at }: { at: number }) {
  const formats = useFormats();
  return <time dateTime={new Date(at / 1000).toISOString()}>{formats.moment(at)}</time>;
}

/** A length of time, nothing for none. */
export function Length({ seconds }: { seconds: number }) {
  const formats = useFormats();
  return seconds < 0.5 ? <span className="muted" aria-hidden>–</span> : <span>{formats.length(seconds)}</span>;
}

/** A number, nothing for none. */
export function Count({ value }: { value: number }) {
  const formats = useFormats();
  return value === 0 ? <span className="muted">0</span> : <span>{formats.number(value)}</span>;
}
