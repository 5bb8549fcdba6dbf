/** The cursors of a replay: drawn as on the live board, where people pointed at the moment that is shown. */
import { useEffect } from 'react';
import { colorOf } from '../sync/userColor';
import type { NameOf } from './people';
import type { Replay } from './replay';
import type { Stage } from './stage';

const SECOND = 1_000_000;
/** What will be shown within so much of the viewer's time is fetched while it plays. */
const AHEAD = 4 * SECOND;
/** ms between two drawings, as live pages tell of themselves: each makes the editor think anew of everything. */
const DRAW_EVERY = 50;

export interface CursorView {
  readonly nameOf: NameOf;
  /** Whose cursor alone is shown; null: everybody's. */
  readonly only: string | null;
  readonly theme: 'light' | 'dark';
}

export function useCursors(replay: Replay, stage: Stage | null, { nameOf, only, theme }: CursorView): void {
  useEffect(() => {
    if (!stage) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      timer = undefined;
      if (replay.waiting.get()) return; // the board comes first
      const here = replay.cursors.at(replay.position.get()).filter(({ sub }) => only === null || sub === only);
      stage.showCursors(here.map(({ session, sub, x, y }) => ({ session, user: { id: sub, name: nameOf(sub), color: colorOf(sub) }, p: [x, y] })), theme);
    };
    const later = (): void => void (timer ??= setTimeout(draw, DRAW_EVERY));
    later();
    const stops = [replay.position, replay.waiting, replay.cursors.version].map((store) => store.subscribe(later));
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [replay, stage, nameOf, only, theme]);
  useEffect(() => {
    if (!stage) return undefined;
    const look = (): void => {
      if (replay.waiting.get()) return;
      replay.cursors.want(replay.position.get(), replay.playing.get() ? AHEAD * replay.speed.get() : 0);
    };
    look();
    const stops = [replay.position, replay.waiting, replay.playing].map((store) => store.subscribe(look));
    return () => {
      for (const stop of stops) stop();
    };
  }, [replay, stage]);
}
