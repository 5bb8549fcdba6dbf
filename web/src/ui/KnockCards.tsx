/** For those who moderate: who wants to come in. A quiet card at the edge, read aloud, never under a pen. */
import { Check, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Knock, RoomSession } from '../sync/types';
import { MAX_REASON_LENGTH } from './ConfirmDialog';
import './knockCards.css';
import { useUnderPen } from './pen';
import { keepKeys } from './regions';
import { useTexts } from './texts';
import { useStore } from './useStore';

/** So many have their own row; the rest is counted until somebody wants to see it. */
const FEW = 3;
/** An answer that the server did not confirm can be given again after so long. */
const PATIENCE_MS = 4_000;

type Knocking = Pick<RoomSession, 'knocks' | 'admit' | 'decline'>;

export function KnockCards({ session }: { session: Knocking }) {
  const t = useTexts().lobby;
  const knocks = useUnderPen(useStore(session.knocks));
  const [all, setAll] = useState(false);
  const { answered, answer } = useAnswered();
  const shown = all ? knocks : knocks.slice(0, FEW);
  const admit = ({ sub }: Knock): void => {
    answer(sub);
    session.admit(sub);
  };
  const summary = knocks.length === 0 ? '' : knocks.length === 1 ? t.knocks(knocks[0]!.name) : t.several(knocks.length);
  return (
    <>
      <p className="visually-hidden" role="status" data-testid="knocks-said">{summary}</p>
      {knocks.length > 0 && (
        <section className="knocks" aria-label={t.region} data-region="knocks" data-testid="knocks" onKeyDown={keepKeys}>
          {knocks.length > 1 && <h2>{summary}</h2>}
          <ul>
            {shown.map((knock) => (
              <Row
                key={knock.sub}
                knock={knock}
                isAlone={knocks.length === 1}
                isAnswered={answered.has(knock.sub)}
                onAdmit={() => admit(knock)}
                onDecline={(reason) => {
                  answer(knock.sub);
                  session.decline(knock.sub, reason || undefined);
                }}
              />
            ))}
          </ul>
          {knocks.length > 1 && (
            <div className="knocks-foot">
              {knocks.length > FEW && (
                <button type="button" className="link-button" aria-expanded={all} onClick={() => setAll(!all)}>
                  {all ? t.fewer : t.more(knocks.length - FEW)}
                </button>
              )}
              <button type="button" className="button small-button" data-testid="admit-all" onClick={() => knocks.forEach(admit)}>
                {t.admitAll}
              </button>
            </div>
          )}
        </section>
      )}
    </>
  );
}

function Row({ knock, isAlone, isAnswered, onAdmit, onDecline }: {
  knock: Knock; isAlone: boolean; isAnswered: boolean; onAdmit: () => void; onDecline: (reason: string) => void;
}) {
  const t = useTexts();
  const [declining, setDeclining] = useState(false);
  const { name } = knock;
  return (
    <li className="knock" data-testid="knock" data-sub={knock.sub}>
      <span className="knock-name">{isAlone ? t.lobby.knocks(name) : <bdi>{name}</bdi>}</span>
      {declining
        ? <DeclineForm name={name} onDecline={onDecline} onCancel={() => setDeclining(false)} />
        : (
          <span className="knock-actions">
            <button
              type="button"
              className="button primary small-button"
              data-testid="admit"
              aria-label={t.lobby.admitThis(name)}
              disabled={isAnswered}
              onClick={onAdmit}
            >
              <Check size={14} aria-hidden />
              {t.lobby.admit}
            </button>
            <button
              type="button"
              className="button small-button"
              data-testid="decline"
              aria-label={t.lobby.declineThis(name)}
              disabled={isAnswered}
              onClick={() => setDeclining(true)}
            >
              {t.lobby.decline}
            </button>
          </span>
        )}
    </li>
  );
}

function DeclineForm({ name, onDecline, onCancel }: { name: string; onDecline: (reason: string) => void; onCancel: () => void }) {
  const t = useTexts();
  const [reason, setReason] = useState('');
  return (
    <form
      className="knock-decline"
      onSubmit={(event) => {
        event.preventDefault();
        onDecline(reason.trim());
        onCancel();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <input
        className="input"
        autoFocus
        value={reason}
        maxLength={MAX_REASON_LENGTH}
        placeholder={t.lobby.reasonLabel}
        aria-label={t.lobby.reasonLabel}
        data-testid="decline-reason"
        onChange={(event) => setReason(event.target.value)}
      />
      <button type="submit" className="button small-button danger" data-testid="decline-send" aria-label={t.lobby.declineThis(name)}>
        {t.lobby.sendDecline}
      </button>
      <button type="button" className="icon-button" aria-label={t.shell.cancel} title={t.shell.cancel} onClick={onCancel}>
        <X size={16} aria-hidden />
      </button>
    </form>
  );
}

/** Whom we have answered a moment ago. */
function useAnswered() {
  const [answered, setAnswered] = useState<ReadonlySet<string>>(new Set());
  const timers = useRef<ReturnType<typeof setTimeout>[]>([]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  const answer = (sub: string): void => {
    setAnswered((known) => new Set([...known, sub]));
    timers.current.push(setTimeout(() => {
      setAnswered((known) => new Set([...known].filter((one) => one !== sub)));
    }, PATIENCE_MS));
  };
  return { answered, answer };
}
