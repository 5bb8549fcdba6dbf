/** The room's people and visits as tables: sorted by their heads; on small screens each row is a card. */
import { useMemo, useState } from 'react';
import { type Formats, useFormats } from '../../admin/format';
import type { Sort } from '../../admin/order';
import { type Column, Table } from '../../admin/Table';
import { listSessions, type PersonStats, type SessionEntry } from '../../api/moderation';
import type { LiveRoomSession } from '../../sync/roomSession';
import { type Texts, useTexts } from '../texts';
import { MoreButton, usePaged } from './usePaged';

export function PeopleTable({ people }: { people: readonly PersonStats[] }) {
  const t = useTexts().activity;
  const formats = useFormats();
  const [sort, setSort] = useState<Sort>({ column: 'present', descending: true });
  const columns = useMemo(() => peopleColumns(t, formats), [t, formats]);
  return (
    <Table
      caption={t.statistics} columns={columns} rows={people} keyOf={({ user }) => user} sort={sort} onSort={setSort} empty={t.none} testId="stats-table"
    />
  );
}

export function SessionsTable({ session }: { session: LiveRoomSession }) {
  const t = useTexts().activity;
  const formats = useFormats();
  const columns = useMemo(() => sessionColumns(t, formats), [t, formats]);
  const pages = usePaged(
    async (before) => {
      const { sessions, next } = await listSessions(session.id, await session.token(), before === undefined ? {} : { before });
      return { rows: sessions, next };
    },
    session,
  );
  return (
    <>
      <Table caption={t.sessions} columns={columns} rows={pages.rows} keyOf={({ id }) => id} empty={t.none} testId="sessions-table" />
      <MoreButton pages={pages} />
    </>
  );
}

interface Counts {
  mic_seconds: number;
  camera_seconds: number;
  screen_seconds: number;
  edits: number;
  messages: number;
}

function countColumns<T extends Counts>(t: Texts['activity'], formats: Formats): readonly Column<T>[] {
  const length = (seconds: number): string => (seconds < 1 ? t.nothing : formats.length(seconds));
  return [
    { id: 'mic', title: t.mic, numeric: true, value: (row) => row.mic_seconds, cell: (row) => length(row.mic_seconds) },
    { id: 'camera', title: t.camera, numeric: true, value: (row) => row.camera_seconds, cell: (row) => length(row.camera_seconds) },
    { id: 'screen', title: t.screen, numeric: true, value: (row) => row.screen_seconds, cell: (row) => length(row.screen_seconds) },
    { id: 'edits', title: t.edits, width: 1.15, numeric: true, value: (row) => row.edits, cell: (row) => formats.number(row.edits) },
    { id: 'messages', title: t.messages, width: 1.2, numeric: true, value: (row) => row.messages, cell: (row) => formats.number(row.messages) },
  ];
}

function peopleColumns(t: Texts['activity'], formats: Formats): readonly Column<PersonStats>[] {
  return [
    { id: 'name', title: t.name, width: 1.5, value: ({ name }) => name, cell: ({ name }) => <bdi>{name || t.nobody}</bdi> },
    { id: 'present', title: t.present, numeric: true, value: (row) => row.present_seconds, cell: (row) => formats.length(row.present_seconds) },
    ...countColumns<PersonStats>(t, formats),
    {
      id: 'last', title: t.lastSeen, width: 1.3, numeric: true,
      value: ({ last_seen_at: at }) => at ?? Number.MAX_SAFE_INTEGER,
      cell: ({ last_seen_at: at }) => (at === null ? t.hereNow : formats.moment(at)),
    },
  ];
}

function sessionColumns(t: Texts['activity'], formats: Formats): readonly Column<SessionEntry>[] {
  return [
    { id: 'name', title: t.name, width: 1.5, cell: ({ name, device }) => <><bdi>{name || t.nobody}</bdi><span className="activity-device">{device || t.unknownDevice}</span></> },
    { id: 'came', title: t.came, width: 1.3, cell: ({ joined_at: at }) => formats.moment(at) },
    { id: 'present', title: t.present, numeric: true, cell: ({ left_at: left, duration_seconds: seconds }) => (left === null ? t.hereNow : formats.length(seconds)) },
    ...countColumns<SessionEntry>(t, formats),
  ];
}
