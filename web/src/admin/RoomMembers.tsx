/** The people of a room: what they may do, and what a moderator may do about them. */
import { Ban, DoorOpen, SlidersHorizontal, Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { Role } from '../sync/types';
import { useTexts, type Texts } from '../ui/texts';
import { ask, pathOfMember, useAdmin } from './adminApi';
import { Confirm } from './Confirm';
import { MemberRights } from './MemberRights';
import { matches, sortOf, textOfSort } from './order';
import { Ago, Dot, Nothing, SearchField } from './Parts';
import { changeQuery, useQuery } from './query';
import { type Column, Table } from './Table';
import { type AdminMember, type AdminRoom, PERMISSIONS } from './types';

type Asked = { what: 'rights' | 'kick' | 'ban'; member: AdminMember };

export function RoomMembers({ room, members, onChanged }: {
  room: AdminRoom['room']; members: readonly AdminMember[]; onChanged: () => void;
}) {
  const t = useTexts().admin;
  const { token, say } = useAdmin();
  const query = useQuery();
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => setAsked(null);
  const unban = async (member: AdminMember): Promise<void> => {
    await ask(token, `${pathOfMember(room.id, member.sub)}/unban`, { method: 'POST', body: {} });
    say(t.room.members.unbanned(member.name));
    onChanged();
  };
  const search = query.get('q') ?? '';
  return (
    <>
      <div className="admin-filters"><SearchField /></div>
      <Table
        caption={t.room.tabs.members}
        testId="members"
        columns={columnsOf(t, setAsked, (member) => void unban(member).catch(() => say(t.problems.unreachable ?? '')))}
        rows={members.filter(({ name, sub }) => matches(search, [name, sub]))}
        keyOf={({ sub }) => sub}
        sort={sortOf(query.get('sort'), { column: 'joined', descending: false })}
        onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
        empty={<Nothing filtered={members.length > 0} words={t.room.members.none} clear={{ q: null }} />}
      />
      {asked?.what === 'rights' && <MemberRights room={room} member={asked.member} onChanged={onChanged} onClose={close} />}
      {(asked?.what === 'kick' || asked?.what === 'ban') && (
        <SendAway room={room.id} what={asked.what} person={asked.member} onDone={onChanged} onClose={close} />
      )}
    </>
  );
}

/** Asks before somebody is sent away or banned. */
export function SendAway({ room, what, person, onDone, onClose }: {
  room: string; what: 'kick' | 'ban'; person: { sub: string; name: string; role: Role }; onDone: () => void; onClose: () => void;
}) {
  const t = useTexts().admin.room.members;
  const { token, say } = useAdmin();
  const [reason, setReason] = useState('');
  const hasOffice = person.role === 'owner' || person.role === 'moderator';
  const act = async (): Promise<void> => {
    const body = reason.trim() ? { reason: reason.trim() } : {};
    await ask(token, `${pathOfMember(room, person.sub)}/${what}`, { method: 'POST', body });
    say(what === 'kick' ? t.kicked(person.name) : t.wasBanned(person.name));
    onDone();
  };
  return (
    <Confirm
      title={`${what === 'kick' ? t.kickOf(person.name) : t.banOf(person.name)}?`}
      body={`${what === 'kick' ? t.kickBody : t.banBody}${hasOffice ? ` ${t.losesRole}` : ''}`}
      act={what === 'kick' ? t.kick : t.ban}
      danger
      onAct={act}
      onClose={onClose}
    >
      <label className="field">
        <span>{t.reason}</span>
        <input className="input" data-testid="reason" maxLength={200} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}

/** Exceptions from the role in words: `may: Record, may not: Draw`. */
export function rightsOf(member: Pick<AdminMember, 'overrides'>, t: Texts['admin']): string {
  const changed = PERMISSIONS.flatMap((permission) => {
    const allowed = member.overrides[permission];
    if (allowed === undefined) return [];
    return [allowed ? t.room.members.may(t.permissions[permission]) : t.room.members.mayNot(t.permissions[permission])];
  });
  return changed.length > 0 ? changed.join(', ') : t.room.members.asRole;
}

function columnsOf(t: Texts['admin'], onAsk: (asked: Asked) => void, onUnban: (member: AdminMember) => void): readonly Column<AdminMember>[] {
  const words = t.room.members;
  return [
    {
      id: 'name', title: words.name, width: 2, value: ({ name }) => name,
      cell: ({ name, sub }) => <><bdi>{name}</bdi><span className="admin-sub" title={sub}>{sub}</span></>,
    },
    { id: 'role', title: words.role, value: ({ role }) => t.roles[role], cell: ({ role }) => t.roles[role] },
    { id: 'rights', title: words.rights, width: 1.5, cell: (member) => rightsOf(member, t) },
    { id: 'state', title: words.state, width: 1.2, value: (member) => stateOf(member), cell: (member) => <MemberState member={member} /> },
    { id: 'joined', title: words.joined, width: 1.2, numeric: true, value: ({ joined_at }) => joined_at, cell: ({ joined_at }) => <Ago at={joined_at} /> },
    {
      id: 'actions', title: t.table.actions, hideTitle: true, width: 3.4,
      cell: (member) => <MemberActions member={member} onAsk={onAsk} onUnban={onUnban} />,
    },
  ];
}

function stateOf({ banned, removed, present }: AdminMember): number {
  if (banned) return 3;
  if (present) return 0;
  return removed ? 2 : 1;
}

function MemberState({ member }: { member: AdminMember }) {
  const t = useTexts().admin.room.members;
  if (member.banned) return <span className="mark danger">{t.banned}</span>;
  if (member.removed && !member.present) return <span className="mark">{t.removed}</span>;
  return <Dot on={member.present} words={member.present ? t.present : t.away} />;
}

function MemberActions({ member, onAsk, onUnban }: { member: AdminMember; onAsk: (asked: Asked) => void; onUnban: (member: AdminMember) => void }) {
  const t = useTexts().admin.room.members;
  return (
    <span className="admin-actions">
      <button type="button" className="button small" aria-label={t.editOf(member.name)} onClick={() => onAsk({ what: 'rights', member })}>
        <SlidersHorizontal size={14} aria-hidden />{t.edit}
      </button>
      <button
        type="button"
        className="button small"
        aria-label={t.kickOf(member.name)}
        aria-disabled={!member.present}
        onClick={() => member.present && onAsk({ what: 'kick', member })}
      >
        <DoorOpen size={14} aria-hidden />{t.kick}
      </button>
      {member.banned
        ? <button type="button" className="button small" aria-label={t.unbanOf(member.name)} onClick={() => onUnban(member)}><Undo2 size={14} aria-hidden />{t.unban}</button>
        : <button type="button" className="button small danger" aria-label={t.banOf(member.name)} onClick={() => onAsk({ what: 'ban', member })}><Ban size={14} aria-hidden />{t.ban}</button>}
    </span>
  );
}
