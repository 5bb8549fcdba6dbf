/** Oneself before joining: picture, level, devices, what is wrong in words, and who is there. */
import { useEffect } from 'react';
import { MEDIA_NEEDS } from '../../sync/permissions';
import type { RoomSession } from '../../sync/types';
import { Dialog } from '../../ui/Dialog';
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call } from '../types';
import './call.css';
import { DevicePickers } from './DevicePickers';
import { MediaButton } from './MediaButton';
import { Picture } from './Picture';

const KINDS = ['mic', 'camera'] as const;

export interface PreviewProps {
  call: Call;
  session: Pick<RoomSession, 'permissions' | 'roster'>;
  onClose: () => void;
}

export function PreviewDialog({ call, session, onClose }: PreviewProps) {
  const t = useTexts().call;
  useEffect(() => {
    const may = session.permissions.get();
    void call.preview({ mic: may.has(MEDIA_NEEDS.mic), camera: may.has(MEDIA_NEEDS.camera) });
    return () => call.endPreview(); // however it goes away; whoever joins keeps what runs
  }, [call, session]);
  const join = (): void => {
    void call.join();
    onClose();
  };
  return (
    <Dialog title={t.titlePreview} onClose={onClose}>
      <OwnPicture call={call} />
      <div className="row">
        {KINDS.map((kind) => <MediaButton key={kind} call={call} session={session} kind={kind} />)}
        <Level call={call} />
      </div>
      <Problems call={call} />
      <DevicePickers call={call} />
      <p className="muted" data-testid="call-people"><WhoIsIn call={call} session={session} /></p>
      <div className="dialog-actions">
        <button type="button" className="button primary" data-testid="call-join-now" onClick={join}>{t.joinNow}</button>
      </div>
    </Dialog>
  );
}

function OwnPicture({ call }: { call: Call }) {
  const t = useTexts().call;
  const { camera } = useStore(call.local);
  return (
    <div className="call-preview" data-testid="call-preview">
      {camera.kind === 'on' ? <Picture stream={camera.stream} isMirrored /> : <p>{t.cameraOff}</p>}
    </div>
  );
}

function Level({ call }: { call: Call }) {
  const t = useTexts().call;
  const level = useStore(call.devices.level);
  return <meter className="call-level" aria-label={t.level} min={0} max={1} value={level} />;
}

export function Problems({ call }: { call: Call }) {
  const t = useTexts().call;
  const local = useStore(call.local);
  return (
    <div role="status">
      {KINDS.map((kind) => {
        const track = local[kind];
        return track.kind === 'failed' && <p key={kind} className="problem small">{`${t[kind]}: ${t.problems[track.problem]}`}</p>;
      })}
    </div>
  );
}

function WhoIsIn({ call, session }: Pick<PreviewProps, 'call' | 'session'>) {
  const t = useTexts().call;
  const inCall = useStore(call.inCall);
  const roster = useStore(session.roster);
  const names = inCall.flatMap((id) => roster.find(({ session: one }) => one === id)?.name ?? []);
  return names.length === 0 ? t.alone : t.inIt(names);
}
