/** Everybody who was ever here, over all rooms: how often, how long, what they did; and erasing somebody. */
import { UserX } from 'lucide-react';
import { useState } from 'react';
import { useTexts } from '../ui/texts';
import { Toggle } from '../ui/Toggle';
import { ask, useAdmin } from './adminApi';
import { Confirm } from './Confirm';
import { matches, sortOf, textOfSort } from './order';
import { Ago, Count, CsvButton, Dot, FilterField, Length, Nothing, SearchField, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { countColumns } from './sessionColumns';
import { type Column, Table } from './Table';
import type { PersonStats } from './types';
import { usePolled } from './usePolled';

const PATH = '/api/admin/people';

export function PeopleView() {
  const t = useTexts().admin.persons;
  const people = usePolled<{ people: readonly PersonStats[] }>(PATH);
  return (
    <>
      <div className="admin-filters">
        <SearchField />
        <FilterField label={t.filter} parameter="show" options={[['', t.all], ['present', t.onlyPresent]]} />
        <CsvButton path={PATH} name="people" />
      </div>
      <Waiting of={people} />
      {people.value && <PeopleTable people={people.value.people} onChanged={people.refresh} />}
    </>
  );
}

export function PeopleTable({ people, onChanged }: { people: readonly PersonStats[]; onChanged: () => void }) {
  const t = useTexts().admin;
  const query = useQuery();
  const [asked, setAsked] = useState<PersonStats | null>(null);
  const search = query.get('q') ?? '';
  const onlyPresent = query.get('show') === 'present';
  return (
    <>
      <Table
        caption={t.views.people}
        testId="people"
        columns={columnsOf(t, setAsked)}
        rows={people.filter(({ name, user, present }) => (present || !onlyPresent) && matches(search, [name, user]))}
        keyOf={({ user }) => user}
        sort={sortOf(query.get('sort'), { column: 'last', descending: true })}
        onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
        empty={<Nothing filtered={people.length > 0} words={t.persons.none} clear={{ q: null, show: null }} />}
      />
      {asked && <Erase person={asked} onDone={onChanged} onClose={() => setAsked(null)} />}
    </>
  );
}

function Erase({ person, onDone, onClose }: { person: PersonStats; onDone: () => void; onClose: () => void }) {
  const t = useTexts().admin.persons;
  const { token, say } = useAdmin();
  const [content, setContent] = useState(false);
  const erase = async (): Promise<void> => {
    const path = `${PATH}/${encodeURIComponent(person.user)}${content ? '?content=true' : ''}`;
    const { erased } = await ask<{ erased: number }>(token, path, { method: 'DELETE' });
    say(t.erased(erased));
    onDone();
  };
  return (
    <Confirm
      title={t.eraseTitle(person.name)}
      body={content ? t.eraseBodyContent : t.eraseBody}
      act={t.eraseAct}
      danger
      typed={{ ask: t.eraseType, wanted: person.name }}
      onAct={erase}
      onClose={onClose}
    >
      <Toggle label={t.eraseContent} on={content} onChange={setContent} testId="erase-content" />
    </Confirm>
  );
}

/** While somebody is here, he was seen last now. */
function lastOf({ last_seen_at }: PersonStats): number {
  return last_seen_at ?? Number.MAX_SAFE_INTEGER;
}

function columnsOf(t: ReturnType<typeof useTexts>['admin'], onErase: (person: PersonStats) => void): readonly Column<PersonStats>[] {
  const words = t.persons;
  return [
    {
      id: 'name', title: words.name, width: 140, value: ({ name }) => name,
      cell: ({ name, user }) => <><bdi>{name}</bdi><span className="admin-sub" title={user}>{user}</span></>,
    },
    {
      id: 'last', title: words.last, width: 104, numeric: true, value: lastOf,
      cell: ({ present, last_seen_at }) => (present ? <Dot on words={words.present} /> : <Ago at={last_seen_at} />),
    },
    { id: 'first', title: words.first, width: 110, numeric: true, value: ({ first_joined_at }) => first_joined_at, cell: ({ first_joined_at }) => <Ago at={first_joined_at} /> },
    { id: 'rooms', title: words.rooms, width: 62, numeric: true, value: ({ rooms }) => rooms, cell: ({ rooms }) => <Count value={rooms} /> },
    { id: 'sessions', title: words.sessions, width: 76, numeric: true, value: ({ sessions }) => sessions, cell: ({ sessions }) => <Count value={sessions} /> },
    { id: 'time', title: words.time, width: 76, numeric: true, value: ({ present_seconds }) => present_seconds, cell: ({ present_seconds }) => <Length seconds={present_seconds} /> },
    ...countColumns<PersonStats>(t),
    {
      id: 'actions', title: t.table.actions, hideTitle: true, width: 104,
      cell: (person) => (
        <span className="admin-actions">
          <button type="button" className="button small danger" aria-label={words.eraseOf(person.name)} onClick={() => onErase(person)}>
            <UserX size={14} aria-hidden />{words.erase}
          </button>
        </span>
      ),
    },
  ];
}
