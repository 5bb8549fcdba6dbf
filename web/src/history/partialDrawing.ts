/**
 * Draws a replayed board anew only where something changed. The editor draws all that is in view for each change, which
 * with thousands of elements takes longer than a frame; so the build lets this stand before its drawing (see
 * `excalidrawBuild.ts`). What is drawn of a part is what the whole would have there: everything that reaches into it, in
 * the same order, cut at whole pixels. Elements of a replay are never changed, only replaced.
 */
import type { SceneElement } from '../whiteboard/schema';
import type { Bounds } from './hit';

/** What the editor is about to draw. */
export interface Drawn {
  readonly canvas: HTMLCanvasElement;
  readonly scale: number;
  readonly visibleElements: readonly SceneElement[];
  readonly appState: {
    readonly scrollX: number; readonly scrollY: number; readonly zoom: { readonly value: number };
    readonly width: number; readonly height: number; readonly [key: string]: unknown;
  };
  readonly renderConfig: { readonly imageCache: ReadonlyMap<unknown, unknown>; readonly [key: string]: unknown };
}

export type Draw = (drawn: Drawn, isThrottled: boolean) => void;

declare global {
  // set while a replay is shown, read by the editor's static canvas
  var thunderlineDraw: ((draw: Draw, drawn: Drawn, isThrottled: boolean) => void) | undefined;
}

/** More than these at once are drawn with all others. */
const MOST_CHANGED = 32;
/** Beyond this share of the canvas, too. */
const MOST_OF_CANVAS = 0.5;
/** Of what the picture depends on beside the elements. */
const STATE = [
  'scrollX', 'scrollY', 'width', 'height', 'theme', 'viewBackgroundColor', 'exportScale', 'shouldCacheIgnoreZoom', 'gridSize', 'gridStep',
  'frameRendering', 'frameToHighlight', 'selectedElementIds', 'selectedElementsAreBeingDragged', 'croppingElementId', 'editingGroupId',
  'pendingImageElementId', 'openDialog', 'hoveredElementIds', 'offsetLeft', 'offsetTop', 'viewModeEnabled',
] as const;
/** What is drawn of these depends on others. */
const TANGLED = new Set(['frame', 'magicframe', 'iframe', 'embeddable']);

export class PartialDrawing {
  private last: { readonly drawn: Drawn; readonly elements: ReadonlySet<SceneElement>; readonly size: readonly unknown[] } | undefined;
  private readonly boxes = new WeakMap<SceneElement, Bounds>();

  /** @param boundsOf An element's extent in the scene, without what its strokes add. */
  constructor(private readonly boundsOf: (element: SceneElement) => Bounds) {}

  /** The next drawing is of all: what elements look like has changed, a font has come, say. */
  forget = (): void => {
    this.last = undefined;
  };

  draw = (draw: Draw, drawn: Drawn, isThrottled: boolean): void => {
    const elements = new Set(drawn.visibleElements);
    const changed = isThrottled ? undefined : this.changed(drawn, elements);
    this.last = { drawn, elements, size: sizeOf(drawn) };
    const parts = changed && this.parts(changed, drawn);
    if (parts) for (const part of parts) this.drawPart(draw, drawn, part);
    else draw(drawn, isThrottled);
  };

  /** Elements that were drawn last time and are not now, or the other way; undefined: everything may differ. */
  private changed(drawn: Drawn, elements: ReadonlySet<SceneElement>): SceneElement[] | undefined {
    const { last } = this;
    if (!last || isEmptied(drawn) || !isSameView(last.drawn, drawn) || sizeOf(drawn).some((value, index) => value !== last.size[index])) return undefined;
    const gone = last.drawn.visibleElements.filter((element) => !elements.has(element));
    const come = drawn.visibleElements.filter((element) => !last.elements.has(element));
    const changed = [...gone, ...come];
    if (changed.length === 0 || changed.length > MOST_CHANGED) return undefined; // nothing: it is wanted for another reason
    const stayed = drawn.visibleElements.filter((element) => last.elements.has(element));
    const before = last.drawn.visibleElements.filter((element) => elements.has(element));
    if (stayed.some((element, index) => element !== before[index])) return undefined;
    if (changed.some(isTangled) || stayed.some(isTangled)) return undefined;
    return changed;
  }

