/** Every room: whether anybody is in it, how large it is, when something last happened. */
import { useTexts } from '../ui/texts';
import { useAdmin } from './adminApi';
import { useFormats } from './format';
import { matches, sortOf, textOfSort } from './order';
import { Ago, Count, Dot, FilterField, Nothing, RoomLink, SearchField, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { RoomDetail } from './RoomDetail';
import { type Column, Table } from './Table';
import type { AdminRoom } from './types';
import { usePolled } from './usePolled';

export const ROOMS_PATH = '/api/admin/rooms';

export function RoomsView() {
  const room = useQuery().get('room');
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH);
  if (room !== null) return <RoomDetail key={room} id={room} rooms={rooms} />;
  return (
    <>
      <RoomFilters />
      <Waiting of={rooms} />
      {rooms.value && <RoomsTable rooms={rooms.value.rooms} />}
    </>
  );
}

function RoomFilters() {
  const t = useTexts().admin.rooms;
  return (
    <div className="admin-filters">
      <SearchField />
      <FilterField label={t.filter} parameter="show" options={[['', t.hidden], ['live', t.onlyLive], ['deleted', t.onlyDeleted], ['all', t.all]]} />
    </div>
  );
}

export function RoomsTable({ rooms }: { rooms: readonly AdminRoom[] }) {
  const t = useTexts().admin;
  const query = useQuery();
  const search = query.get('q') ?? '';
  const shown = rooms.filter((room) => isShown(room, query.get('show') ?? '') && matches(search, [room.room.name, room.room.id]));
  return (
    <Table
      caption={t.views.rooms}
      testId="rooms"
      columns={useColumns()}
      rows={shown}
      keyOf={({ room }) => room.id}
      sort={sortOf(query.get('sort'), { column: 'activity', descending: true })}
      onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
      empty={<Nothing filtered={rooms.length > 0} words={t.rooms.none} clear={{ q: null, show: rooms.every((room) => room.deleted_at) ? 'all' : null }} />}
    />
  );
}

function isShown(room: AdminRoom, show: string): boolean {
  if (show === 'all') return true;
  if (show === 'live') return room.people_now > 0;
  return (room.deleted_at !== null) === (show === 'deleted');
}

export function sizeOf({ update_bytes, asset_bytes }: AdminRoom): number {
  return update_bytes + asset_bytes;
}

function useColumns(): readonly Column<AdminRoom>[] {
  const t = useTexts().admin;
  const { now } = useAdmin();
  const formats = useFormats();
  return [
    {
      id: 'name', title: t.rooms.name, width: 3, value: ({ room }) => room.name,
      cell: ({ room }, gone) => <RoomLink id={room.id} name={room.name} gone={gone} />,
    },
    { id: 'state', title: t.rooms.state, width: 2, value: (room) => room.people_now > 0, cell: (room) => <RoomState room={room} /> },
    { id: 'people', title: t.rooms.peopleNow, numeric: true, value: (room) => room.people_now, cell: (room) => <Count value={room.people_now} /> },
    { id: 'members', title: t.rooms.members, numeric: true, value: (room) => room.members, cell: (room) => <Count value={room.members} /> },
    { id: 'size', title: t.rooms.size, numeric: true, value: sizeOf, cell: (room) => formats.size(sizeOf(room)) },
    {
      // While somebody is there, the room is active now: such rooms do not change places at every stroke.
      id: 'activity', title: t.rooms.lastActivity, width: 1.5, numeric: true,
      value: (room) => (room.people_now > 0 ? now : room.last_activity),
      cell: (room) => <Ago at={room.last_activity} />,
    },
    { id: 'created', title: t.rooms.created, width: 1.5, numeric: true, value: (room) => room.created_at, cell: (room) => <Ago at={room.created_at} /> },
  ];
}

export function RoomState({ room }: { room: AdminRoom }) {
  const t = useTexts().admin;
  if (room.deleted_at !== null) return <span className="mark">{t.rooms.deleted}</span>;
  return (
    <span className="admin-marks">
      <Dot on={room.people_now > 0} words={room.people_now > 0 ? t.rooms.live : t.rooms.quiet} />
      {room.room.door !== 'open' && <span className="mark warn">{t.doorShort[room.room.door]}</span>}
      {room.room.recovery && <span className="mark warn">{t.rooms.recovery}</span>}
    </span>
  );
}
