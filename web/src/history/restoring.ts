/** What is about to be brought back in a room: asked for in its history, shown and applied on its board. */
import type * as Y from 'yjs';
import type { RoomSession, Store } from '../sync/types';
import { type ValueStore, createStore } from '../sync/valueStore';
import type { BoardHandle } from '../whiteboard/boardHandle';
import type { SceneElement } from '../whiteboard/schema';
import { goTo } from '../ui/route';
import { planRestore, planUndo } from './restorePlan';

export interface Wanted {
  /** The board as it was. */
  readonly doc: Y.Doc;
  /** Microseconds. */
  readonly at: number;
  /** Only these elements. */
  readonly ids?: readonly string[];
  /** Only what this person did since. */
  readonly person?: { readonly sub: string; readonly name: string; readonly authors: ReadonlyMap<number, string> };
}

const stores = new WeakMap<RoomSession, ValueStore<Wanted | null>>();

function storeOf(session: RoomSession): ValueStore<Wanted | null> {
  let store = stores.get(session);
  if (!store) stores.set(session, (store = createStore<Wanted | null>(null)));
  return store;
}

export const wantedOf = (session: RoomSession): Store<Wanted | null> => storeOf(session);

/** Go to the board and show there what bringing this back would change. */
export function wantRestore(session: RoomSession, wanted: Wanted): void {
  storeOf(session).set(wanted);
  goTo(`/r/${encodeURIComponent(session.room.get().id)}`);
}

export const forgetRestore = (session: RoomSession): void => storeOf(session).set(null);

export function planOf(now: Y.Doc, { doc, ids, person }: Wanted): SceneElement[] {
  return person ? planUndo(now, doc, person.sub, person.authors) : planRestore(now, doc, ids);
}

/** Make it so, as one step of this person's own, which Undo takes back. */
export function applyPlan(board: BoardHandle, plan: readonly SceneElement[]): void {
  const { api } = board;
  const scene = api.getSceneElementsIncludingDeleted() as unknown as readonly SceneElement[];
  const wanted = new Map(plan.map((element) => [element.id, element]));
  const next = scene.map((element) => {
    const to = wanted.get(element.id);
    wanted.delete(element.id);
    return to ? fresh(to, element.version + 1) : element;
  });
  next.push(...[...wanted.values()].map((element) => fresh(element, 1)));
  next.sort(byIndex);
  type Elements = NonNullable<Parameters<typeof api.updateScene>[0]['elements']>;
  api.updateScene({ elements: next as unknown as Elements, captureUpdate: 'IMMEDIATELY' });
}

function fresh(element: SceneElement, version: number): SceneElement {
  return { ...element, version, versionNonce: Math.floor(Math.random() * 2 ** 31), updated: Date.now() };
}

function byIndex(a: SceneElement, b: SceneElement): number {
  const [one, other] = [a.index ?? '\uffff', b.index ?? '\uffff'];
  return one < other ? -1 : one > other ? 1 : 0;
}
