/** Over the board of a replay: a frame around each element that is selected, and the one that is being dragged. */
import { useEffect, useState } from 'react';
import type { SceneElement } from '../whiteboard/schema';
import { type Bounds, angleOf, uprightBounds } from './hit';
import './selection.css';
import type { Stage } from './stage';

const PADDING = 4;

export interface SelectionFramesProps {
  readonly stage: Stage;
  readonly selection: readonly string[];
  /** In the scene. */
  readonly frame: Bounds | null;
}

interface View {
  readonly scrollX: number;
  readonly scrollY: number;
  readonly zoom: number;
  readonly shown: readonly SceneElement[];
}

export function SelectionFrames({ stage, selection, frame }: SelectionFramesProps) {
  const isNeeded = selection.length > 0 || frame !== null;
  const view = useView(stage, selection, isNeeded);
  if (!view || !isNeeded) return null;
  const { scrollX, scrollY, zoom, shown } = view;
  const padding = PADDING / zoom;
  return (
    <div className="selection-frames" aria-hidden data-testid="selection-frames">
      <div style={{ transform: `scale(${zoom}) translate(${scrollX}px, ${scrollY}px)` }}>
        {shown.map((element) => (
          <i key={element.id} style={{ ...placeOf(uprightBounds(element), padding), borderWidth: 2 / zoom, transform: `rotate(${angleOf(element)}rad)` }} />
        ))}
        {frame && <i className="selection-drag" style={{ ...placeOf(frame, 0), borderWidth: 1 / zoom }} />}
      </div>
    </div>
  );
}

function placeOf([left, top, right, bottom]: Bounds, padding: number): React.CSSProperties {
  return { left: left - padding, top: top - padding, width: right - left + 2 * padding, height: bottom - top + 2 * padding };
}

/** Where the board is looked at, and the selected elements as they are at the moment that is shown. */
function useView(stage: Stage, selection: readonly string[], isNeeded: boolean): View | null {
  const [view, setView] = useState<View | null>(null);
  useEffect(() => {
    if (!isNeeded) return undefined;
    const wanted = new Set(selection);
    const read = (): void => setView((before) => {
      const { scrollX, scrollY, zoom } = stage.api.getAppState();
      const shown = stage.elements().filter(({ id }) => wanted.has(id));
      const now = { scrollX, scrollY, zoom: zoom.value, shown };
      return before && isSame(before, now) ? before : now;
    });
    read();
    return stage.api.onChange(read);
  }, [stage, selection, isNeeded]);
  return view;
}

function isSame(a: View, b: View): boolean {
  return a.scrollX === b.scrollX && a.scrollY === b.scrollY && a.zoom === b.zoom
    && a.shown.length === b.shown.length && a.shown.every((element, index) => element === b.shown[index]);
}
