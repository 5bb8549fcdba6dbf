/** `/r/<room>/replay`: the room as it was at any moment; the board keeps its place, tools give way to a track below. */
import { ArrowLeft, MessageSquare, SquareDashedMousePointer } from 'lucide-react';
import { Suspense, lazy, useEffect, useMemo, useState } from 'react';
import { messagesOf } from '../chat/chatModel';
import { previewOf } from '../chat/Message';
import type { RoomSession } from '../sync/types';
import { colorOf } from '../sync/userColor';
import { goTo, replayPath } from '../ui/route';
import { language, localeOf, useTexts } from '../ui/texts';
import { theme } from '../ui/theme';
import { useStore } from '../ui/useStore';
import { arrivalsOf, listOf } from './arrivals';
import { Controls, Switch } from './Controls';
import type { RoomHistory } from './historyApi';
import { MomentMenu } from './MomentMenu';
import { type Actor, type NameOf, actorsOf, namesOf, presentAt } from './people';
import './replay.css';
import { ReplayChat } from './ReplayChat';
import type { Replay, Span } from './replay';
import { RecordedMedia } from './RecordedMedia';
import { ReplayProblem } from './ReplayProblem';
import { wantRestore } from './restoring';
import { SelectionList } from './SelectionList';
import type { Stage } from './stage';
import { StoryCard } from './StoryCard';
import { useDayAndTime, useTimes } from './times';
import type { Tint } from './tintedScene';
import { type Came, type Tick, Track } from './Track';
import { useCursors } from './useCursors';
import { useReplayKeys } from './useReplayKeys';
import { useFrames, useReplay } from './useReplay';
import { useSelection } from './useSelection';

/** The editor is large: what is to be shown in it is asked for meanwhile. */
const loading = import('./ReplayBoard');
const ReplayBoard = lazy(() => loading.then((module) => ({ default: module.ReplayBoard })));

const MAX_LANES = 6;
const MAX_TICKS = 300;

export default function ReplayView({ session }: { session: RoomSession }) {
  const t = useTexts().replay;
  const [opening, again] = useReplay(session);
  const room = useStore(session.room);
  const back = (): void => goTo(`/r/${encodeURIComponent(room.id)}`);
  return (
    <main className="replay" data-region="board" aria-label={t.region} tabIndex={-1}>
      <header className="replay-header">
        <button type="button" className="button" data-testid="replay-back" onClick={back}><ArrowLeft size={16} aria-hidden />{t.back}</button>
        <h1>{room.name}</h1>
        {room.origin && <OriginLink room={room.origin.room} at={room.origin.at} />}
      </header>
      {opening.kind === 'opening' && <p className="page-waiting" role="status">{t.loading}</p>}
      {opening.kind === 'failed' && <ReplayProblem error={opening.error} onAgain={again} />}
      {opening.kind === 'open' && (opening.replay.isEmpty
        ? <p className="page-waiting replay-empty" role="status">{t.empty}</p>
        : <Open session={session} replay={opening.replay} />)}
    </main>
  );
}

/** A branch began as another room was: there its earlier history is. */
function OriginLink({ room, at }: { room: string; at: number }) {
  const t = useTexts().replay;
  const time = useDayAndTime();
  const path = replayPath(room, { at });
  return (
    <a
      className="replay-origin" href={path} data-testid="replay-origin"
      onClick={(event) => {
        event.preventDefault();
        goTo(path);
      }}
    >
      {t.origin(time(at))}
    </a>
  );
}

