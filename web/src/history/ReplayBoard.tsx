/** The board of a replay: the editor of the room in its view mode, in which one can select but not draw. */
import '../whiteboard/assetPath';
import { Excalidraw, getCommonBounds } from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { RoomSession } from '../sync/types';
import '../whiteboard/board.css';
import { whenReady } from '../whiteboard/editorScene';
import { PartialDrawing } from './partialDrawing';
import type { Replay } from './replay';
import { SelectionFrames } from './SelectionFrames';
import type { How } from './selection';
import { Stage } from './stage';
import { useHand } from './useHand';

export interface ReplayBoardProps {
  readonly session: RoomSession;
  readonly replay: Replay;
  readonly theme: 'light' | 'dark';
  readonly lang: string;
  /** The board shows the replay's document from now on; null when it does no more. */
  readonly onStage: (stage: Stage | null) => void;
  readonly selection: readonly string[];
  /** Each click adds or takes away, and one finger or the mouse drags a frame instead of the board. */
  readonly selectsSeveral: boolean;
  /** Somebody reached for these; none: beside all of them. */
  readonly onSelect: (ids: readonly string[], how: How) => void;
}

/** Is not rendered anew for each moment: only the scene in it changes. */
export const ReplayBoard = memo(function ReplayBoard(
  { session, replay, theme, lang, onStage, selection, selectsSeveral, onSelect }: ReplayBoardProps,
) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  const stage = useStage(session, replay, api, onStage);
  usePartialDrawing();
  const [hand, frame] = useHand(stage, selectsSeveral, onSelect);
  return (
    <div
      className="board replay-board"
      data-testid="replay-board"
      data-selects={selectsSeveral}
      {...hand}
    >
      <Excalidraw
        excalidrawAPI={setApi}
        viewModeEnabled
        zenModeEnabled
        theme={theme}
        langCode={lang.startsWith('de') ? 'de-DE' : 'en'}
        aiEnabled={false}
        validateEmbeddable={embedsNothing}
      />
      {stage && <SelectionFrames stage={stage} selection={selection} frame={frame} />}
    </div>
  );
});

const embedsNothing = (): boolean => false;

function usePartialDrawing(): void {
  useLayoutEffect(() => {
    const drawing = new PartialDrawing((element) => getCommonBounds([element] as unknown as Parameters<typeof getCommonBounds>[0]));
    globalThis.thunderlineDraw = drawing.draw;
    document.fonts.addEventListener('loadingdone', drawing.forget);
    return () => {
      globalThis.thunderlineDraw = undefined;
      document.fonts.removeEventListener('loadingdone', drawing.forget);
    };
  }, []);
}

function useStage(
  session: RoomSession, replay: Replay, api: ExcalidrawImperativeAPI | null, onStage: (stage: Stage | null) => void,
): Stage | null {
  const [stage, setStage] = useState<Stage | null>(null);
  const told = useRef(onStage);
  useEffect(() => {
    told.current = onStage;
  });
  useEffect(() => {
    if (!api) return undefined;
    let made: Stage | undefined;
    let ended = false;
    let stop: (() => void) | undefined;
    const tell = (one: Stage | null): void => {
      setStage(one);
      told.current(one);
    };
    void whenReady(api).then(() => {
      if (ended) return;
      const begun = (made = new Stage(session, api));
      const show = (): void => begun.show(replay.board.moment.get());
      show();
      replay.onBoard = (doc) => begun.follow(doc);
      stop = replay.board.moment.subscribe(show);
      tell(begun);
    });
    return () => {
      ended = true;
      stop?.();
      replay.onBoard = () => {};
      made?.leave();
      tell(null);
    };
  }, [session, replay, api]);
  return stage;
}
