/** In front of a room with a lobby: what one waits for, whether somebody is there to open, and the ways out. */
import { DoorClosed, DoorOpen } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { identity, MAX_NAME_LENGTH, rename, tidyName } from '../api/identity';
import type { Knocking } from '../sync/knocking';
import './lobbyPage.css';
import { personsReason } from './reasons';
import './stoppedPage.css';
import { StoppedPage } from './StoppedPage';
import { useTexts } from './texts';
import { useStore } from './useStore';

export interface LobbyPageProps {
  knocking: Pick<Knocking, 'room' | 'state' | 'again'>;
  onHome: () => void;
  /** Knock under another name. */
  onRenamed: () => void;
}

export function LobbyPage({ knocking, onHome, onRenamed }: LobbyPageProps) {
  const t = useTexts().lobby;
  const state = useStore(knocking.state);
  const isIn = state.kind === 'admitted';
  useEffect(() => {
    document.title = `${isIn ? t.admitted : t.waiting} · ${knocking.room.name}`;
  }, [isIn, knocking, t]);
  if (state.kind === 'failed') return <StoppedPage code={state.code} onHome={onHome} onRetry={() => knocking.again()} />;
  if (state.kind === 'declined') return <Declined reason={state.reason} onHome={onHome} onAgain={() => knocking.again()} />;
  const hasAnswered = isIn || state.reason !== '';
  return (
    <Card icon={isIn ? <DoorOpen size={28} aria-hidden /> : <DoorClosed size={28} aria-hidden />} title={t.title(knocking.room.name)}>
      <p className="lobby-state" role="status" data-testid="lobby-state">
        <span className="lobby-dots" aria-hidden><i /><i /><i /></span>
        {isIn ? t.admitted : hasAnswered ? t.waiting : t.connecting}
      </p>
      {state.kind === 'waiting' && <p>{t.asking}{hasAnswered && ` ${state.moderators > 0 ? t.here(state.moderators) : t.nobodyHere}`}</p>}
      {!isIn && <KnockName onRenamed={onRenamed} />}
      <div className="stopped-actions">
        <button type="button" className="button" data-testid="lobby-cancel" onClick={onHome}>{t.cancel}</button>
      </div>
    </Card>
  );
}

function Declined({ reason, onHome, onAgain }: { reason: string; onHome: () => void; onAgain: () => void }) {
  const t = useTexts().lobby;
  const given = personsReason(reason);
  return (
    <Card icon={<DoorClosed size={28} aria-hidden />} title={t.declinedTitle} isAlert>
      <p>{t.declined}</p>
      {given && <p className="stopped-reason">{t.reason(given)}</p>}
      <div className="stopped-actions">
        <button type="button" className="button primary" onClick={onHome}>{t.home}</button>
        <button type="button" className="button" data-testid="knock-again" onClick={onAgain}>{t.again}</button>
      </div>
    </Card>
  );
}

function Card({ icon, title, isAlert = false, children }: { icon: ReactNode; title: string; isAlert?: boolean; children: ReactNode }) {
  return (
    <main className="stopped" data-testid="lobby">
      <div className="stopped-card lobby-card" role={isAlert ? 'alert' : undefined}>
        {icon}
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

function KnockName({ onRenamed }: { onRenamed: () => void }) {
  const t = useTexts();
  const [changing, setChanging] = useState(false);
  const [name, setName] = useState(() => identity().name);
  if (!changing) {
    return (
      <p className="lobby-name">
        <span className="muted small">{t.lobby.yourName}</span>
        <span className="row">
          <strong>{name}</strong>
          <button type="button" className="button small-button" onClick={() => setChanging(true)}>{t.lobby.rename}</button>
        </span>
      </p>
    );
  }
  return (
    <form
      className="lobby-name"
      onSubmit={(event) => {
        event.preventDefault();
        if (!tidyName(name)) return;
        rename(name);
        onRenamed();
      }}
    >
      <label className="field">
        <span>{t.lobby.yourName}</span>
        <span className="row">
          <input
            className="input"
            value={name}
            maxLength={MAX_NAME_LENGTH}
            autoComplete="nickname"
            autoFocus
            onFocus={(event) => event.target.select()}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button" disabled={!tidyName(name)}>{t.people.saveName}</button>
        </span>
      </label>
    </form>
  );
}
