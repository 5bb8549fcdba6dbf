/** A moderator asks this person to switch something off: stays until it is read. */
import { MicOff, MonitorOff, VideoOff } from 'lucide-react';
import type { RoomSession } from '../sync/types';
import { NoticeBar } from './Notices';
import { useTexts } from './texts';
import { useStore } from './useStore';

const WORDS = { mic: 'muteMic', camera: 'muteCamera', screen: 'muteScreen' } as const;
const ICONS = { mic: MicOff, camera: VideoOff, screen: MonitorOff };

export function MuteNotice({ session }: { session: Pick<RoomSession, 'muteRequest' | 'dismissMuteRequest'> }) {
  const t = useTexts().notices;
  const request = useStore(session.muteRequest);
  const Icon = request ? ICONS[request.what] : null;
  return (
    <div role="alert" className="notices-list">
      {request && Icon && (
        <NoticeBar
          words={t[WORDS[request.what]](request.by.name)}
          icon={<Icon size={18} aria-hidden />}
          testId="mute-request"
          onDismiss={() => session.dismissMuteRequest()}
        />
      )}
    </div>
  );
}
