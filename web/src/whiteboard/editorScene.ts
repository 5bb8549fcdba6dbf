/** Excalidraw as a Scene. */
import type { AppState, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type { Scene } from './scene';
import type { SceneElement } from './schema';

type SceneUpdate = Parameters<ExcalidrawImperativeAPI['updateScene']>[0];

export class EditorScene implements Scene {
  constructor(private readonly api: ExcalidrawImperativeAPI) {}

  elements = (): readonly SceneElement[] => this.api.getSceneElementsIncludingDeleted() as unknown as readonly SceneElement[];
  busy = (): ReadonlySet<string> => busyIds(this.api.getAppState());
  zoom = (): number => this.api.getAppState().zoom.value;

  replace(elements: readonly SceneElement[]): void {
    this.api.updateScene({ elements: elements as unknown as SceneUpdate['elements'], captureUpdate: 'NEVER' });
  }
}

/** What the user is drawing, typing in, dragging, resizing, rotating or cropping. */
export function busyIds(state: AppState): Set<string> {
  const out = new Set<string>();
  for (const element of [state.newElement, state.resizingElement, state.multiElement, state.editingTextElement]) {
    if (element) out.add(element.id);
  }
  for (const id of [
    state.editingLinearElement?.elementId, state.croppingElementId, state.editingFrame, state.pendingImageElementId,
    state.selectedLinearElement?.isDragging ? state.selectedLinearElement.elementId : null,
  ]) if (id) out.add(id);
  if (state.selectedElementsAreBeingDragged || state.isResizing || state.isRotating || state.isCropping) {
    for (const id of Object.keys(state.selectedElementIds)) out.add(id);
  }
  return out;
}

/** The editor resets its scene once while it starts: nothing may be shown in it before. */
export function whenReady(api: ExcalidrawImperativeAPI): Promise<void> {
  if (!api.getAppState().isLoading) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = api.onChange(() => {
      stop();
      resolve();
    });
  });
}
