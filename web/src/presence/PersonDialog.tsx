/** One person's role and rights: each right says where it comes from, and holds as soon as it is switched. */
import { useState } from 'react';
import type { MemberChanges, RoomMember } from '../api/moderation';
import { PERMISSIONS } from '../sync/permissions';
import type { Permission, Role, RoomSession } from '../sync/types';
import { Dialog } from '../ui/Dialog';
import { type Failure, failureOf } from '../ui/failure';
import { useTexts } from '../ui/texts';
import { Toggle } from '../ui/Toggle';
import { useStore } from '../ui/useStore';
import { mayActOn, rolesFor, sourceOf } from './mayDo';
import type { MemberList } from './memberList';
import type { ModerationTools, Someone } from './Moderation';
import './moderation.css';

export function PersonDialog({ session, tools, someone, onClose }: {
  session: RoomSession; tools: ModerationTools; someone: Someone; onClose: () => void;
}) {
  const t = useTexts().moderation;
  const { members, failed } = useStore(tools.members);
  const member = members?.find(({ sub }) => sub === someone.sub);
  return (
    <Dialog title={member?.name ?? someone.name} onClose={onClose}>
      {member
        ? <PersonRights session={session} list={tools.members} member={member} />
        : <p className="muted" role="status">{failed ? t.loadFailed : t.loading}</p>}
      {failed && <button type="button" className="button" onClick={() => void tools.members.reload()}>{t.retry}</button>}
    </Dialog>
  );
}

export function PersonRights({ session, list, member }: {
  session: Pick<RoomSession, 'me'>; list: Pick<MemberList, 'change'>; member: RoomMember;
}) {
  const t = useTexts();
  const { role: mine } = useStore(session.me);
  const [state, setState] = useState<'idle' | 'saved' | Failure>('idle');
  const change = (changes: MemberChanges): void => {
    setState('idle');
    list.change(member.sub, changes).then(() => setState('saved'), (error: unknown) => setState(failureOf(error)));
  };
  const allowed = mayActOn(mine, member);
  return (
    <>
      <RoleSelect mine={mine} member={member} onRole={(role) => change({ role })} />
      <fieldset className="person-rights">
        <legend className="legend">{t.moderation.may(member.name)}</legend>
        {allowed !== 'yes' && <p className="muted small">{allowed === 'owner' ? t.moderation.ownerMay : t.moderation.moderatorsByOwner}</p>}
        {PERMISSIONS.map((permission) => (
          <Right
            key={permission}
            permission={permission}
            member={member}
            locked={allowed !== 'yes' || (permission === 'moderate' && mine !== 'owner')}
            onSet={(value) => change({ overrides: { [permission]: value } })}
          />
        ))}
      </fieldset>
      <p className={state === 'failed' || state === 'refused' ? 'problem small' : 'muted small'} role="status">
        {state === 'idle' ? '' : t.moderation[state]}
      </p>
    </>
  );
}

function RoleSelect({ mine, member, onRole }: { mine: Role; member: RoomMember; onRole: (role: Role) => void }) {
  const t = useTexts();
  const roles = rolesFor(mine, member);
  const isByOwner = mine !== 'owner' && mayActOn(mine, member) === 'yes';
  return (
    <label className="field">
      <span>{t.moderation.role}</span>
      <select
        className="input"
        data-testid="role"
        value={member.role}
        disabled={roles.length === 1}
        onChange={(event) => onRole(event.target.value as Role)}
      >
        {roles.map((role) => <option key={role} value={role}>{t.rights.roles[role]}</option>)}
      </select>
      {isByOwner && <span className="muted small">{t.moderation.roleByOwner}</span>}
    </label>
  );
}

/** @param onSet null: as it comes from the room or the role. */
function Right({ permission, member, locked, onSet }: {
  permission: Permission; member: RoomMember; locked: boolean; onSet: (value: boolean | null) => void;
}) {
  const t = useTexts().rights;
  const source = sourceOf(permission, member.role, member.overrides);
  const name = t.names[permission];
  return (
    <Toggle
      label={name}
      note={<span data-own={source === 'person'}>{t.sources[source]}</span>}
      on={member.permissions.includes(permission)}
      isLocked={locked}
      testId={`right-${permission}`}
      onChange={onSet}
    >
      {source === 'person' && !locked && (
        <button type="button" className="link-button" title={t.fromRoom(name)} aria-label={t.fromRoom(name)} onClick={() => onSet(null)}>
          {t.reset}
        </button>
      )}
    </Toggle>
  );
}
