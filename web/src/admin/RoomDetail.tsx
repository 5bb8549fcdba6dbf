/** One room: who belongs to it, who is in it, how to get in, what is set, what happened. */
import { ArrowLeft, ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTexts } from '../ui/texts';
import { pathOfRoom, useAdmin } from './adminApi';
import { useFormats } from './format';
import { Ago, ViewLink, Waiting } from './Parts';
import { useQuery } from './query';
import { RoomEvents } from './EventsView';
import { RoomInvitations } from './RoomInvitations';
import { RoomMembers } from './RoomMembers';
import { RoomSessions } from './RoomSessions';
import { RoomSettingsForm } from './RoomSettings';
import { RoomState, sizeOf } from './RoomsView';
import type { AdminMember, AdminRoom } from './types';
import { type Polled, usePolled } from './usePolled';
import { useShowCurrent } from './useShowCurrent';

const TABS = ['members', 'sessions', 'invitations', 'settings', 'events'] as const;
type Tab = (typeof TABS)[number];

export function RoomDetail({ id, rooms }: { id: string; rooms: Polled<{ rooms: readonly AdminRoom[] }> }) {
  const t = useTexts().admin.room;
  const room = rooms.value?.rooms.find((one) => one.room.id === id);
  return (
    <>
      <p><ViewLink to={{ view: 'rooms' }} className="admin-back"><ArrowLeft size={16} aria-hidden />{t.back}</ViewLink></p>
      <Waiting of={rooms} />
      {rooms.value && !room && <p className="admin-empty" role="alert">{t.unknown}</p>}
      {room && <Found room={room} onChanged={rooms.refresh} />}
    </>
  );
}

function Found({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  const t = useTexts().admin;
  const { now } = useAdmin();
  const formats = useFormats();
  const chosen = useQuery().get('tab') as Tab | null;
  const isDeleted = room.deleted_at !== null;
  const tabs: readonly Tab[] = isDeleted ? ['events'] : TABS;
  const tab = chosen && tabs.includes(chosen) ? chosen : (tabs[0] ?? 'events');
  const nav = useShowCurrent(tab);
  return (
    <>
      <RoomHead room={room} />
      {room.deleted_at !== null && <p className="admin-note">{t.room.deletedAt(formats.ago(room.deleted_at, now))}</p>}
      <nav ref={nav} className="admin-tabs" aria-label={t.room.tabsLabel}>
        {tabs.map((one) => (
          <ViewLink key={one} to={{ view: 'rooms', room: room.room.id, tab: one === tabs[0] ? null : one }} current={one === tab}>
            {t.room.tabs[one]}
          </ViewLink>
        ))}
      </nav>
      <section aria-label={t.room.tabs[tab]} className="admin-section">
        {tab === 'members' && <MembersOf room={room} onChanged={onChanged} />}
        {tab === 'sessions' && <RoomSessions room={room.room.id} />}
        {tab === 'invitations' && <RoomInvitations room={room.room.id} />}
        {tab === 'settings' && <RoomSettingsForm room={room} onChanged={onChanged} />}
        {tab === 'events' && <RoomEvents room={room.room.id} />}
      </section>
    </>
  );
}

function RoomHead({ room }: { room: AdminRoom }) {
  const t = useTexts().admin;
  const formats = useFormats();
  const facts: readonly [string, ReactNode][] = [
    [t.rooms.peopleNow, formats.number(room.people_now)],
    [t.rooms.members, formats.number(room.members)],
    [t.rooms.size, formats.size(sizeOf(room))],
    [t.rooms.lastActivity, <Ago key="activity" at={room.last_activity} />],
    [t.rooms.created, <Ago key="created" at={room.created_at} />],
    [t.room.id, <code key="id">{room.room.id}</code>],
  ];
  return (
    <header className="room-head">
      <div className="room-head-name">
        <h2><bdi>{room.room.name || t.rooms.unnamed}</bdi></h2>
        <RoomState room={room} />
        {room.deleted_at === null && (
          <a className="button" href={`/r/${encodeURIComponent(room.room.id)}`} target="_blank" rel="noreferrer">
            {t.room.enter}
            <ExternalLink size={16} aria-hidden />
          </a>
        )}
      </div>
      <dl className="admin-facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </header>
  );
}

function MembersOf({ room, onChanged }: { room: AdminRoom; onChanged: () => void }) {
  const members = usePolled<{ members: readonly AdminMember[] }>(pathOfRoom(room.room.id));
  const changed = (): void => {
    members.refresh();
    onChanged();
  };
  return (
    <>
      <Waiting of={members} />
      {members.value && <RoomMembers room={room.room} members={members.value.members} onChanged={changed} />}
    </>
  );
}
