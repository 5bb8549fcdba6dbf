/** `/admin`: what the operator of an installation sees and does. */
import { Activity, ChartLine, CircleUser, DoorOpen, HardDrive, KeyRound, LogOut, ScrollText } from 'lucide-react';
import { type ComponentType, useEffect, useMemo, useRef, useState } from 'react';
import { LanguageChoices, ThemeChoices } from '../ui/RoomMenu';
import '../ui/roomMenu.css';
import { useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { adminAccess, leave, takeAdminToken } from './access';
import { type Admin, AdminContext } from './adminApi';
import './admin.css';
import { ConcurrencyView } from './ConcurrencyView';
import { EventsView } from './EventsView';
import { Gate } from './Gate';
import { Freshness, Numbers } from './Overview';
import { ViewLink } from './Parts';
import { PeopleView } from './PeopleView';
import { followHistory, useQuery } from './query';
import { RoomsView } from './RoomsView';
import './rooms.css';
import { SessionsView } from './SessionsView';
import { StorageView } from './StorageView';
import { TokensView } from './TokensView';
import type { Overview } from './types';
import { usePolled } from './usePolled';
import { useShowCurrent } from './useShowCurrent';

const VIEWS = ['rooms', 'people', 'sessions', 'concurrency', 'storage', 'events', 'tokens'] as const;
type View = (typeof VIEWS)[number];
const ICONS: Readonly<Record<View, ComponentType<{ size: number; 'aria-hidden': boolean }>>> = {
  rooms: DoorOpen, people: CircleUser, sessions: Activity, concurrency: ChartLine, storage: HardDrive, events: ScrollText, tokens: KeyRound,
};
const SAID_MS = 6_000;

export default function AdminPage() {
  const [taken, setTaken] = useState(false);
  const access = useStore(adminAccess);
  useEffect(() => {
    takeAdminToken();
    setTaken(true);
    // Another admin link, pasted into this page's address.
    window.addEventListener('hashchange', takeAdminToken);
    const end = followHistory();
    return () => {
      window.removeEventListener('hashchange', takeAdminToken);
      end();
    };
  }, []);
  if (!taken) return null;
  return access.kind === 'token' ? <Administration key={access.token} token={access.token} /> : <Gate why={access.kind} />;
}

function Administration({ token }: { token: string }) {
  const [said, say] = useSaid();
  const [now, setNow] = useState(0);
  const admin = useMemo<Admin>(() => ({ token, now, say }), [token, now, say]);
  return (
    <AdminContext value={admin}>
      <Page onNow={setNow} />
      <p className="admin-said" role="status" data-testid="said" data-shown={said !== '' || undefined}>{said}</p>
    </AdminContext>
  );
}

function Page({ onNow }: { onNow: (now: number) => void }) {
  const t = useTexts().admin;
  const overview = usePolled<Overview>('/api/admin/overview');
  const query = useQuery();
  const chosen = query.get('view') as View | null;
  const view = chosen && VIEWS.includes(chosen) ? chosen : 'rooms';
  useArrival(`${view} ${query.get('room')}`);
  const { value } = overview;
  useEffect(() => {
    if (value) onNow(value.now);
  }, [value, onNow]);
  useEffect(() => {
    document.title = `${t.views[view]} · ${value?.name ?? t.title}`;
  }, [t, view, value?.name]);
  return (
    <div className="admin">
      <a className="admin-skip" href="#admin-content" onClick={(event) => { event.preventDefault(); document.getElementById('admin-content')?.focus(); }}>{t.skip}</a>
      <Sidebar view={view} overview={value} />
      <main className="admin-main" id="admin-content" tabIndex={-1}>
        <div className="admin-content">
          <header className="admin-header">
            <h1>{t.views[view]}</h1>
            <Freshness of={overview} />
          </header>
          <Numbers overview={value} />
          <ViewOf view={view} overview={value} />
        </div>
      </main>
      <Choices />
    </div>
  );
}

function ViewOf({ view, overview }: { view: View; overview: Overview | undefined }) {
  switch (view) {
    case 'rooms': return <RoomsView />;
    case 'people': return <PeopleView />;
    case 'sessions': return <SessionsView />;
    case 'concurrency': return <ConcurrencyView />;
    case 'storage': return <StorageView overview={overview} />;
    case 'events': return <EventsView />;
    case 'tokens': return <TokensView />;
  }
}

function Sidebar({ view, overview }: { view: View; overview: Overview | undefined }) {
  const t = useTexts();
  const nav = useShowCurrent(view);
  return (
    <header className="admin-sidebar">
      <p className="admin-brand">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span><strong>{overview?.name ?? t.shell.app}</strong><span className="muted small">{t.admin.title}{overview && ` · ${overview.version}`}</span></span>
      </p>
      <nav ref={nav} className="admin-nav" aria-label={t.admin.nav}>
        {VIEWS.map((one) => {
          const Icon = ICONS[one];
          return <ViewLink key={one} to={{ view: one === 'rooms' ? null : one }} current={one === view}><Icon size={16} aria-hidden />{t.admin.views[one]}</ViewLink>;
        })}
      </nav>
    </header>
  );
}

function Choices() {
  const t = useTexts().admin;
  return (
    <footer className="admin-choices">
      <ThemeChoices />
      <LanguageChoices />
      <button type="button" className="button" onClick={() => leave({ kind: 'left' })}><LogOut size={16} aria-hidden />{t.signOut}</button>
    </footer>
  );
}

/** A view that is arrived at shows its beginning; the focus follows if what had it is gone. */
function useArrival(place: string): void {
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    const content = document.getElementById('admin-content');
    content?.scrollTo(0, 0);
    content?.parentElement?.scrollTo(0, 0);
    if (document.activeElement === document.body) content?.focus({ preventScroll: true });
  }, [place]);
}

/** What was done is told for a while. */
function useSaid(): [string, (words: string) => void] {
  const [said, setSaid] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = useMemo(() => (words: string): void => {
    clearTimeout(timer.current);
    setSaid(words);
    timer.current = setTimeout(() => setSaid(''), SAID_MS);
  }, []);
  return [said, say];
}
