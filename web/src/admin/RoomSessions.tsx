/** The sessions of a room: open ones and those of before. */
import { useTexts } from '../ui/texts';
import { pathOfRoom } from './adminApi';
import { MoreButton } from './EventsView';
import { matches } from './order';
import { CsvButton, Dot, Length, Moment, Nothing, SearchField, Waiting } from './Parts';
import { useQuery } from './query';
import { countColumns } from './sessionColumns';
import { type Column, Table } from './Table';
import type { RoomSession } from './types';
import { type Page, usePages } from './usePages';

const read = ({ sessions, next }: { sessions: readonly RoomSession[]; next: number | null }): Page<RoomSession> => ({ rows: sessions, next });
const idOf = ({ id }: RoomSession): string => id;

export function RoomSessions({ room }: { room: string }) {
  const t = useTexts().admin;
  const query = useQuery();
  const path = `${pathOfRoom(room)}/sessions`;
  const pages = usePages(path, read, idOf);
  const search = query.get('q') ?? '';
  return (
    <>
      <div className="admin-filters">
        <SearchField />
        <CsvButton path={path} name="sessions" />
      </div>
      <Waiting of={pages.newest} />
      {pages.newest.value !== undefined && (
        <Table
          caption={t.room.tabs.sessions}
          testId="room-sessions"
          columns={useColumnsOf(t)}
          rows={pages.rows.filter(({ name, user, device }) => matches(search, [name, user, device]))}
          keyOf={idOf}
          empty={<Nothing filtered={pages.rows.length > 0} words={t.sessions.noneEver} clear={{ q: null }} />}
        />
      )}
      <MoreButton pages={pages} />
    </>
  );
}

function useColumnsOf(t: ReturnType<typeof useTexts>['admin']): readonly Column<RoomSession>[] {
  const words = t.sessions;
  return [
    {
      id: 'person', title: words.person, width: 150,
      cell: ({ name, device }) => <><bdi>{name}</bdi>{device && <span className="admin-sub">{device}</span>}</>,
    },
    { id: 'since', title: words.since, width: 110, cell: ({ joined_at }) => <Moment at={joined_at} /> },
    {
      id: 'ended', title: words.ended, width: 110,
      cell: ({ left_at }) => (left_at === null ? <Dot on words={words.open} /> : <Moment at={left_at} />),
    },
    { id: 'duration', title: words.duration, width: 76, numeric: true, cell: ({ duration_seconds }) => <Length seconds={duration_seconds} /> },
    ...countColumns<RoomSession>(t).map(({ value: _, ...column }) => column),
  ];
}
