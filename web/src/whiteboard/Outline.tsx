/** The board in words: a list that a screen reader and the keyboard can walk; choosing an entry shows it on the board. */
import { useEffect, useState } from 'react';
import type { RoomSession } from '../sync/types';
import { type Texts, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import './board.css';
import { boardOf } from './boardHandle';
import { type OutlineEntry, outlineOf } from './outline';
import { elementsOf } from './schema';

const UPDATE_MS = 300;
const MAX_ENTRIES = 1000;

export function Outline({ session }: { session: RoomSession }) {
  const t = useTexts().board;
  const board = useStore(boardOf(session));
  useStore(session.generation);
  const entries = useOutline(session.whiteboard.doc);
  if (entries.length === 0) return <p className="outline-empty">{t.outlineEmpty}</p>;
  return (
    <div className="outline">
      <p className="outline-count">{t.outlineCount(entries.length)}</p>
      <ol className="outline-list" aria-label={t.outline}>
        {entries.slice(0, MAX_ENTRIES).map((entry) => (
          <li key={entry.id}>
            <button type="button" className="outline-entry" disabled={!board} onClick={() => board?.focus(entry.id)}>
              <span className="outline-kind">{t.kinds[entry.kind]}</span>
              <span className="outline-text">{describe(entry, t)}</span>
            </button>
          </li>
        ))}
      </ol>
      {entries.length > MAX_ENTRIES && <p className="outline-count">{t.outlineMore(entries.length - MAX_ENTRIES)}</p>}
    </div>
  );
}

function describe({ text, from, to }: OutlineEntry, t: Texts['board']): string {
  const ends = from || to ? t.connects(from ?? t.nothing, to ?? t.nothing) : '';
  return [text, ends].filter(Boolean).join(' · ');
}

function useOutline(doc: RoomSession['whiteboard']['doc']): readonly OutlineEntry[] {
  const [entries, setEntries] = useState(() => outlineOf(doc));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const update = (): void => {
      timer = undefined;
      setEntries(outlineOf(doc));
    };
    const soon = (): void => {
      timer ??= setTimeout(update, UPDATE_MS);
    };
    update();
    elementsOf(doc).observeDeep(soon);
    return () => {
      clearTimeout(timer);
      elementsOf(doc).unobserveDeep(soon);
    };
  }, [doc]);
  return entries;
}
