/** Everything about a room that can be set, and what has happened in it. What one may not change is shown and says why. */
import { Activity, DoorOpen, Link2, ShieldCheck, SquarePen, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { LiveRoomSession } from '../../sync/roomSession';
import { Dialog } from '../Dialog';
import { Tabs } from '../Tabs';
import { useTexts } from '../texts';
import { useStore } from '../useStore';
import { AccessSettings } from './AccessSettings';
import { ActivityView } from './ActivityView';
import { DangerSettings } from './DangerSettings';
import { Invitations } from './Invitations';
import { NameSettings } from './NameSettings';
import { RightsSettings } from './RightsSettings';
import './settings.css';
import { useRoomChange } from './useRoomChange';

export type SettingsTab = 'room' | 'access' | 'rights' | 'invitations' | 'activity' | 'danger';

const TABS: readonly [SettingsTab, ReactNode][] = [
  ['room', <SquarePen key="room" size={16} aria-hidden />],
  ['access', <DoorOpen key="access" size={16} aria-hidden />],
  ['rights', <ShieldCheck key="rights" size={16} aria-hidden />],
  ['invitations', <Link2 key="invitations" size={16} aria-hidden />],
  ['activity', <Activity key="activity" size={16} aria-hidden />],
  ['danger', <Trash2 key="danger" size={16} aria-hidden />],
];

export function RoomSettings({ session, onClose, first = 'room' }: { session: LiveRoomSession; onClose: () => void; first?: SettingsTab }) {
  const t = useTexts();
  const [tab, setTab] = useState<SettingsTab>(first);
  const moderates = useStore(session.permissions).has('moderate');
  const change = useRoomChange(session);
  const why = moderates ? undefined : t.rights.why.moderate;
  const tabs = TABS.map(([id, icon]) => ({ id, icon, name: t.settings.tabs[id] }));
  return (
    <Dialog title={t.settings.title} onClose={onClose} size="large">
      <Tabs label={t.settings.title} tabs={tabs} current={tab} onTab={setTab}>
        <div className="settings-panel">
          {why !== undefined && tab !== 'danger' && <p className="settings-why">{why}</p>}
          {tab === 'room' && <NameSettings change={change} lockedBecause={why} />}
          {tab === 'access' && <AccessSettings change={change} lockedBecause={why} />}
          {tab === 'rights' && <RightsSettings change={change} lockedBecause={why} />}
          {tab === 'invitations' && moderates && <Invitations session={session} />}
          {tab === 'activity' && moderates && <ActivityView session={session} />}
          {tab === 'danger' && <DangerSettings session={session} onClose={onClose} />}
          {(tab === 'room' || tab === 'access' || tab === 'rights') && moderates && (
            <p className={change.isProblem ? 'problem small' : 'muted small'} role="status" data-testid="settings-state">{change.words}</p>
          )}
        </div>
      </Tabs>
    </Dialog>
  );
}
