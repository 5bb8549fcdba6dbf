/** What is stored, and which rooms it belongs to. */
import { useTexts } from '../ui/texts';
import { useFormats } from './format';
import { matches, sortOf, textOfSort } from './order';
import { Count, Nothing, RoomLink, SearchField, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { ROOMS_PATH, sizeOf } from './RoomsView';
import { type Column, Table } from './Table';
import type { AdminRoom, Overview } from './types';
import { usePolled } from './usePolled';

export function StorageView({ overview }: { overview: Overview | undefined }) {
  const rooms = usePolled<{ rooms: readonly AdminRoom[] }>(ROOMS_PATH);
  return (
    <>
      {overview && <StorageTotals storage={overview.storage} />}
      <div className="admin-filters"><SearchField /></div>
      <Waiting of={rooms} />
      {rooms.value && <StorageTable rooms={rooms.value.rooms} />}
    </>
  );
}

export function StorageTotals({ storage }: { storage: Overview['storage'] }) {
  const t = useTexts().admin.storage;
  const formats = useFormats();
  const tiles = [
    [t.database, formats.size(storage.database_bytes), ''],
    [t.history, formats.size(storage.update_bytes), t.changes(storage.update_rows)],
    [t.files, formats.size(storage.asset_bytes), t.fileCount(storage.assets)],
  ] as const;
  return (
    <dl className="admin-tiles" aria-label={t.database}>
      {tiles.map(([name, value, more]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd>{more && <dd className="muted small">{more}</dd>}</div>
      ))}
    </dl>
  );
}

export function StorageTable({ rooms }: { rooms: readonly AdminRoom[] }) {
  const t = useTexts().admin;
  const formats = useFormats();
  const query = useQuery();
  const all = rooms.reduce((sum, room) => sum + sizeOf(room), 0);
  const words = t.storage;
  const columns: readonly Column<AdminRoom>[] = [
    { id: 'room', title: words.room, width: 2, value: ({ room }) => room.name, cell: ({ room }) => <RoomLink id={room.id} name={room.name} /> },
    { id: 'rows', title: words.rows, numeric: true, value: (room) => room.update_rows, cell: (room) => <Count value={room.update_rows} /> },
    { id: 'history', title: words.updateBytes, numeric: true, value: (room) => room.update_bytes, cell: (room) => formats.size(room.update_bytes) },
    { id: 'files', title: words.assetBytes, numeric: true, value: (room) => room.asset_bytes, cell: (room) => formats.size(room.asset_bytes) },
    { id: 'total', title: words.total, numeric: true, value: sizeOf, cell: (room) => formats.size(sizeOf(room)) },
    { id: 'share', title: words.share, width: 2, cell: (room) => <Share of={all === 0 ? 0 : sizeOf(room) / all} /> },
  ];
  const search = query.get('q') ?? '';
  return (
    <Table
      caption={t.views.storage}
      testId="storage"
      columns={columns}
      rows={rooms.filter(({ room }) => matches(search, [room.name, room.id]))}
      keyOf={({ room }) => room.id}
      sort={sortOf(query.get('sort'), { column: 'total', descending: true })}
      onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
      empty={<Nothing filtered={rooms.length > 0} words={words.none} clear={{ q: null }} />}
    />
  );
}

function Share({ of }: { of: number }) {
  const t = useTexts().admin.storage;
  const formats = useFormats();
  return (
    <span className="storage-share" title={t.shareOf(formats.percent(of))}>
      <span className="storage-bar" aria-hidden><span style={{ width: `${of * 100}%` }} /></span>
      {formats.percent(of)}
    </span>
  );
}
