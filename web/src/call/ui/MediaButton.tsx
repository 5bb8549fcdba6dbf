/** Switches one's own microphone, camera or screen. Without the right, or where it failed, it says why. */
import { type LucideIcon, Mic, MicOff, MonitorOff, MonitorUp, Video, VideoOff } from 'lucide-react';
import { useId } from 'react';
import { MEDIA_NEEDS } from '../../sync/permissions';
import type { MediaKind, RoomSession } from '../../sync/types';
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call } from '../types';

const ICONS: Readonly<Record<MediaKind, readonly [on: LucideIcon, off: LucideIcon]>> = {
  mic: [Mic, MicOff], camera: [Video, VideoOff], screen: [MonitorUp, MonitorOff],
};

export interface OwnMediaProps {
  call: Call;
  session: Pick<RoomSession, 'permissions'>;
}

export function MediaButton({ call, session, kind }: OwnMediaProps & { kind: MediaKind }) {
  const t = useTexts().call;
  const why = useId();
  const track = useStore(call.local)[kind];
  const may = useStore(session.permissions).has(MEDIA_NEEDS[kind]);
  const isOn = track.kind === 'on' || track.kind === 'starting';
  const words = (isOn ? t.turnOff : t.turnOn)[kind];
  const reason = !may ? t.mayNot[kind] : track.kind === 'failed' ? t.problems[track.problem] : undefined;
  const Icon = ICONS[kind][isOn ? 0 : 1];
  return (
    <>
      <button
        type="button"
        className="icon-button call-media"
        data-testid={`call-${kind}`}
        data-on={isOn}
        aria-label={words}
        aria-disabled={!may}
        aria-busy={track.kind === 'starting'}
        aria-describedby={reason && why}
        title={reason ?? words}
        onClick={() => {
          if (may) void call.turn(kind, !isOn);
        }}
      >
        <Icon size={18} aria-hidden />
      </button>
      {reason && <span id={why} className="visually-hidden">{reason}</span>}
    </>
  );
}
