/** Below the board, for the one element that is selected: who made it, who changed it since. */
import { useEffect, useMemo, useState } from 'react';
import { messagesOf, authorNames } from '../chat/chatModel';
import type { LiveRoomSession } from '../sync/roomSession';
import { colorOf } from '../sync/userColor';
import { language, localeOf, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import { type BoardHandle, boardOf } from '../whiteboard/boardHandle';
import { type Attribution, Owners } from './attribution';
import './attributionLine.css';
import { HistoryApi } from './historyApi';
import { knownNames } from './people';

export function AttributionLine({ session }: { session: LiveRoomSession }) {
  const board = useStore(boardOf(session));
  const selected = useSelected(board);
  const attribution = useAttribution(session, selected);
  const words = useWords(session, attribution);
  if (!attribution || !words) return null;
  return (
    <p className="attribution" data-testid="attribution">
      {attribution.maker !== null && <span className="attribution-dot" style={{ background: colorOf(attribution.maker) }} aria-hidden />}
      <span className="attribution-words">{words}</span>
    </p>
  );
}

/** The id of the element that alone is selected, and not being made or changed just now. */
function useSelected(board: BoardHandle | null): string | null {
  const [selected, setSelected] = useState<string | null>(null);
  useEffect(() => {
    setSelected(null);
    return board?.api.onChange((_, state) => {
      const [id, ...more] = Object.keys(state.selectedElementIds);
      const isIdle = !state.newElement && !state.editingTextElement && !state.selectedElementsAreBeingDragged && !state.isResizing;
      setSelected(id !== undefined && more.length === 0 && isIdle ? id : null);
    });
  }, [board]);
  return selected;
}

function useAttribution(session: LiveRoomSession, id: string | null): Attribution | null {
  const generation = useStore(session.generation);
  const owners = useMemo(() => new Owners(session), [session]);
  const [told, setTold] = useState<Attribution | null>(null);
  useEffect(() => {
    let current = true;
    const found = id === null ? null : owners.of(id);
    setTold(found?.attribution ?? null);
    if (id !== null && found && !found.isComplete) {
      void owners.learn().then((learned) => {
        if (current && learned) setTold(owners.of(id)?.attribution ?? null);
      });
    }
    return () => {
      current = false;
    };
  }, [owners, id, generation]);
  return told;
}

function useWords(session: LiveRoomSession, attribution: Attribution | null): string | null {
  const t = useTexts().attribution;
  const lang = useStore(language);
  const roster = useStore(session.roster);
  const me = useStore(session.me);
  const former = useFormerNames(session, attribution);
  if (!attribution) return null;
  const nameOf = (sub: string): string =>
    (sub === me.sub ? t.you : roster.find((person) => person.sub === sub)?.name ?? former.get(sub) ?? t.someone);
  const { maker, others } = attribution;
  const made = maker === null ? t.madeBy(t.someone) : t.madeBy(nameOf(maker));
  const changed = new Intl.ListFormat(localeOf(lang)).format(others.map(nameOf));
  return others.length > 0 ? `${made} · ${t.changedBy(changed)}` : made;
}

/** Names of those who are not here any more, asked for when one is needed. */
function useFormerNames(session: LiveRoomSession, attribution: Attribution | null): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(() => authorNames(messagesOf(session.chat.doc).get()));
  const present = new Set([session.me.get().sub, ...session.roster.get().map(({ sub }) => sub)]);
  const missing = attribution ? [attribution.maker, ...attribution.others].some((sub) => sub !== null && !present.has(sub) && !names.has(sub)) : false;
  useEffect(() => {
    if (!missing) return undefined;
    let current = true;
    new HistoryApi(session.room.get().id, () => session.token()).overview().then(
      (overview) => current && setNames(knownNames(overview)),
      () => {}, // offline: somebody
    );
    return () => {
      current = false;
    };
  }, [session, missing]);
  return names;
}
