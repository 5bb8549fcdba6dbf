/** Everybody sees that a call is recorded, from the first byte on the disk, and by whom. */
import { CircleDot } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { NoticeBar } from './Notices';
import { useTexts } from './texts';
import { useStore } from './useStore';

export function RecordingNotice({ session }: { session: Pick<RoomSession, 'recording'> }) {
  const t = useTexts().call;
  const told = useStore(session.recording);
  const [isRead, setRead] = useState(false);
  useEffect(() => setRead(false), [told]);
  if (!told || (!told.running && isRead)) return null;
  return (
    <div role="status" className="notices-list">
      {told.running
        ? <p className="notice" data-testid="recording"><CircleDot size={18} aria-hidden /><span className="notice-words">{t.recordedNow(told.by.name)}</span></p>
        : (
          <NoticeBar
            words={t.recordingEnded(told.reason)} icon={<CircleDot size={18} aria-hidden />} testId="recording-ended"
            onDismiss={() => setRead(true)}
          />
        )}
    </div>
  );
}
