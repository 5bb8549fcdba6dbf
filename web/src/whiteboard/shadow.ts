/**
 * What the scene was last given of each element, or last wrote of it. A local change is what differs from here; so a
 * key that somebody else changed meanwhile, and that this scene has not seen yet, is never written back.
 */
import type * as Y from 'yjs';
import type { Json } from './schema';
import type { InkEncoder, Pair } from './points';

export interface InkShadow {
  /** The very array in the document and its length; another array or length means somebody else rewrote the stroke. */
  readonly array: Y.Array<number>;
  length: number;
  readonly encoder: InkEncoder;
  /** The points as the scene has them. */
  points: readonly Pair[];
  scale: Pair;
  /** Scene minus document origin, see `Fit.shift`. */
  shift: Pair;
}

export interface Shadow {
  version: number;
  nonce: number;
  /** The document's plain keys as this scene knows them. */
  plain: Map<string, Json>;
  /** The z-order key in the scene; a stand-in where the document's is equal to another's or invalid. */
  sceneIndex: string | null;
  ink: InkShadow | null;
}

export type Shadows = Map<string, Shadow>;
