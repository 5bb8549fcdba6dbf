/** The editor as the binding sees it: few enough members that a test can stand in for it. */
import type { SceneElement } from './schema';

export interface Scene {
  /** All elements, deleted ones too, in z-order: the editor's own objects, which it may still mutate. */
  elements(): readonly SceneElement[];
  /** Replace all elements without a step in this user's undo history. */
  replace(elements: readonly SceneElement[]): void;
  /** Ids that the user's hands are on: replacing these under him would break what he is doing. */
  busy(): ReadonlySet<string>;
  zoom(): number;
}