function Open({ session, replay }: { session: RoomSession; replay: Replay }) {
  const texts = useTexts();
  const t = texts.replay;
  const lang = useStore(language);
  const boardTheme = useStore(theme);
  const timeline = useStore(replay.timeline);
  const span = useStore(replay.span);
  const position = useStore(replay.position);
  const problem = useStore(replay.problem);
  const [stage, setStage] = useState<Stage | null>(null);
  const selection = useSelection(stage);
  const [only, setOnly] = useState<string | null>(null);
  const [byAuthor, setByAuthor] = useState(() => wish('from') !== undefined);
  const [showsChat, setShowsChat] = useState(() => matchMedia('(min-width: 1000px)').matches && replay.chat.head > 0);
  const words = useTimes(span);
  const { overview } = replay;
  const nameOf = useMemo(() => namesOf(overview, session, t.someone), [overview, session, t]);
  const actors = useMemo(() => actorsOf(timeline, nameOf), [timeline, nameOf]);
  const lanes = useMemo(() => actors.slice(0, MAX_LANES), [actors]);
  const ticks = useTicks(session, replay, span, texts.chat, nameOf);
  useNews(session, replay);
  useFrames(replay);
  const arrivals = useArrivals(overview, span, nameOf, t, localeOf(lang));
  useBeginning(replay, stage);
  useTint(replay, stage, byAuthor, only);
  useCursors(replay, stage, { nameOf, only, theme: boardTheme });
  useTestHandle(replay, stage);
  useReplayKeys(replay, ticks, arrivals, selection.keys);
  const mayDraw = session.may('draw');
  const restore = (): void => wantRestore(session, { doc: replay.board.doc, at: replay.position.get(), ids: selection.ids });
  const present = presentAt(overview, position).map(nameOf);
  return (
    <>
      <Suspense fallback={<p className="page-waiting" role="status">{t.loading}</p>}>
        <ReplayBoard
          session={session} replay={replay} theme={boardTheme} lang={lang} onStage={setStage}
          selection={selection.ids} selectsSeveral={selection.isSeveral} onSelect={selection.select}
        />
      </Suspense>
      {stage && (selection.isSeveral || selection.ids.length > 0) && (
        <StoryCard
          replay={replay}
          selection={selection.ids}
          makers={ownersOf(replay, selection.ids.map((id) => stage.makerOf(id) ?? -1))}
          writers={ownersOf(replay, selection.ids.flatMap((id) => stage.writersOf(id)))}
          nameOf={nameOf}
          wordsOf={words.moment}
          onClose={selection.close}
          onRestore={mayDraw ? restore : undefined}
        >
          {selection.isSeveral && <SelectionList replay={replay} stage={stage} selection={selection.ids} onSelect={selection.select} />}
        </StoryCard>
      )}
      <RecordedMedia replay={replay} nameOf={nameOf} only={only} />
      {showsChat && <aside className="replay-side"><ReplayChat session={session} replay={replay} /></aside>}
      <footer className="replay-panel" data-region="dock" aria-label={t.title}>
        {problem !== null && <ReplayProblem error={problem} onAgain={() => void replay.seek(position)} />}
        <Lanes actors={actors} only={only} onOnly={setOnly} />
        <Track replay={replay} lanes={lanes} ticks={ticks} arrivals={arrivals} only={only} nameOf={nameOf} wordsOf={words.moment} />
        <div className="replay-row">
          <Controls replay={replay} byAuthor={byAuthor} onByAuthor={setByAuthor} time={words.moment(position)} wordsOfSpan={words.span} />
          {mayDraw && <SelectSeveral on={selection.isSeveral} onChange={selection.setSeveral} />}
          <p className="replay-here muted small" data-testid="replay-here">{present.length > 0 ? t.here(present.join(', ')) : t.nobodyHere}</p>
          <button
            type="button" className="icon-button" aria-pressed={showsChat} aria-label={showsChat ? t.hideChat : t.showChat}
            title={showsChat ? t.hideChat : t.showChat} data-testid="replay-chat" onClick={() => setShowsChat(!showsChat)}
          >
            <MessageSquare size={18} aria-hidden />
          </button>
          <MomentMenu session={session} replay={replay} stage={stage} arrivals={arrivals} only={only} nameOf={nameOf} wordsOf={words.moment} />
        </div>
      </footer>
    </>
  );
}

/** Who drew, and the way to see one person's work alone. */
function Lanes({ actors, only, onOnly }: { actors: readonly Actor[]; only: string | null; onOnly: (sub: string | null) => void }) {
  const t = useTexts().replay;
  if (actors.length === 0) return null;
  const shown = actors.slice(0, MAX_LANES);
  return (
    <div className="replay-people" role="group" aria-label={t.lanes}>
      {shown.map(({ sub, name, color }) => (
        <button
          key={sub} type="button" className="replay-person" data-testid="replay-person" aria-pressed={only === sub}
          title={only === sub ? t.everybody : t.only(name)} onClick={() => onOnly(only === sub ? null : sub)}
        >
          <span className="replay-dot" style={{ background: color }} aria-hidden /><bdi>{name}</bdi>
        </button>
      ))}
      {actors.length > shown.length && <span className="muted small">{t.others(actors.length - shown.length)}</span>}
    </div>
  );
}

