/** The pages that are open right now, in all rooms. */
import { DoorOpen } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTexts } from '../ui/texts';
import { useAdmin } from './adminApi';
import { useFormats } from './format';
import { matches, sortOf, textOfSort } from './order';
import { Ago, CsvButton, FilterField, Nothing, RoomLink, SearchField, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { roomOptions } from './EventsView';
import { SendAway } from './RoomMembers';
import { ROOMS_PATH } from './RoomsView';
import { countColumns } from './sessionColumns';
import { type Column, Table } from './Table';
import { type AdminRoom, type OpenSession, PERMISSIONS } from './types';
import { usePolled } from './usePolled';

const PATH = '/api/admin/sessions';

export function SessionsView() {
  const t = useTexts().admin;
  const sessions = usePolled<{ sessions: readonly OpenSession[] }>(PATH);
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH, 10_000);
  const names = useMemo(() => new Map(rooms.value?.rooms.map(({ room }) => [room.id, room.name])), [rooms.value]);
  const open = new Set(sessions.value?.sessions.map(({ room }) => room));
  const options = roomOptions(new Map([...names].filter(([id]) => open.has(id))), t.rooms.unnamed);
  return (
    <>
      <div className="admin-filters">
        <SearchField />
        <FilterField label={t.sessions.room} parameter="in" options={[['', t.events.allRooms], ...options]} />
        <CsvButton path={PATH} name="live-sessions" />
      </div>
      <Waiting of={sessions} />
      {sessions.value && <SessionsTable sessions={sessions.value.sessions} roomNames={names} onChanged={sessions.refresh} />}
    </>
  );
}

export function SessionsTable({ sessions, roomNames, onChanged }: {
  sessions: readonly OpenSession[]; roomNames: ReadonlyMap<string, string>; onChanged: () => void;
}) {
  const t = useTexts().admin;
  const query = useQuery();
  const [asked, setAsked] = useState<OpenSession | null>(null);
  const [search, room] = [query.get('q') ?? '', query.get('in')];
  const shown = sessions.filter((one) =>
    (!room || one.room === room) && matches(search, [one.name, one.user, one.device, roomNames.get(one.room)]));
  return (
    <>
      <Table
        caption={t.views.sessions}
        testId="sessions"
        columns={useColumns(roomNames, setAsked)}
        rows={shown}
        keyOf={({ id }) => id}
        sort={sortOf(query.get('sort'), { column: 'since', descending: true })}
        onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
        empty={<Nothing filtered={sessions.length > 0} words={t.sessions.none} clear={{ q: null, in: null }} />}
      />
      {asked && (
        <SendAway room={asked.room} what="kick" person={{ sub: asked.user, name: asked.name, role: asked.role }} onDone={onChanged} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

function useColumns(roomNames: ReadonlyMap<string, string>, onKick: (session: OpenSession) => void): readonly Column<OpenSession>[] {
  const t = useTexts().admin;
  const { now } = useAdmin();
  const formats = useFormats();
  const words = t.sessions;
  return [
    {
      id: 'person', title: words.person, width: 130, value: ({ name }) => name,
      cell: ({ name, device }) => <><bdi>{name}</bdi>{device && <span className="admin-sub">{device}</span>}</>,
    },
    {
      id: 'room', title: words.room, width: 130, value: ({ room }) => roomNames.get(room) ?? room,
      cell: ({ room }) => <RoomLink id={room} name={roomNames.get(room) ?? room} />,
    },
    { id: 'since', title: words.since, width: 96, numeric: true, value: ({ joined_at }) => joined_at, cell: ({ joined_at }) => <Ago at={joined_at} /> },
    {
      id: 'duration', title: words.duration, width: 72, numeric: true, value: ({ joined_at }) => -joined_at,
      cell: ({ joined_at }) => formats.length(Math.max(0, (now - joined_at) / 1_000_000)),
    },
    {
      id: 'role', title: words.role, width: 96, value: ({ role }) => t.roles[role],
      cell: (session) => <><span>{t.roles[session.role]}</span><Rights session={session} /></>,
    },
    ...countColumns<OpenSession>(t),
    {
      id: 'actions', title: t.table.actions, hideTitle: true, width: 132,
      cell: (session, gone) => !gone && (
        <span className="admin-actions">
          <button type="button" className="button small" aria-label={words.kickOf(session.name)} onClick={() => onKick(session)}>
            <DoorOpen size={14} aria-hidden />{t.room.members.kick}
          </button>
        </span>
      ),
    },
  ];
}

/** How many of the rights, and in a hint which ones. */
function Rights({ session }: { session: OpenSession }) {
  const t = useTexts().admin;
  const words = session.permissions.map((one) => t.permissions[one]).join(', ') || t.none;
  return <span className="admin-sub" title={words}>{t.sessions.rights}: {session.permissions.length}/{PERMISSIONS.length}<span className="visually-hidden"> ({words})</span></span>;
}
