/** The call beside the board: everybody's picture, and the bar that one steers it with. Only while one is in it. */
import { Grid2x2, Hand, PhoneOff, RectangleHorizontal, Rows2, Settings2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { RoomSession } from '../../sync/types';
import { NoticeBar } from '../../ui/Notices';
import { Popover } from '../../ui/Popover';
import { keepKeys } from '../../ui/regions';
import { useTexts } from '../../ui/texts';
import { useStore } from '../../ui/useStore';
import type { Call } from '../types';
import './call.css';
import { CallDetails } from './CallDetails';
import { MediaButton } from './MediaButton';
import { type CallLayout, Tiles } from './Tiles';
import { useArrivals } from './useArrivals';
import { usePushToTalk } from './usePushToTalk';

const KINDS = ['mic', 'camera', 'screen'] as const;
const LAYOUTS = [['strip', Rows2], ['grid', Grid2x2], ['spotlight', RectangleHorizontal]] as const;
const KEY = 'thunderline:call-layout';

export interface CallPanelProps {
  call: Call;
  session: Pick<RoomSession, 'permissions' | 'roster' | 'me' | 'setHand'>;
}

export function CallPanel({ call, session }: CallPanelProps) {
  const state = useStore(call.state);
  if (state.kind === 'out') return null;
  if (state.kind === 'failed') return <Failure call={call} reason={state.reason} />;
  return <Ongoing call={call} session={session} />;
}

function Failure({ call, reason }: { call: Call; reason: 'unsupported' | 'offline' | 'refused' }) {
  const t = useTexts().call;
  return (
    <div className="call-failure" role="alert">
      <NoticeBar words={t.failures[reason]} testId="call-failure" onDismiss={() => call.leave()} />
    </div>
  );
}

function Ongoing({ call, session }: CallPanelProps) {
  const t = useTexts().call;
  const state = useStore(call.state);
  const [layout, setLayout] = useLayout();
  const news = useArrivals(call, session);
  const isTalking = usePushToTalk(call, session);
  return (
    <section className="call" data-layout={layout} data-region="call" data-testid="call-panel" aria-label={t.region} onKeyDown={keepKeys}>
      <Tiles call={call} layout={layout} />
      <div className="call-bar">
        {KINDS.map((kind) => <MediaButton key={kind} call={call} session={session} kind={kind} />)}
        <HandButton session={session} />
        <div className="call-layouts" role="group" aria-label={t.layout}>
          {LAYOUTS.map(([name, Icon]) => (
            <button
              key={name} type="button" className="icon-button" title={t.layouts[name]} aria-label={t.layouts[name]}
              aria-pressed={layout === name} data-testid={`call-layout-${name}`} onClick={() => setLayout(name)}
            >
              <Icon size={18} aria-hidden />
            </button>
          ))}
        </div>
        <Popover label={t.more} className="icon-button" testId="call-more" button={<Settings2 size={18} aria-hidden />}>
          {() => <CallDetails call={call} session={session} />}
        </Popover>
        <button type="button" className="icon-button call-leave" title={t.leave} aria-label={t.leave} data-testid="call-leave" onClick={() => call.leave()}>
          <PhoneOff size={18} aria-hidden />
        </button>
      </div>
      {isTalking && <p className="call-note">{t.talking}</p>}
      <p role="status" className={state.kind === 'in' ? 'visually-hidden' : 'call-note'} data-testid="call-state">
        {state.kind === 'joining' ? t.joining : state.kind === 'reconnecting' ? t.reconnecting : news}
      </p>
    </section>
  );
}

function HandButton({ session }: { session: CallPanelProps['session'] }) {
  const t = useTexts().call;
  const me = useStore(session.me).session;
  const isUp = useStore(session.roster).find((person) => person.session === me)?.hand ?? false;
  const words = isUp ? t.handDown : t.handUp;
  return (
    <button
      type="button" className="icon-button" title={words} aria-label={words} aria-pressed={isUp} data-testid="call-hand"
      onClick={() => session.setHand(!isUp)}
    >
      <Hand size={18} aria-hidden />
    </button>
  );
}

/** Kept on this device. */
function useLayout(): [CallLayout, (layout: CallLayout) => void] {
  const [layout, setLayout] = useState<CallLayout>(() => {
    try {
      const kept = localStorage.getItem(KEY);
      return kept === 'grid' || kept === 'spotlight' ? kept : 'strip';
    } catch {
      return 'strip'; // storage is blocked
    }
  });
  useEffect(() => {
    try {
      localStorage.setItem(KEY, layout);
    } catch {
      // storage is blocked: the next call begins with the strip
    }
  }, [layout]);
  return [layout, setLayout];
}
