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
  const { keyframe, rows } = parts;
  if (!keyframe) return documentOf(parts);
  try {
    const index = new BoardIndex(keyframe);
    for (const row of rows) index.add(row, new Set());
    return applied(new Y.Doc(), [index.part(new Set([id])), ...rows]);
  } catch (error) {
    if (error instanceof Unfamiliar) return documentOf(parts);
    throw error;
  }
}

/** Undefined where only Yjs can tell what the updates mean. */
function partOf({ keyframe, rows }: Parts, known: KnownStates): Board | undefined {
  if (!keyframe) return undefined;
  const states = new Map<string, State>();
  try {
    const index = new BoardIndex(keyframe);
    const wanted = new Set<string>();
    for (const row of rows) index.add(row, wanted);
    for (const [id, signature] of index.elements()) {
      if (wanted.has(id)) continue;
      const state = known.find(id, signature);
      if (state) states.set(id, state);
      else wanted.add(id);
    }
    const doc = applied(new Y.Doc(), [index.part(wanted), ...rows]);
    return { states: readAll(doc, states, known), doc };
  } catch (error) {
    if (error instanceof Unfamiliar) return undefined;
    throw error;
  }
}

function readAll(doc: Y.Doc, states: Map<string, State>, known: KnownStates): Map<string, State> {
  for (const [id, map] of elementsOf(doc)) if (map instanceof Y.Map) states.set(id, known.read(id, map));
  return states;
}
