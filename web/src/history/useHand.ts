/** A hand on the board of a replay: a click selects, a frame selects what lies in it, all else is the editor's. */
import { viewportCoordsToSceneCoords } from '@excalidraw/excalidraw';
import { type DOMAttributes, type PointerEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { type Bounds, elementAt } from './hit';
import { type How, unitsOf, unitsWithin, wholesOf } from './selection';
import type { Stage } from './stage';

/** px: a press that moves further is a drag. */
const CLICK_REACH = 5;
const FINGER_REACH = 10;

interface Press {
  readonly pointer: number;
  readonly clientX: number;
  readonly clientY: number;
  /** Moved, it drags a frame. */
  readonly frames: boolean;
}

type At = Pick<Press, 'clientX' | 'clientY'>;
type Hand = Pick<DOMAttributes<HTMLElement>, 'onPointerDownCapture' | 'onPointerUpCapture' | 'onPointerCancelCapture' | 'onDoubleClickCapture'>;

/** @returns What the board's element listens with; the frame that is being dragged, in the scene. */
export function useHand(stage: Stage | null, selectsSeveral: boolean, onSelect: (ids: readonly string[], how: How) => void): [Hand, Bounds | null] {
  const press = useRef<Press | null>(null);
  const [frame, setFrame] = useState<Bounds | null>(null);
  useFrame(stage, press, setFrame);
  const hand = useMemo(() => {
    const end = (): void => {
      press.current = null;
      setFrame(null);
    };
    return {
      onPointerDownCapture: (event: PointerEvent): void => {
        if (press.current) return end(); // a second finger zooms
        if (event.button !== 0 || !isOnBoard(event)) return;
        const { pointerId: pointer, clientX, clientY } = event;
        press.current = { pointer, clientX, clientY, frames: selectsSeveral || event.shiftKey };
      },
      onPointerUpCapture: (event: PointerEvent): void => {
        const begun = press.current;
        end();
        if (!stage || begun?.pointer !== event.pointerId || !isOnBoard(event)) return;
        if (isFar(begun, event)) {
          if (begun.frames) onSelect(unitsWithin(stage.elements(), boundsIn(stage, begun, event)), 'add');
          return;
        }
        const isAdded = selectsSeveral || event.shiftKey || event.ctrlKey || event.metaKey;
        const hit = hitAt(stage, event, event.pointerType === 'mouse' ? CLICK_REACH : FINGER_REACH);
        const unit = hit === undefined ? [] : unitsOf(stage.elements()).get(hit)!;
        if (unit.length > 0 || !isAdded) onSelect(unit, isAdded ? 'toggle' : 'only');
      },
      onPointerCancelCapture: end,
      // one of a group, as on the live board
      onDoubleClickCapture: (event): void => {
        if (!stage || selectsSeveral || event.shiftKey || event.ctrlKey || event.metaKey || !isOnBoard(event)) return;
        const hit = hitAt(stage, event, CLICK_REACH);
        if (hit !== undefined) onSelect([wholesOf(stage.elements()).get(hit)!.id], 'only');
      },
    } satisfies Hand;
  }, [stage, selectsSeveral, onSelect]);
  return [hand, frame];
}

/** While a frame is dragged the editor must not see the pointer move, or it would move the board. */
function useFrame(stage: Stage | null, press: RefObject<Press | null>, setFrame: (frame: Bounds) => void): void {
  useEffect(() => {
    if (!stage) return undefined;
    const onMove = (event: globalThis.PointerEvent): void => {
      const begun = press.current;
      if (!begun?.frames || begun.pointer !== event.pointerId) return;
      event.stopPropagation();
      if (isFar(begun, event)) setFrame(boundsIn(stage, begun, event));
    };
    window.addEventListener('pointermove', onMove, { capture: true });
    return () => window.removeEventListener('pointermove', onMove, { capture: true });
  }, [stage, press, setFrame]);
}

const isOnBoard = ({ target }: { target: EventTarget }): boolean => (target as Element).closest('canvas') !== null;

const isFar = (a: At, b: At): boolean => Math.hypot(b.clientX - a.clientX, b.clientY - a.clientY) > CLICK_REACH;

function hitAt(stage: Stage, at: At, reach: number): string | undefined {
  const { api } = stage;
  const { x, y } = viewportCoordsToSceneCoords(at, api.getAppState());
  return elementAt(stage.elements(), [x, y], reach / api.getAppState().zoom.value)?.id;
}

function boundsIn({ api }: Stage, a: At, b: At): Bounds {
  const [one, other] = [a, b].map((at) => viewportCoordsToSceneCoords(at, api.getAppState())) as [{ x: number; y: number }, { x: number; y: number }];
  return [Math.min(one.x, other.x), Math.min(one.y, other.y), Math.max(one.x, other.x), Math.max(one.y, other.y)];
}
