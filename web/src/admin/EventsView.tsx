/** The audit trail: who did what, where and when. */
import { useMemo, useState } from 'react';
import { useTexts } from '../ui/texts';
import { useAdmin, wordsOf } from './adminApi';
import { eventFields, isSigned } from './eventWords';
import { useFormats } from './format';
import { matches } from './order';
import { CsvButton, FilterField, Moment, Nothing, RoomLink, SearchField, Waiting } from './Parts';
import { useQuery } from './query';
import { ROOMS_PATH } from './RoomsView';
import { type Column, Table } from './Table';
import type { AdminEvent, AdminRoom, PersonStats } from './types';
import { type Page, type Pages, usePages } from './usePages';
import { usePolled } from './usePolled';

/** Names change seldom. */
const NAMES_MS = 30_000;
const NOBODY: ReadonlyMap<string, string> = new Map();

const read = ({ events, next }: { events: readonly AdminEvent[]; next: number | null }): Page<AdminEvent> => ({ rows: events, next });
const idOf = ({ id }: AdminEvent): number => id;

/** Of the whole installation. */
export function EventsView() {
  const t = useTexts().admin;
  const query = useQuery();
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH, NAMES_MS);
  const path = pathWith('/api/admin/events', { kind: query.get('kind'), room: query.get('in') });
  const pages = usePages(path, read, idOf);
  const names = useNames();
  const roomNames = useMemo(() => new Map(rooms.value?.rooms.map(({ room }) => [room.id, room.name])), [rooms.value]);
  return (
    <>
      <div className="admin-filters">
        <SearchField />
        <KindFilter />
        <FilterField label={t.events.filterRoom} parameter="in" options={[['', t.events.allRooms], ...roomOptions(roomNames, t.rooms.unnamed)]} />
        <CsvButton path={path} name="audit-trail" />
      </div>
      <EventsTable pages={pages} names={names} roomNames={roomNames} />
    </>
  );
}

/** Of one room. */
export function RoomEvents({ room }: { room: string }) {
  const query = useQuery();
  const path = pathWith('/api/admin/events', { kind: query.get('kind'), room });
  const pages = usePages(path, read, idOf);
  const names = useNames();
  return (
    <>
      <div className="admin-filters">
        <SearchField />
        <KindFilter />
        <CsvButton path={path} name="audit-trail" />
      </div>
      <EventsTable pages={pages} names={names} roomNames={NOBODY} inRoom />
    </>
  );
}

/** User id → name, of everybody who was ever here. */
function useNames(): ReadonlyMap<string, string> {
  const people = usePolled<{ people: readonly PersonStats[] }>('/api/admin/people', NAMES_MS);
  return useMemo(() => new Map(people.value?.people.map(({ user, name }) => [user, name])), [people.value]);
}

export function roomOptions(names: ReadonlyMap<string, string>, unnamed: string): [string, string][] {
  return [...names].map(([id, name]): [string, string] => [id, name || unnamed]).sort((a, b) => a[1].localeCompare(b[1]));
}

/** A path with those parameters that have a value. */
export function pathWith(path: string, parameters: Readonly<Record<string, string | null>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length > 0 ? `${path}?${new URLSearchParams(given).toString()}` : path;
}

function KindFilter() {
  const t = useTexts().admin.events;
  const kinds = Object.entries(t.kinds).sort((a, b) => a[1].localeCompare(b[1]));
  return <FilterField label={t.filterKind} parameter="kind" options={[['', t.allKinds], ...kinds]} />;
}

export interface EventsTableProps {
  pages: Pages<AdminEvent>;
  /** User id → name. */
  names: ReadonlyMap<string, string>;
  roomNames: ReadonlyMap<string, string>;
  inRoom?: boolean;
}

export function EventsTable({ pages, names, roomNames, inRoom = false }: EventsTableProps) {
  const t = useTexts().admin;
  const query = useQuery();
  const search = query.get('q') ?? '';
  const whoOf = (event: AdminEvent): string => nameOfActor(event.user, names, t.events);
  const textsOf = (event: AdminEvent): (string | null)[] =>
    [t.events.kinds[event.kind] ?? event.kind, whoOf(event), event.user, roomNames.get(event.room ?? '') ?? '', event.room ?? '', JSON.stringify(event.details)];
  const columns = useColumns(whoOf, names, roomNames);
  if (pages.newest.value === undefined) return <Waiting of={pages.newest} />;
  return (
    <>
      <Table
        caption={t.views.events}
        testId="events"
        columns={inRoom ? columns.filter(({ id }) => id !== 'room') : columns}
        rows={pages.rows.filter((event) => matches(search, textsOf(event)))}
        keyOf={({ id }) => String(id)}
        empty={<Nothing filtered={pages.rows.length > 0 || query.has('kind') || query.has('in')} words={t.events.none} clear={{ q: null, kind: null, in: null }} />}
      />
      <MoreButton pages={pages} />
    </>
  );
}

export function MoreButton({ pages }: { pages: Pages<unknown> }) {
  const t = useTexts().admin;
  const { say } = useAdmin();
  const [busy, setBusy] = useState(false);
  if (!pages.hasMore) return null;
  const load = (): void => {
    setBusy(true);
    pages.more().catch((error: unknown) => say(wordsOf(error, t))).finally(() => setBusy(false));
  };
  return <button type="button" className="button table-more" aria-busy={busy} onClick={load}>{t.table.older}</button>;
}

function nameOfActor(user: string | null, names: ReadonlyMap<string, string>, t: { operator: string; server: string }): string {
  if (user === null) return t.server;
  return names.get(user) ?? (user === 'admin' ? t.operator : user);
}

function useColumns(
  whoOf: (event: AdminEvent) => string, names: ReadonlyMap<string, string>, roomNames: ReadonlyMap<string, string>,
): readonly Column<AdminEvent>[] {
  const t = useTexts().admin;
  const words = t.events;
  return [
    { id: 'kind', title: words.kind, width: 1.4, cell: ({ kind }) => words.kinds[kind] ?? kind },
    { id: 'at', title: words.at, width: 1.4, cell: ({ at }) => <Moment at={at} /> },
    { id: 'who', title: words.who, width: 1.4, cell: (event) => <bdi className="event-who" title={event.user ?? undefined}>{whoOf(event)}</bdi> },
    {
      id: 'room', title: words.room, width: 1.4,
      cell: ({ room }) => (room ? <RoomLink id={room} name={roomNames.get(room) || room} /> : <span className="muted">{words.whole}</span>),
    },
    { id: 'details', title: words.details, width: 3, cell: (event) => <Details event={event} names={names} /> },
  ];
}

function Details({ event, names }: { event: AdminEvent; names: ReadonlyMap<string, string> }) {
  const t = useTexts().admin;
  const formats = useFormats();
  const fields = eventFields(event.details, t, formats, names);
  return (
    <span className="event-details">
      {fields.map(([name, value]) => <span key={name}><span className="muted">{name}:</span> <bdi>{value}</bdi></span>)}
      {isSigned(event.details) && <span className="mark ok">{t.events.signed}</span>}
    </span>
  );
}
