/** The elements of a board at a moment: those that are known are taken as they are, only the others are built. */
import * as Y from 'yjs';
import { elementsOf } from '../whiteboard/schema';
import { BoardIndex } from './boardIndex';
import type { KnownStates, State } from './knownStates';
import { type Moment, type Parts, applied, documentOf } from './moment';
import { Unfamiliar } from './structs';

export interface Board {
  readonly states: Map<string, State>;
  /** Has the files, and whatever else is no element. */
  readonly doc: Y.Doc;
}

export function boardAt(moment: Moment, known: KnownStates): Board {
  const parts = moment.unbuilt;
  const part = parts && partOf(parts, known);
  if (part) return part;
  const states = new Map<string, State>();
  return { states: readAll(moment.doc, states, known), doc: moment.doc };
}

/** A document that has of all elements this one only, with all that it knows of it; more where only Yjs can tell what the updates mean. */
export function elementAlone(parts: Parts, id: string): Y.Doc {
  return partly(parts, () => new Set([id])) ?? documentOf(parts);
}

function partOf(parts: Parts, known: KnownStates): Board | undefined {
  const states = new Map<string, State>();
  const doc = partly(parts, (index, touched) => {
    const wanted = new Set(touched);
    for (const [id, signature] of index.elements()) {
      if (wanted.has(id)) continue;
      const state = known.find(id, signature);
      if (state) states.set(id, state);
      else wanted.add(id);
    }
    return wanted;
  });
  return doc && { states: readAll(doc, states, known), doc };
}

/**
 * A document that has some of the elements only.
 *
 * @param choose Says which; `touched` are those that the rows belong to.
 * @returns undefined where only Yjs can tell what the updates mean.
 */
function partly(
  { keyframe, rows }: Parts, choose: (index: BoardIndex, touched: ReadonlySet<string>) => ReadonlySet<string>,
): Y.Doc | undefined {
  if (!keyframe) return undefined;
  try {
    const index = new BoardIndex(keyframe);
    const touched = new Set<string>();
    for (const row of rows) index.add(row, touched);
    return applied(new Y.Doc(), [index.part(choose(index, touched)), ...rows]);
  } catch (error) {
    if (error instanceof Unfamiliar) return undefined;
    throw error;
  }
}

function readAll(doc: Y.Doc, states: Map<string, State>, known: KnownStates): Map<string, State> {
  for (const [id, map] of elementsOf(doc)) if (map instanceof Y.Map) states.set(id, known.read(id, map));
  return states;
}
