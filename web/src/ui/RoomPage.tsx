/** `/r/<room>`: asks for a name once, enters, and shows the room or why it does not open. */
import { useEffect, useState } from 'react';
import { identity } from '../api/identity';
import { RoomAccess } from '../sync/roomAccess';
import { LobbyPage } from './LobbyPage';
import { NameDialog } from './NameDialog';
import { Room } from './Room';
import { goTo, hideInvitationKey, invitationKey } from './route';
import { StoppedPage } from './StoppedPage';
import { useTexts } from './texts';
import { useRoomSession } from './useRoomSession';

export default function RoomPage({ room }: { room: string }) {
  const t = useTexts().shell;
  const [key, setKey] = useState(invitationKey);
  const [named, setNamed] = useState(() => identity().name !== '' || RoomAccess.isKept(room));
  const [entering, retry] = useRoomSession(room, key, named);
  useEffect(() => {
    // Only once the page is shown: what is rendered before may be thrown away, and the key with it.
    hideInvitationKey();
    // Another link to the same room, pasted into this page's address.
    const onHash = (): void => {
      const pasted = invitationKey();
      if (pasted !== undefined) setKey(pasted);
      hideInvitationKey();
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, []);
  if (!named) return <NameDialog onNamed={() => setNamed(true)} />;
  const home = (): void => goTo('/');
  switch (entering.kind) {
    case 'failed': {
      const { code, reason, isRetrying } = entering;
      return <StoppedPage code={code} reason={reason} isRetrying={isRetrying} onHome={home} onRetry={retry} />;
    }
    case 'entering': return <p className="page-waiting" role="status">{t.loading}</p>;
    case 'knocking': return <LobbyPage knocking={entering.knocking} onHome={home} onRenamed={retry} />;
    case 'entered':
      return <Room key={entering.session.me.get().session} session={entering.session} onLeave={home} onEnterAnew={retry} />;
  }
}
