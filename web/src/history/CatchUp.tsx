/** For who returns after an absence: what changed meanwhile, as a short time-lapse coloured by person. */
import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { messagesOf } from '../chat/chatModel';
import type { LiveRoomSession } from '../sync/roomSession';
import { goTo, replayPath } from '../ui/route';
import { language, localeOf, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type Missed, missedBy } from './absence';
import './catchUp.css';
import { HistoryApi } from './historyApi';
import { useDayAndTime } from './times';

/** Absences that were told of already, so that a reload does not tell of them again. */
const TOLD = 'thunderline:caught-up';

export function CatchUp({ session }: { session: LiveRoomSession }) {
  const t = useTexts().catchUp;
  const { missed, forget } = useMissed(session);
  const lang = useStore(language);
  const time = useDayAndTime();
  if (!missed) return null;
  const people = new Intl.ListFormat(localeOf(lang)).format(missed.people);
  const watch = (): void => {
    forget();
    goTo(replayPath(session.room.get().id, { from: missed.since }));
  };
  return (
    <section className="catch-up" role="status" data-testid="catch-up">
      <p>
        {t.away(time(missed.since))}
        {missed.people.length > 0 && ` ${t.changes(people)}`}
        {missed.messages > 0 && ` ${t.messages(missed.messages)}`}
      </p>
      <button type="button" className="button primary" data-testid="catch-up-watch" onClick={watch}>{t.watch}</button>
      <button type="button" className="icon-button" aria-label={t.dismiss} title={t.dismiss} onClick={forget}><X size={18} aria-hidden /></button>
    </section>
  );
}

function useMissed(session: LiveRoomSession): { missed: Missed | null; forget: () => void } {
  const [missed, setMissed] = useState<Missed | null>(null);
  useEffect(() => {
    let current = true;
    const api = new HistoryApi(session.room.get().id, () => session.token());
    Promise.all([session.whiteboard.whenSynced, session.chat.whenSynced])
      .then(() => missedBy(api, session.me.get().sub, messagesOf(session.chat.doc).get()))
      .then((found) => {
        if (current && found && wasTold(session) < found.since) setMissed(found);
      })
      .catch(() => {}); // without it nothing is lost: the history is there to be opened
    return () => {
      current = false;
    };
  }, [session]);
  const forget = (): void => {
    if (missed) noteTold(session, missed.since);
    setMissed(null);
  };
  return { missed, forget };
}

function wasTold(session: LiveRoomSession): number {
  try {
    return Number(localStorage.getItem(`${TOLD}:${session.room.get().id}`) ?? 0);
  } catch {
    return 0;
  }
}

function noteTold(session: LiveRoomSession, since: number): void {
  try {
    localStorage.setItem(`${TOLD}:${session.room.get().id}`, String(since));
  } catch {
    // Storage is blocked: it is told again after a reload.
  }
}