  /** In whole pixels of the canvas, none over another; undefined when they are most of it. */
  private parts(changed: readonly SceneElement[], { canvas, scale, appState }: Drawn): Bounds[] | undefined {
    const { scrollX, scrollY, zoom } = appState;
    const factor = zoom.value * scale;
    const boxes = changed.map((element): Bounds => {
      const [left, top, right, bottom] = this.reach(element, zoom.value);
      return [
        Math.max(0, Math.floor((left + scrollX) * factor) - 1), Math.max(0, Math.floor((top + scrollY) * factor) - 1),
        Math.min(canvas.width, Math.ceil((right + scrollX) * factor) + 1), Math.min(canvas.height, Math.ceil((bottom + scrollY) * factor) + 1),
      ];
    });
    const parts = merged(boxes.filter(([left, top, right, bottom]) => left < right && top < bottom));
    const area = parts.reduce((sum, [left, top, right, bottom]) => sum + (right - left) * (bottom - top), 0);
    return area > MOST_OF_CANVAS * canvas.width * canvas.height ? undefined : parts;
  }

  private drawPart(draw: Draw, drawn: Drawn, [left, top, right, bottom]: Bounds): void {
    const { canvas, scale, appState: { scrollX, scrollY, zoom } } = drawn;
    const factor = zoom.value * scale;
    const part: Bounds = [left / factor - scrollX, top / factor - scrollY, right / factor - scrollX, bottom / factor - scrollY];
    const inside = new Set<unknown>();
    for (const element of drawn.visibleElements) {
      if (!meet(this.reach(element, zoom.value), part)) continue;
      inside.add(element.id);
      inside.add(element['containerId']); // which draws its text
    }
    const context = canvas.getContext('2d')!;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    draw({ ...drawn, visibleElements: drawn.visibleElements.filter(({ id }) => inside.has(id)) }, false);
    context.restore();
  }

  /** An element with everything that is drawn of it, in the scene. */
  private reach(element: SceneElement, zoom: number): Bounds {
    let box = this.boxes.get(element);
    if (!box) this.boxes.set(element, (box = this.boundsOf(element)));
    const padding = Math.max(40, 12 * numberOf(element['strokeWidth']), numberOf(element['fontSize'])) * Math.SQRT2;
    const margin = padding + (element['link'] ? 60 / zoom : 0); // the sign of a link stands beside it
    return [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin];
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const isTangled = ({ type, frameId }: SceneElement): boolean => TANGLED.has(type) || (frameId ?? null) !== null;
const meet = (a: Bounds, b: Bounds): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** What the canvas and the pictures in it were when it was drawn: they change in place. */
function sizeOf({ canvas, renderConfig: { imageCache } }: Drawn): unknown[] {
  const pictures = [...imageCache.values()].map((entry) => (entry as { readonly image?: unknown }).image);
  return [canvas.width, canvas.height, ...pictures, pictures.length];
}

/** The editor sizes a canvas before each drawing to what is no whole number of pixels, and what was on it is gone. */
function isEmptied({ canvas, scale, appState: { width, height } }: Drawn): boolean {
  return canvas.width !== width * scale || canvas.height !== height * scale;
}

function isSameView(before: Drawn, now: Drawn): boolean {
  if (before.canvas !== now.canvas || before.scale !== now.scale || before.appState.zoom.value !== now.appState.zoom.value) return false;
  if (STATE.some((key) => before.appState[key] !== now.appState[key])) return false;
  return Object.keys(now.renderConfig).every((key) => before.renderConfig[key] === now.renderConfig[key]);
}

/** Boxes that cover the same and more, none over another. */
export function merged(boxes: readonly Bounds[]): Bounds[] {
  const out: Bounds[] = [];
  for (const one of boxes) {
    let box = one;
    for (let index = 0; index < out.length; ) {
      const other = out[index]!;
      if (!meet(box, other)) index += 1;
      else {
        box = [Math.min(box[0], other[0]), Math.min(box[1], other[1]), Math.max(box[2], other[2]), Math.max(box[3], other[3])];
        out.splice(index, 1);
        index = 0; // it has grown
      }
    }
    out.push(box);
  }
  return out;
}
