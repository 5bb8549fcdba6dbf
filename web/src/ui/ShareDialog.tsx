/** The link to the room, what it allows, and invitations by role. What one may not change is said in words. */
import type { RoomChanges } from '../api/rooms';
import type { LiveRoomSession } from '../sync/roomSession';
import type { RoomInfo } from '../sync/types';
import { CopyField } from './CopyField';
import { Dialog } from './Dialog';
import { QrCode } from './QrCode';
import { Invitations, NoInvitations } from './settings/Invitations';
import { useRoomChange } from './settings/useRoomChange';
import './shareDialog.css';
import { useTexts } from './texts';
import { useStore } from './useStore';

type Allowed = 'draw' | 'view' | 'invited' | 'knock';

const CHANGES: Readonly<Record<Allowed, RoomChanges>> = {
  draw: { access: 'link', default_role: 'member' },
  view: { access: 'link', default_role: 'viewer' },
  knock: { access: 'lobby' },
  invited: { access: 'invite' },
};

export function ShareDialog({ session, onClose }: { session: LiveRoomSession; onClose: () => void }) {
  const t = useTexts().share;
  const room = useStore(session.room);
  const moderates = useStore(session.permissions).has('moderate');
  const link = `${location.origin}/r/${encodeURIComponent(room.id)}`;
  return (
    <Dialog title={t.title} onClose={onClose}>
      <CopyField label={t.link} value={link} testId="share-link" />
      <div className="share-link">
        <QrCode value={link} label={t.qr} />
        <div className="share-link-side">
          {moderates ? <Allows session={session} /> : <p className="muted">{t[`${allowedBy(room)}Sentence`]}</p>}
          {room.door !== 'open' && <p className="share-door">{t.doors[room.door]}</p>}
        </div>
      </div>
      <section className="share-invitations" aria-label={t.invitations}>
        <h3>{t.invitations}</h3>
        {moderates ? <Invitations session={session} /> : <NoInvitations />}
      </section>
    </Dialog>
  );
}

function Allows({ session }: { session: LiveRoomSession }) {
  const t = useTexts().share;
  const { room, save, words, isProblem } = useRoomChange(session);
  return (
    <label className="field">
      <span>{t.allows}</span>
      <select className="input" value={allowedBy(room)} data-testid="share-allows" onChange={(event) => void save(CHANGES[event.target.value as Allowed])}>
        <option value="draw">{t.draw}</option>
        <option value="view">{t.view}</option>
        <option value="knock">{t.knock}</option>
        <option value="invited">{t.invited}</option>
      </select>
      {isProblem && <span className="problem small" role="alert">{words}</span>}
    </label>
  );
}

function allowedBy(room: RoomInfo): Allowed {
  if (room.access !== 'link') return room.access === 'invite' ? 'invited' : 'knock';
  return room.default_role === 'viewer' ? 'view' : 'draw';
}
