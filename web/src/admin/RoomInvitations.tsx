/** The invitation links of a room: who may come with which role, how often it was used, and taking it back. */
import { useState } from 'react';
import type { Role } from '../sync/types';
import { CopyField } from '../ui/CopyField';
import { useTexts } from '../ui/texts';
import { ask, pathOfRoom, useAdmin, wordsOf } from './adminApi';
import { Confirm } from './Confirm';
import { sortOf, textOfSort } from './order';
import { Ago, Count, Waiting } from './Parts';
import { changeQuery, useQuery } from './query';
import { Labelled } from './RoomSettings';
import { type Column, Table } from './Table';
import type { Invitation } from './types';
import { usePolled } from './usePolled';

const INVITED: readonly Role[] = ['member', 'viewer', 'moderator'];

export function RoomInvitations({ room }: { room: string }) {
  const path = `${pathOfRoom(room)}/invitations`;
  const invitations = usePolled<{ invitations: readonly Invitation[] }>(path);
  return (
    <>
      <NewInvitation path={path} onMade={invitations.refresh} />
      <Waiting of={invitations} />
      {invitations.value && <InvitationsTable path={path} invitations={invitations.value.invitations} onChanged={invitations.refresh} />}
    </>
  );
}

function NewInvitation({ path, onMade }: { path: string; onMade: () => void }) {
  const t = useTexts().admin;
  const { token } = useAdmin();
  const [role, setRole] = useState<Role>('member');
  const [label, setLabel] = useState('');
  const [made, setMade] = useState<{ link: string; problem: string }>({ link: '', problem: '' });
  const make = async (): Promise<void> => {
    try {
      const body = { role, ...(label.trim() ? { label: label.trim() } : {}) };
      const { link } = await ask<{ link: string }>(token, path, { method: 'POST', body });
      setMade({ link: new URL(link, location.origin).href, problem: '' });
      setLabel('');
      onMade();
    } catch (error) {
      setMade({ link: '', problem: wordsOf(error, t) });
    }
  };
  const words = t.room.invitations;
  return (
    <form className="admin-card" aria-label={words.new} onSubmit={(event) => { event.preventDefault(); void make(); }}>
      <div className="admin-filters">
        <Labelled words={words.role}>
          <select className="input" value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {INVITED.map((one) => <option key={one} value={one}>{t.roles[one]}</option>)}
          </select>
        </Labelled>
        <Labelled words={words.labelHint}>
          <input className="input" maxLength={80} value={label} onChange={(event) => setLabel(event.target.value)} />
        </Labelled>
        <button type="submit" className="button primary">{words.make}</button>
      </div>
      {made.link && <CopyField label={words.link} value={made.link} testId="invitation-link" />}
      {made.link && <p className="muted small" role="status">{words.once}</p>}
      {made.problem && <p className="problem" role="alert">{made.problem}</p>}
    </form>
  );
}

export function InvitationsTable({ path, invitations, onChanged }: {
  path: string; invitations: readonly Invitation[]; onChanged: () => void;
}) {
  const t = useTexts().admin;
  const { token, say } = useAdmin();
  const query = useQuery();
  const [asked, setAsked] = useState<Invitation | null>(null);
  const revoke = async (invitation: Invitation): Promise<void> => {
    await ask(token, `${path}/${encodeURIComponent(invitation.id)}`, { method: 'DELETE' });
    say(t.room.invitations.wasRevoked);
    onChanged();
  };
  return (
    <>
      <Table
        caption={t.room.tabs.invitations}
        testId="invitations"
        columns={useColumns(setAsked)}
        rows={invitations}
        keyOf={({ id }) => id}
        sort={sortOf(query.get('sort'), { column: 'created', descending: true })}
        onSort={(sort) => changeQuery({ sort: textOfSort(sort) })}
        empty={<p>{t.room.invitations.none}</p>}
      />
      {asked && (
        <Confirm
          title={t.room.invitations.revokeTitle}
          body={t.room.invitations.revokeBody}
          act={t.room.invitations.revoke}
          danger
          onAct={() => revoke(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

function useColumns(onRevoke: (invitation: Invitation) => void): readonly Column<Invitation>[] {
  const t = useTexts().admin;
  const words = t.room.invitations;
  const nameOf = ({ label }: Invitation): string => label || words.unlabelled;
  return [
    { id: 'label', title: words.label, width: 2, value: nameOf, cell: (one) => <bdi className={one.label ? undefined : 'muted'}>{nameOf(one)}</bdi> },
    { id: 'role', title: words.role, value: ({ role }) => t.roles[role], cell: ({ role }) => t.roles[role] },
    { id: 'uses', title: words.uses, numeric: true, value: ({ uses }) => uses, cell: ({ uses }) => <Count value={uses} /> },
    { id: 'created', title: words.created, numeric: true, value: ({ created_at }) => created_at, cell: ({ created_at }) => <Ago at={created_at} /> },
    {
      id: 'state', title: words.state, value: ({ revoked_at }) => revoked_at !== null,
      cell: ({ revoked_at }) => <span className={revoked_at === null ? 'mark ok' : 'mark'}>{revoked_at === null ? words.valid : words.revoked}</span>,
    },
    {
      id: 'actions', title: t.table.actions, hideTitle: true,
      cell: (one) => one.revoked_at === null && (
        <span className="admin-actions">
          <button type="button" className="button small danger" aria-label={words.revokeOf(nameOf(one))} onClick={() => onRevoke(one)}>{words.revoke}</button>
        </span>
      ),
    },
  ];
}
