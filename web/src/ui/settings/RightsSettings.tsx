/** What newcomers are, and what members may do unless something else is set for one of them. */
import { MEMBER_PERMISSIONS, PERMISSIONS } from '../../sync/permissions';
import type { Permission, RoomInfo } from '../../sync/types';
import { Choices } from '../Choices';
import { Toggle } from '../Toggle';
import { useTexts } from '../texts';
import type { RoomChange } from './useRoomChange';

const ROLES: readonly RoomInfo['default_role'][] = ['member', 'viewer'];

export function RightsSettings({ change, lockedBecause }: { change: RoomChange; lockedBecause: string | undefined }) {
  const t = useTexts();
  const { room, save } = change;
  const isLocked = lockedBecause !== undefined;
  // What a room gives beyond the usual was set by an integration: it is shown, and can be taken.
  const shown = PERMISSIONS.filter((permission) => MEMBER_PERMISSIONS.includes(permission) || room.permissions.includes(permission));
  const set = (permission: Permission, on: boolean): void => {
    const permissions = PERMISSIONS.filter((one) => (one === permission ? on : room.permissions.includes(one)));
    void save({ permissions });
  };
  return (
    <>
      <Choices
        legend={t.settings.defaultRole}
        choices={ROLES.map((value) => ({ value, ...t.settings.defaultRoles[value] }))}
        value={room.default_role}
        isLocked={isLocked}
        onChoose={(role) => void save({ default_role: role })}
      />
      <fieldset className="settings-rights">
        <legend className="legend">{t.settings.memberRights}</legend>
        <p className="muted small">{t.settings.memberRightsHint}</p>
        {shown.map((permission) => (
          <Toggle
            key={permission}
            label={t.rights.names[permission]}
            on={room.permissions.includes(permission)}
            isLocked={isLocked}
            testId={`room-right-${permission}`}
            onChange={(on) => set(permission, on)}
          />
        ))}
        <p className="muted small">{t.settings.ownerOnly}</p>
      </fieldset>
    </>
  );
}
