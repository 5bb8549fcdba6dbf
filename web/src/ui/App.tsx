/** The page of the address: the start page, a room, or the administration. */
import { Component, lazy, type ReactNode, Suspense } from 'react';
import { Landing } from '../landing/Landing';
import { route } from './route';
import { texts, useTexts } from './texts';
import { UpdateToast } from './UpdateToast';
import { useStore } from './useStore';

const RoomPage = lazy(() => import('./RoomPage'));
const AdminPage = lazy(() => import('../admin/AdminPage'));

/** The editor is the largest part: fetch it beside the room's page, not after it; on the start page, once that is idle. */
const preload = (): void => void Promise.all([import('./RoomPage'), import('../whiteboard/Board')]).catch(() => {});
const preloadReplay = (): void =>
  void Promise.all([import('./RoomPage'), import('../history/ReplayView'), import('../history/ReplayBoard')]).catch(() => {});
const first = route.get();
if (first.page === 'room') (first.isReplay ? preloadReplay : preload)();
else if (first.page === 'landing' && 'requestIdleCallback' in window) requestIdleCallback(preload, { timeout: 3_000 });

export function App() {
  const t = useTexts().shell;
  const shown = useStore(route);
  return (
    <LastResort>
      <Suspense fallback={<p className="page-waiting" role="status">{t.loading}</p>}>
        {shown.page === 'room' && <RoomPage key={shown.room} room={shown.room} />}
        {shown.page === 'admin' && <AdminPage />}
        {shown.page === 'landing' && <Landing />}
      </Suspense>
      <UpdateToast />
    </LastResort>
  );
}

/** What is shown when a defect of ours ends the page: the work is still in its local copy. */
class LastResort extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    const t = texts().shell;
    return (
      <main className="stopped">
        <div className="stopped-card" role="alert">
          <h1>{t.brokenTitle}</h1>
          <p>{t.broken}</p>
          <button type="button" className="button primary" onClick={() => location.reload()}>{t.reload}</button>
        </div>
      </main>
    );
  }
}
