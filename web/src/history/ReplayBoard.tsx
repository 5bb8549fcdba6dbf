/** The board of a replay: the editor of the room in its view mode, a click tells the story of what lies there. */
import '../whiteboard/assetPath';
import { Excalidraw, getCommonBounds, viewportCoordsToSceneCoords } from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import { type PointerEvent, memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { RoomSession } from '../sync/types';
import '../whiteboard/board.css';
import { whenReady } from '../whiteboard/editorScene';
import { elementAt } from './hit';
import { PartialDrawing } from './partialDrawing';
import type { Replay } from './replay';
import { Stage } from './stage';

export interface ReplayBoardProps {
  readonly session: RoomSession;
  readonly replay: Replay;
  readonly theme: 'light' | 'dark';
  readonly lang: string;
  /** The board shows the replay's document from now on; null when it does no more. */
  readonly onStage: (stage: Stage | null) => void;
  /** Somebody clicked on this element; null: beside all of them. */
  readonly onPick: (id: string | null) => void;
}

/** px: a press that moves further is a drag. */
const CLICK_REACH = 5;
const FINGER_REACH = 10;

/** Is not rendered anew for each moment: only the scene in it changes. */
export const ReplayBoard = memo(function ReplayBoard({ session, replay, theme, lang, onStage, onPick }: ReplayBoardProps) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  const stage = useStage(session, replay, api, onStage);
  usePartialDrawing();
  const pressed = useRef<[number, number] | null>(null);
  const onPointerUp = (event: PointerEvent): void => {
    const [x, y] = pressed.current ?? [Infinity, Infinity];
    pressed.current = null;
    const { clientX, clientY, pointerType } = event;
    if (!api || !stage.current || Math.hypot(clientX - x, clientY - y) > CLICK_REACH) return;
    if (!(event.target as Element).closest('canvas')) return;
    const at = viewportCoordsToSceneCoords({ clientX, clientY }, api.getAppState());
    const reach = (pointerType === 'mouse' ? CLICK_REACH : FINGER_REACH) / api.getAppState().zoom.value;
    onPick(elementAt(stage.current.elements(), [at.x, at.y], reach)?.id ?? null);
  };
  return (
    <div
      className="board replay-board"
      data-testid="replay-board"
      onPointerDownCapture={({ clientX, clientY }) => void (pressed.current = [clientX, clientY])}
      onPointerUpCapture={onPointerUp}
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
): React.RefObject<Stage | null> {
  const stage = useRef<Stage | null>(null);
  const told = useRef(onStage);
  useEffect(() => {
    told.current = onStage;
  });
  useEffect(() => {
    if (!api) return undefined;
    let ended = false;
    let stop: (() => void) | undefined;
    void whenReady(api).then(() => {
      if (ended) return;
      const made = (stage.current = new Stage(session, api));
      const show = (): void => made.show(replay.board.moment.get());
      show();
      replay.onBoard = (doc) => made.follow(doc);
      stop = replay.board.moment.subscribe(show);
      told.current(made);
    });
    return () => {
      ended = true;
      stop?.();
      replay.onBoard = () => {};
      stage.current?.leave();
      stage.current = null;
      told.current(null);
    };
  }, [session, replay, api]);
  return stage;
}