function SelectSeveral({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  const t = useTexts().replay;
  return (
    <Switch label={t.selectSeveral} on={on} onChange={onChange} testId="select-several"><SquareDashedMousePointer size={18} aria-hidden /></Switch>
  );
}

/** Whose these Yjs client ids are, each once. */
function ownersOf(replay: Replay, clients: readonly number[]): readonly string[] {
  return [...new Set(clients.map((client) => replay.authors.get(client)).filter((owner) => owner !== undefined))];
}

/** It opens at the end; go where the address says. `from` plays on from there. */
function useBeginning(replay: Replay, stage: Stage | null): void {
  useEffect(() => {
    if (!stage) return;
    const [at, from] = [wish('at'), wish('from')];
    const begin = from ?? at;
    if (begin !== undefined) void replay.seek(begin).then(() => from !== undefined && replay.play());
  }, [replay, stage]);
}

function wish(name: 'at' | 'from'): number | undefined {
  const text = new URLSearchParams(location.search).get(name);
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

function useTint(replay: Replay, stage: Stage | null, byAuthor: boolean, only: string | null): void {
  useEffect(() => {
    if (!stage) return;
    const makerOf = (id: string): string | undefined => replay.authors.get(stage.makerOf(id) ?? -1);
    const tint: Tint = ({ id }) => {
      const maker = makerOf(id);
      return { color: byAuthor && maker !== undefined ? colorOf(maker) : undefined, faded: only !== null && maker !== only };
    };
    stage.setTint(byAuthor || only !== null ? tint : () => undefined);
  }, [replay, stage, byAuthor, only]);
}

/** The messages that there are now, as places on the track. */
function useTicks(
  session: RoomSession, replay: Replay, span: Span, t: { deleted: string; file: string }, nameOf: (sub: string) => string,
): readonly Tick[] {
  useStore(session.generation);
  const messages = useStore(messagesOf(session.chat.doc));
  const moments = useStore(replay.moments);
  return useMemo(() => {
    const placed = messages.map((message) => ({ message, at: moments.get(message.id) ?? replay.instantOf(message.id, message.sentAt) }));
    return placed.filter(({ at }) => at >= span.begin && at <= span.end).slice(-MAX_TICKS).map(({ message, at }) => ({
      key: message.id, at, color: colorOf(message.author), words: `${nameOf(message.author)}: ${previewOf(message, t)}`,
    }));
  }, [messages, moments, replay, span, t, nameOf]);
}

function useArrivals(
  overview: RoomHistory, span: Span, nameOf: NameOf,
  t: { came: (names: string, count: number) => string; others: (count: number) => string }, locale: string,
): readonly Came[] {
  return useMemo(() => arrivalsOf(overview, span).map(({ at, subs }) => (
    { at, words: t.came(listOf(subs.map(nameOf), t.others, locale), subs.length) }
  )), [overview, span, nameOf, t, locale]);
}

const NEWS_MS = 2_000;

/** What is drawn and said meanwhile is taken in now and then. */
function useNews(session: RoomSession, replay: Replay): void {
  const generation = useStore(session.generation);
  useEffect(() => {
    const reading = new AbortController();
    const place = (): void => void replay.place(reading.signal).catch(() => {});
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void replay.refresh().then(place, () => {}); // the next change asks again
      }, NEWS_MS);
    };
    place();
    const docs = [session.whiteboard.doc, session.chat.doc];
    for (const doc of docs) doc.on('update', later);
    return () => {
      reading.abort();
      clearTimeout(timer);
      for (const doc of docs) doc.off('update', later);
    };
  }, [session, generation, replay]);
}

function useTestHandle(replay: Replay, stage: Stage | null): void {
  useEffect(() => {
    window.__thunderline = { ...window.__thunderline, replay, api: stage?.api, stage };
  }, [replay, stage]);
}
