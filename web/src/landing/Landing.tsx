/** The start page: a new room, a link to join, the rooms of this device. Nothing else. */
import { ArrowRight, Plus, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { identity } from '../api/identity';
import { keepLinks } from '../api/links';
import { createRoom } from '../api/rooms';
import { LocalStore } from '../sync/localStore';
import { useConfig } from '../ui/InfoDialogs';
import { suggestedName } from '../ui/NameDialog';
import { goTo, type JoinTarget, joinTargetOf } from '../ui/route';
import { LanguageChoices, ThemeChoices } from '../ui/RoomMenu';
import '../ui/roomMenu.css';
import { language, localeOf, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import './landing.css';
import { forgetRoom, type RecentRoom, recentRooms } from './recentRooms';

export function Landing() {
  const t = useTexts();
  const config = useConfig();
  const name = config?.name ?? t.shell.app;
  useEffect(() => {
    document.title = name;
  }, [name]);
  return (
    <main className="landing">
      <header className="landing-header">
        <img src="/icon.svg" alt="" width="40" height="40" />
        <h1>{name}</h1>
      </header>
      <section className="landing-start">
        {config && config.create_rooms !== 'anyone' ? <p className="muted">{t.landing.mayNotCreate}</p> : <NewRoom />}
        <JoinWithLink />
      </section>
      <RecentRooms unreachable={config === null} />
      <footer className="landing-footer">
        <ThemeChoices />
        <LanguageChoices />
      </footer>
    </main>
  );
}

function NewRoom() {
  const t = useTexts().landing;
  const [state, setState] = useState<'ready' | 'making' | 'failed' | 'forbidden'>('ready');
  const make = async (): Promise<void> => {
    setState('making');
    try {
      const { guest_key, name } = identity();
      const { room, links } = await createRoom({ owner: { guest_key, name: name || suggestedName() } });
      keepLinks(room.id, links);
      goTo(`/r/${room.id}`);
    } catch (error) {
      setState(error instanceof ApiError && !error.isTemporary ? 'forbidden' : 'failed');
    }
  };
  return (
    <div className="landing-new">
      <button type="button" className="button primary large" data-testid="new-room" disabled={state === 'making'} onClick={() => void make()}>
        <Plus size={18} aria-hidden />
        {t.newRoom}
      </button>
      {state === 'failed' && <p className="problem" role="alert">{t.cannotCreate}</p>}
      {state === 'forbidden' && <p className="problem" role="alert">{t.mayNotCreate}</p>}
    </div>
  );
}

function JoinWithLink() {
  const t = useTexts().landing;
  const [link, setLink] = useState('');
  const [problem, setProblem] = useState<JoinTarget | null>(null);
  const join = (): void => {
    const target = joinTargetOf(link, location.origin);
    if (target.kind === 'room') goTo(target.path);
    else setProblem(target);
  };
  return (
    <form className="landing-join" onSubmit={(event) => { event.preventDefault(); join(); }}>
      <label className="field">
        <span>{t.joinLabel}</span>
        <span className="row">
          <input
            className="input"
            data-testid="join-link"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder={t.joinPlaceholder}
            value={link}
            onChange={(event) => { setLink(event.target.value); setProblem(null); }}
          />
          <button type="submit" className="button" disabled={!link.trim()}>
            {t.join}
            <ArrowRight size={16} aria-hidden />
          </button>
        </span>
      </label>
      {problem?.kind === 'none' && <p className="problem" role="alert">{t.notALink} {location.origin}/r/…</p>}
      {problem?.kind === 'other' && <p className="problem" role="alert">{t.otherServer(problem.host)}</p>}
    </form>
  );
}

function RecentRooms({ unreachable }: { unreachable: boolean }) {
  const t = useTexts().landing;
  const [rooms, setRooms] = useState(recentRooms);
  const unsaved = useUnsaved();
  const forget = (id: string): void => {
    forgetRoom(id);
    setRooms(recentRooms());
  };
  return (
    <section className="landing-recent" aria-labelledby="recent">
      <h2 id="recent">{t.recent}</h2>
      {rooms.length === 0 && <p className="muted">{t.none}</p>}
      <ul>
        {rooms.map((room) => (
          <Card key={room.id} room={room} unsaved={unsaved.get(room.id) ?? 0} offline={unreachable} onForget={() => forget(room.id)} />
        ))}
      </ul>
    </section>
  );
}

function Card({ room, unsaved, offline, onForget }: {
  room: RecentRoom; unsaved: number; offline: boolean; onForget: () => void;
}) {
  const t = useTexts();
  const lang = localeOf(useStore(language));
  const name = room.name || t.shell.untitled;
  const path = `/r/${encodeURIComponent(room.id)}`;
  const shown = room.people.slice(0, 3);
  const more = room.people.length - shown.length;
  const names = new Intl.ListFormat(lang).format([...shown, ...(more > 0 ? [t.landing.more(more).replace(/^(and|und) /, '')] : [])]);
  return (
    <li className="card">
      <a
        href={path}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          goTo(path);
        }}
      >
        <span className="card-picture">{room.thumbnail && <img src={room.thumbnail} alt="" loading="lazy" />}</span>
        <span className="card-name">{name}</span>
        <span className="card-detail">
          <time dateTime={new Date(room.at).toISOString()}>{whenOf(room.at, lang)}</time>
          {room.people.length > 0 && ` · ${t.landing.with(names)}`}
        </span>
        {unsaved > 0 && <span className="card-mark warn">{t.landing.unsent(unsaved)}</span>}
        {unsaved === 0 && offline && <span className="card-mark">{t.landing.opensOffline}</span>}
      </a>
      <button type="button" className="icon-button card-forget" aria-label={t.landing.forget(name)} title={t.landing.forget(name)} onClick={onForget}>
        <X size={16} aria-hidden />
      </button>
    </li>
  );
}

/** How many changes of each room have not reached the server from this device. */
function useUnsaved(): ReadonlyMap<string, number> {
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map());
  useEffect(() => {
    let current = true;
    void LocalStore.open().then(async (store) => {
      const sums = new Map<string, number>();
      for (const { database, changes } of (await store?.allUnsaved()) ?? []) {
        const room = database.split(':')[1] ?? '';
        sums.set(room, (sums.get(room) ?? 0) + changes);
      }
      store?.close();
      if (current) setCounts(sums);
    });
    return () => {
      current = false;
    };
  }, []);
  return counts;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]];

function whenOf(at: number, lang: string): string {
  const ago = Date.now() - at;
  if (ago > 7 * 86_400_000) return new Intl.DateTimeFormat(lang, { dateStyle: 'medium' }).format(at);
  const format = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  const [unit, size] = STEPS.find(([, length]) => ago >= length) ?? ['second', Number.POSITIVE_INFINITY];
  return format.format(0 - Math.floor(ago / size), unit);
}
