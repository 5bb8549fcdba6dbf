/** The link to the room, what it allows, and invitations by role. */
import { useState } from 'react';
import { linksOf } from '../api/links';
import type { RoomChanges } from '../api/rooms';
import type { LiveRoomSession } from '../sync/roomSession';
import type { RoomInfo } from '../sync/types';
import { CopyField } from './CopyField';
import { Dialog } from './Dialog';
import { QrCode } from './QrCode';
import './shareDialog.css';
import { useTexts } from './texts';
import { useStore } from './useStore';

type Allowed = 'draw' | 'view' | 'invited';

const CHANGES: Readonly<Record<Allowed, RoomChanges>> = {
  draw: { access: 'link', default_role: 'member' },
  view: { access: 'link', default_role: 'viewer' },
  invited: { access: 'invite' },
};
const ROLES = ['member', 'viewer', 'moderator'] as const;

export function ShareDialog({ session, onClose }: { session: LiveRoomSession; onClose: () => void }) {
  const t = useTexts().share;
  const room = useStore(session.room);
  const { role } = useStore(session.me);
  const link = `${location.origin}/r/${encodeURIComponent(room.id)}`;
  const invitations = linksOf(room.id);
  return (
    <Dialog title={t.title} onClose={onClose}>
      <CopyField label={t.link} value={link} testId="share-link" />
      <div className="share-link">
        <QrCode value={link} label={t.qr} />
        <div className="share-link-side">
          {role === 'owner' || role === 'moderator'
            ? <Allows session={session} room={room} />
            : <p className="muted">{t[`${allowedBy(room)}Sentence`]}</p>}
        </div>
      </div>
      {invitations && (
        <section className="share-invitations" aria-label={t.invitations}>
          <h3>{t.invitations}</h3>
          <p className="muted small">{t.invitationsHint}</p>
          {ROLES.filter((one) => invitations[one]).map((one) => (
            <CopyField key={one} label={t.roles[one]} value={new URL(invitations[one], location.origin).href} />
          ))}
        </section>
      )}
    </Dialog>
  );
}

function Allows({ session, room }: { session: LiveRoomSession; room: RoomInfo }) {
  const t = useTexts().share;
  const [failed, setFailed] = useState(false);
  const choose = (allowed: Allowed): void => {
    setFailed(false);
    session.changeRoom(CHANGES[allowed]).catch(() => setFailed(true));
  };
  return (
    <label className="field">
      <span>{t.allows}</span>
      <select className="input" value={allowedBy(room)} onChange={(event) => choose(event.target.value as Allowed)}>
        <option value="draw">{t.draw}</option>
        <option value="view">{t.view}</option>
        <option value="invited">{t.invited}</option>
      </select>
      {failed && <span className="problem small" role="alert">{t.failed}</span>}
    </label>
  );
}

function allowedBy(room: RoomInfo): Allowed {
  if (room.access === 'invite') return 'invited';
  return room.default_role === 'viewer' ? 'view' : 'draw';
}
