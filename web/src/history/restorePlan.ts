/** What must change on the board of now so that it is again what it was: as elements, to be applied like any edit. */
import * as Y from 'yjs';
import { type ElementMap, type ElementsMap, type SceneElement, decodeElement, elementsOf, readPlain, sameJson } from '../whiteboard/schema';
import { decodeInk } from '../whiteboard/points';

const STAMP = { version: 1, versionNonce: 1, updated: 1 };

/**
 * The elements that differ, as they were; what was not there then, or deleted, as it is now but deleted.
 *
 * @param ids Which ones; all by default. The words in them come along, and what words lie in.
 */
export function planRestore(now: Y.Doc, then: Y.Doc, ids?: Iterable<string>): SceneElement[] {
  const [present, past] = [elementsOf(now), elementsOf(then)];
  const plan: SceneElement[] = [];
  for (const id of ids ? withWords(ids, past, present) : new Set([...present.keys(), ...past.keys()])) {
    const [is, was] = [read(present.get(id), id), read(past.get(id), id)];
    if (was) {
      if (!is || !sameContent(present.get(id)!, past.get(id)!)) plan.push(was);
    } else if (is) plan.push({ ...is, isDeleted: true });
  }
  return plan;
}

/** Words written into something since go with it, else they would lie in what does not know of them. */
function withWords(ids: Iterable<string>, past: ElementsMap, present: ElementsMap): ReadonlySet<string> {
  const wanted = new Set(ids);
  const [then, now] = [wordsIn(past), wordsIn(present)];
  for (const [text, container] of then) if (wanted.has(text)) wanted.add(container);
  for (const [text, container] of [...then, ...now]) if (wanted.has(container)) wanted.add(text);
  return wanted;
}

/** Text and what it lies in. */
function wordsIn(elements: ElementsMap): [string, string][] {
  const found: [string, string][] = [];
  for (const [id, map] of elements) {
    const container = map instanceof Y.Map && map.get('type') === 'text' && map.get('isDeleted') !== true ? map.get('containerId') : null;
    if (typeof container === 'string') found.push([id, container]);
  }
  return found;
}

/**
 * What one person did since an earlier moment, undone: his newest value of each key goes back to what it was then, what
 * he made is deleted. What others wrote over it, before or after, stays.
 *
 * @param authors Whose the Yjs client ids are.
 */
export function planUndo(now: Y.Doc, then: Y.Doc, sub: string, authors: ReadonlyMap<number, string>): SceneElement[] {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(now));
  const [present, past, changed] = [elementsOf(now), elementsOf(then), elementsOf(copy)];
  const touched = new Set<string>();
  copy.transact(() => {
    for (const [id, map] of present) {
      const was = past.get(id);
      if (revert(map, was, changed.get(id)!, (client) => authors.get(client) === sub)) touched.add(id);
    }
  });
  return planRestore(now, copy, touched);
}

/** Whether anything of it was reverted in `target`. */
function revert(map: ElementMap, was: ElementMap | undefined, target: ElementMap, isHis: (client: number) => boolean): boolean {
  if (!was) {
    if (!isHis(map._item?.id.client ?? -1) || map.get('isDeleted') === true) return false;
    target.set('isDeleted', true);
    return true;
  }
  let reverted = false;
  for (const [key, item] of map._map) {
    const [value, before] = [map.get(key), was.get(key)];
    if (item.deleted || value instanceof Y.AbstractType || before === undefined || before instanceof Y.AbstractType) continue;
    if (!isHis(item.id.client) || sameJson(value, before)) continue;
    target.set(key, before);
    reverted = true;
  }
  return reverted;
}

/** An element that is there to be seen. */
function read(map: ElementMap | undefined, id: string): SceneElement | null {
  const decoded = map instanceof Y.Map ? decodeElement(id, map, STAMP) : null;
  return decoded && !decoded.element.isDeleted ? decoded.element : null;
}

function sameContent(a: ElementMap, b: ElementMap): boolean {
  const [one, other] = [Object.fromEntries(readPlain(a)), Object.fromEntries(readPlain(b))];
  if (!sameJson(one, other)) return false;
  return one['type'] !== 'freedraw' || sameJson(decodeInk(a)?.points, decodeInk(b)?.points);
}
