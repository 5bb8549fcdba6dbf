/** The room: the board is the page, all else floats at its edges. */
import { Share2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { Avatars } from '../presence/Avatars';
import { Moderation } from '../presence/Moderation';
import type { LiveRoomSession } from '../sync/roomSession';
import type { BoardHandle } from '../whiteboard/boardHandle';
import { Dock, DockButtons, type DockTab } from './Dock';
import { AboutDialog, ShortcutsDialog } from './InfoDialogs';
import { KnockCards } from './KnockCards';
import { MuteNotice } from './MuteNotice';
import { RecordingNotice } from './RecordingNotice';
import { Notices } from './Notices';
import { useWatchedPen } from './pen';
import { RefusedDialog } from './RefusedDialog';
import { keepKeys, useRegionKeys } from './regions';
import './room.css';
import { RoomMenu } from './RoomMenu';
import { RoomStopped } from './RoomStopped';
import { RoomSettings } from './settings/RoomSettings';
import { ShareDialog } from './ShareDialog';
import { StatusPill } from './StatusPill';
import { language, useTexts } from './texts';
import { theme } from './theme';
import { useStore } from './useStore';
import { useRoomNotices } from './useRoomNotices';
import { drawBoard, useVisit } from './useVisit';
import { noteRoom } from '../landing/recentRooms';
import { AttributionLine } from '../history/AttributionLine';
import { CatchUp } from '../history/CatchUp';
import { Restoring } from '../history/Restoring';
import { CallButton } from '../call/ui/CallButton';
import { CallPanel } from '../call/ui/CallPanel';
import { HistoryButton } from './HistoryButton';
import { route } from './route';

const ReplayView = lazy(() => import('../history/ReplayView'));
const Board = lazy(() => import('../whiteboard/Board').then(({ Board }) => ({ default: Board })));

type DialogName = 'share' | 'refused' | 'shortcuts' | 'about' | 'settings';

const WIDE = '(min-width: 1000px)';
const LEAVING_MS = 800;

export interface RoomProps {
  session: LiveRoomSession;
  onLeave: () => void;
  /** Begin from the door, as a newcomer does. */
  onEnterAnew: () => void;
}

export function Room({ session, onLeave, onEnterAnew }: RoomProps) {
  const t = useTexts().shell;
  const board = useRef<BoardHandle>(null);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [tab, setTab] = useDockTab();
  const [following, setFollowing] = useState<string | null>(null);
  const follow = useCallback((sub: string | null) => board.current?.follow(sub), []);
  const closeDialog = useCallback(() => setDialog(null), []);
  const room = useStore(session.room);
  const removal = useStore(session.removal);
  const boardTheme = useStore(theme);
  const lang = useStore(language);
  const isPenDown = useWatchedPen();
  useRegionKeys();
  useVisit(session);
  useRoomNotices(session);
  useTestHandle(session);
  useWarningBeforeLoss(session);
  useEffect(() => {
    document.title = `${room.name || t.untitled} · ${t.app}`;
  }, [room.name, t]);
  useEffect(() => {
    if (removal) setDialog(null);
  }, [removal]);
  const leave = async (): Promise<void> => {
    await noteLastPicture(session);
    onLeave();
  };
  const shown = useStore(route);
  if (shown.page === 'room' && shown.isReplay) {
    return (
      <div className="room">
        <Suspense fallback={<p className="page-waiting" role="status">{t.loading}</p>}><ReplayView session={session} /></Suspense>
        <CallPanel call={session.call} session={session} />
        <Notices />
        <RoomStopped session={session} onHome={onLeave} onEnterAnew={onEnterAnew} />
      </div>
    );
  }
  return (
    <Moderation session={session}>
      <div className="room" data-dock={tab !== null} data-pen={isPenDown}>
        <main className="room-board" data-region="board" aria-label={t.regions.board} tabIndex={-1}>
          <Suspense fallback={<p className="page-waiting" role="status">{t.openingBoard}</p>}>
            <Board ref={board} session={session} theme={boardTheme} lang={lang} onFollow={setFollowing} />
          </Suspense>
        </main>
        <header className="room-header" data-region="header" aria-label={t.regions.header} onKeyDown={keepKeys}>
          <div className="room-bar">
            <RoomMenu session={session} onShow={setDialog} onLeave={() => void leave()} />
            <StatusPill session={session} onSeeWhy={() => setDialog('refused')} />
          </div>
          <div className="room-bar">
            <div className="room-avatars">
              <Avatars session={session} following={following} onFollow={follow} onMore={() => setTab('people')} />
            </div>
            <DockButtons session={session} tab={tab} onTab={setTab} />
            <CallButton call={session.call} session={session} />
            <HistoryButton session={session} />
            <ShareButton onClick={() => setDialog('share')} />
          </div>
        </header>
        <Dock session={session} tab={tab} onTab={setTab} following={following} onFollow={follow} />
        <AttributionLine session={session} />
        <CatchUp session={session} />
        <Restoring session={session} />
        <KnockCards session={session} />
        <CallPanel call={session.call} session={session} />
        <Notices><MuteNotice session={session} /><RecordingNotice session={session} /></Notices>
        {dialog === 'share' && <ShareDialog session={session} onClose={closeDialog} />}
        {dialog === 'settings' && <RoomSettings session={session} onClose={closeDialog} />}
        {dialog === 'refused' && <RefusedDialog session={session} onClose={closeDialog} />}
        {dialog === 'shortcuts' && <ShortcutsDialog onClose={closeDialog} />}
        {dialog === 'about' && <AboutDialog onClose={closeDialog} />}
        <RoomStopped session={session} onHome={onLeave} onEnterAnew={onEnterAnew} />
      </div>
    </Moderation>
  );
}

function ShareButton({ onClick }: { onClick: () => void }) {
  const t = useTexts().share;
  return (
    <button type="button" className="button primary room-share" data-testid="share" title={t.title} onClick={onClick}>
      <Share2 size={16} aria-hidden />
      <span>{t.button}</span>
    </button>
  );
}

/** Open at first where there is room for it beside the board, and somebody has opened it before. */
function useDockTab(): [DockTab | null, (tab: DockTab | null) => void] {
  const [tab, setTab] = useState<DockTab | null>(() => {
    try {
      const kept = matchMedia(WIDE).matches ? sessionStorage.getItem('thunderline:dock') : null;
      return kept === 'chat' || kept === 'people' || kept === 'outline' ? kept : null;
    } catch {
      return null;
    }
  });
  const choose = useCallback((next: DockTab | null) => {
    setTab(next);
    try {
      sessionStorage.setItem('thunderline:dock', next ?? '');
    } catch {
      // Storage is blocked: the panel is closed after a reload.
    }
  }, []);
  return [tab, choose];
}

/** The page may be closed with work that is nowhere else: the browser asks first. */
function useWarningBeforeLoss(session: LiveRoomSession): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      const status = session.status.get();
      if (status.kind === 'offline' && status.changes > 0 && !status.stored) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [session]);
}

function useTestHandle(session: LiveRoomSession): void {
  const generation = useStore(session.generation);
  useEffect(() => {
    const { doc, provider } = session.whiteboard;
    window.__thunderline = { ...window.__thunderline, session, doc, provider };
  }, [session, generation]);
}

async function noteLastPicture(session: LiveRoomSession): Promise<void> {
  const slow = new Promise<undefined>((resolve) => setTimeout(resolve, LEAVING_MS, undefined));
  const thumbnail = await Promise.race([drawBoard(session).catch(() => undefined), slow]);
  const { id, name } = session.room.get();
  const me = session.me.get().sub;
  const people = session.roster.get().filter((person) => person.sub !== me).map((person) => person.name);
  if (thumbnail) noteRoom({ id, name, at: Date.now(), people, thumbnail });
}
