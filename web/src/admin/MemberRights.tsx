/** The role of a person in a room, and what he may or may not do beside it. */
import { useState } from 'react';
import type { Role } from '../sync/types';
import { useTexts } from '../ui/texts';
import { ask, pathOfMember, useAdmin } from './adminApi';
import { Confirm } from './Confirm';
import { type AdminMember, type AdminRoom, type Permission, PERMISSIONS, presetOf, ROLES } from './types';

const STATES = ['role', 'allow', 'deny'] as const;
type State = (typeof STATES)[number];

export function MemberRights({ room, member, onChanged, onClose }: {
  room: AdminRoom['room']; member: AdminMember; onChanged: () => void; onClose: () => void;
}) {
  const t = useTexts().admin;
  const { token, say } = useAdmin();
  const [role, setRole] = useState<Role>(member.role);
  const [states, setStates] = useState(() => statesOf(member));
  const save = async (): Promise<void> => {
    const body = changesOf(member, role, states);
    if (Object.keys(body).length > 0) await ask(token, pathOfMember(room.id, member.sub), { method: 'PATCH', body });
    say(t.room.members.saved(member.name));
    onChanged();
  };
  const preset = presetOf(role, room.permissions);
  return (
    <Confirm title={t.room.members.editOf(member.name)} act={t.room.members.save} onAct={save} onClose={onClose}>
      <label className="field">
        <span>{t.room.members.roleLabel}</span>
        <select className="input" data-testid="role" value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map((one) => <option key={one} value={one}>{t.roles[one]}</option>)}
        </select>
      </label>
      {role === 'owner' && <p className="muted small">{t.room.members.ownerMayAll}</p>}
      {role !== 'owner' && <fieldset className="rights">
        <legend className="legend">{t.room.members.overrides}</legend>
        {PERMISSIONS.map((permission) => (
          <Right
            key={permission}
            permission={permission}
            byRole={preset.includes(permission)}
            state={states[permission]}
            onState={(state) => setStates({ ...states, [permission]: state })}
          />
        ))}
      </fieldset>}
    </Confirm>
  );
}

function Right({ permission, byRole, state, onState }: {
  permission: Permission; byRole: boolean; state: State; onState: (state: State) => void;
}) {
  const t = useTexts().admin;
  const wordsOf = (one: State): string =>
    one === 'role' ? `${t.room.members.states.role} (${byRole ? t.yes : t.no})` : t.room.members.states[one];
  return (
    <label className="right" data-changed={state !== 'role'}>
      <span>{t.permissions[permission]}</span>
      <select className="input" data-testid={`right-${permission}`} value={state} onChange={(event) => onState(event.target.value as State)}>
        {STATES.map((one) => <option key={one} value={one}>{wordsOf(one)}</option>)}
      </select>
    </label>
  );
}

function statesOf({ overrides }: AdminMember): Record<Permission, State> {
  const stateOf = (allowed: boolean | undefined): State => (allowed === undefined ? 'role' : allowed ? 'allow' : 'deny');
  return Object.fromEntries(PERMISSIONS.map((one) => [one, stateOf(overrides[one])])) as Record<Permission, State>;
}

/** The body of the request: only what differs from what is; null takes an exception back. */
export function changesOf(member: AdminMember, role: Role, states: Readonly<Record<Permission, State>>): {
  role?: Role; overrides?: Partial<Record<Permission, boolean | null>>;
} {
  const before = statesOf(member);
  const changed = PERMISSIONS.filter((one) => states[one] !== before[one]);
  const overrides = Object.fromEntries(changed.map((one) => [one, states[one] === 'role' ? null : states[one] === 'allow']));
  return { ...(role === member.role ? {} : { role }), ...(changed.length > 0 ? { overrides } : {}) };
}
