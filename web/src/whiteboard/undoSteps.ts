/**
 * Undo outlives the editor: who looks at the replay and comes back can take back what he did before. A step holds only
 * what its user changed, so what others did meanwhile stays.
 */
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type * as Y from 'yjs';

/** The editor's own history, which the build lets be reached (`excalidrawBuild.ts`); without the build there is none. */
interface Steps {
  readonly undoStack: unknown[];
  readonly redoStack: unknown[];
  readonly onHistoryChangedEmitter: { trigger(event: { isUndoStackEmpty: boolean; isRedoStackEmpty: boolean }): void };
}

type Kept = Pick<Steps, 'undoStack' | 'redoStack'>;

/** What a step changed is named by ids of a document: with the document the steps are gone. */
const kept = new WeakMap<Y.Doc, Kept>();

/** The editor is about to be taken down. */
export function keepSteps(api: ExcalidrawImperativeAPI, doc: Y.Doc): void {
  const steps = stepsOf(api);
  if (steps) kept.set(doc, { undoStack: [...steps.undoStack], redoStack: [...steps.redoStack] });
}

/** An editor begins with this document: it can undo what was done in it in the one before, and nothing else. */
export function resumeSteps(api: ExcalidrawImperativeAPI, doc: Y.Doc): void {
  api.history.clear();
  const [steps, before] = [stepsOf(api), kept.get(doc)];
  if (!steps || !before) return;
  steps.undoStack.push(...before.undoStack);
  steps.redoStack.push(...before.redoStack);
  steps.onHistoryChangedEmitter.trigger({ isUndoStackEmpty: steps.undoStack.length === 0, isRedoStackEmpty: steps.redoStack.length === 0 });
}

const stepsOf = ({ history }: ExcalidrawImperativeAPI): Steps | undefined => (history as { steps?: () => Steps }).steps?.();
