/** The elements that are shown, as a list: for who selects without a pointer, or what lies under something else. */
import { useMemo, useState } from 'react';
import { type Texts, useTexts } from '../ui/texts';
import { useStore } from '../ui/useStore';
import type { SceneElement } from '../whiteboard/schema';
import type { Replay } from './replay';
import { type How, unitsOf, wholesOf } from './selection';
import type { Stage } from './stage';

const MAX_ENTRIES = 200;
const MAX_WORDS = 60;

export interface SelectionListProps {
  readonly replay: Replay;
  readonly stage: Stage;
  readonly selection: readonly string[];
  readonly onSelect: (ids: readonly string[], how: How) => void;
}

interface Entry {
  readonly ids: readonly string[];
  readonly words: string;
}

export function SelectionList(props: SelectionListProps) {
  const t = useTexts().story;
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="selection-list" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary data-testid="selection-list">{t.list}</summary>
      {isOpen && <Entries {...props} />}
    </details>
  );
}

function Entries({ replay, stage, selection, onSelect }: SelectionListProps) {
  const texts = useTexts();
  const entries = useEntries(replay, stage, texts);
  const chosen = new Set(selection);
  return (
    <>
      <ol>
        {entries.slice(0, MAX_ENTRIES).map(({ ids, words }) => (
          <li key={ids[0]}>
            <label>
              <input type="checkbox" data-testid="selection-entry" checked={ids.every((id) => chosen.has(id))} onChange={() => onSelect(ids, 'toggle')} />
              <span>{words}</span>
            </label>
          </li>
        ))}
      </ol>
      {entries.length > MAX_ENTRIES && <p className="muted small">{texts.board.outlineMore(entries.length - MAX_ENTRIES)}</p>}
    </>
  );
}

/** Each thing that can be selected alone, the highest first. While it plays the list stays as it was. */
function useEntries(replay: Replay, stage: Stage, texts: Texts): readonly Entry[] {
  const isPlaying = useStore(replay.playing);
  const isWaiting = useStore(replay.waiting);
  const position = useStore(replay.position);
  const moment = isPlaying ? null : position;
  return useMemo(() => {
    const elements = stage.elements();
    const words = wordsOf(elements, texts);
    const units = new Map([...unitsOf(elements).values()].map((ids) => [ids[0]!, ids]));
    return [...units.values()].reverse().map((ids) => ({ ids, words: ids.map((id) => words.get(id)).join(', ') }));
  }, [stage, texts, moment, isWaiting]);
}

/** By element, its kind and what is written in it. */
function wordsOf(elements: readonly SceneElement[], { board: t }: Texts): ReadonlyMap<string, string> {
  const wholes = wholesOf(elements);
  const texts = elements.filter(({ type }) => type === 'text');
  const written = new Map(texts.map((text) => [wholes.get(text.id)!.id, String(text['originalText'] ?? text['text'] ?? '')]));
  return new Map(elements.map(({ id, type }) => {
    const kind = t.kinds[type as keyof typeof t.kinds] ?? type;
    return [id, [kind, written.get(id)?.replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS)].filter(Boolean).join(': ')];
  }));
}
