/** What is selected in a replay: what a click or a frame takes, and what belongs to it, as on the live board. */
import type { SceneElement } from '../whiteboard/schema';
import { type Bounds, boundsOf } from './hit';

/** What becomes of the selection: these alone, these too, or these if they were not in it and else without them. */
export type How = 'only' | 'add' | 'toggle';

export function selected(before: readonly string[], ids: readonly string[], how: How): readonly string[] {
  if (how === 'only') return ids;
  if (how === 'toggle' && ids.every((id) => before.includes(id))) return before.filter((id) => !ids.includes(id));
  return [...new Set([...before, ...ids])];
}

/**
 * By element, what is selected with it: the members of its outermost group, itself where it is in none. Words that lie
 * in something are selected as that.
 *
 * @param elements Those that are there to be seen.
 */
export function unitsOf(elements: readonly SceneElement[]): ReadonlyMap<string, readonly string[]> {
  const wholes = wholesOf(elements);
  const groups = new Map<string, string[]>();
  for (const element of elements) {
    const group = groupOf(element);
    if (group === undefined || wholes.get(element.id) !== element) continue;
    const members = groups.get(group);
    if (members) members.push(element.id);
    else groups.set(group, [element.id]);
  }
  return new Map([...wholes].map(([id, whole]) => [id, groups.get(groupOf(whole) ?? '') ?? [whole.id]]));
}

/** By element, itself; of words, what they lie in. */
export function wholesOf(elements: readonly SceneElement[]): ReadonlyMap<string, SceneElement> {
  const known = new Map(elements.map((element) => [element.id, element]));
  const whole = (element: SceneElement): SceneElement => (element.type === 'text' && known.get(String(element['containerId']))) || element;
  return new Map(elements.map((element) => [element.id, whole(element)]));
}

/** What lies in a frame with all of it, and what is selected with that. */
export function unitsWithin(elements: readonly SceneElement[], [left, top, right, bottom]: Bounds): readonly string[] {
  const units = unitsOf(elements);
  const inside = elements.filter((element) => {
    const [l, t, r, b] = boundsOf(element);
    return l >= left && t >= top && r <= right && b <= bottom;
  });
  return [...new Set(inside.flatMap(({ id }) => units.get(id)!))];
}

function groupOf(element: SceneElement): string | undefined {
  return (element['groupIds'] as readonly string[] | undefined)?.at(-1);
}
