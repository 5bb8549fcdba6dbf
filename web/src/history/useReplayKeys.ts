/**
 * Keys of a replay: space plays, arrows step, shift and arrows go to where something begins, Escape and Ctrl+A select
 * nothing and everything. The editor gets none of them.
 */
import { useEffect } from 'react';
import type { Replay } from './replay';
import type { Came, Tick } from './Track';

const SECOND = 1_000_000;

export interface SelectionKeys {
  /** Undefined when there is nothing to leave. */
  readonly onEscape: (() => void) | undefined;
  readonly onAll: () => void;
}

export function useReplayKeys(
  replay: Replay, ticks: readonly Tick[], arrivals: readonly Came[], { onEscape, onAll }: SelectionKeys,
): void {
  useEffect(() => {
    const moments = [...ticks, ...arrivals].map(({ at }) => at);
    const onKey = (event: KeyboardEvent): void => {
      const act = selecting(event, { onEscape, onAll }) ?? actOf(event, replay, moments);
      if (!act || isElsewhere(event)) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, [replay, ticks, arrivals, onEscape, onAll]);
}

function selecting({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent, { onEscape, onAll }: SelectionKeys): (() => void) | undefined {
  if (key === 'Escape') return onEscape;
  return key.toLowerCase() === 'a' && (ctrlKey || metaKey) && !altKey && !shiftKey ? onAll : undefined;
}

function actOf({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent, replay: Replay, moments: readonly number[]): (() => void) | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (key === ' ') return () => (replay.playing.get() ? replay.pause() : replay.play());
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[key] as -1 | 1 | undefined;
  if (direction === undefined) return undefined;
  if (shiftKey) return () => void replay.seek(replay.neighbour(direction, moments));
  return () => void replay.seek(replay.position.get() + direction * SECOND * Math.max(1, replay.speed.get()));
}

/** In a field, a list or a dialog keys are for what is there; space presses a button and opens a list. */
function isElsewhere({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest('input:not([type=range], [type=checkbox]), textarea, select, dialog, [popover]')) return true;
  return key === ' ' && target.closest('button, summary, [type=checkbox]') !== null;
}
