/** What other parts of the page may ask of the board of a session. */
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type { RoomSession, Store } from '../sync/types';
import { type ValueStore, createStore } from '../sync/valueStore';
import type { SceneElement } from './schema';

export interface BoardHandle {
  /** Follow this person's view; null ends it. Nothing happens when he is not on the board. */
  follow(sub: string | null): void;
  /** Elements that are not deleted, lowest first. */
  elements(): readonly SceneElement[];
  /** Bring an element into view and select it. */
  focus(id: string): void;
  readonly api: ExcalidrawImperativeAPI;
}

const handles = new WeakMap<RoomSession, ValueStore<BoardHandle | null>>();

function handleStore(session: RoomSession): ValueStore<BoardHandle | null> {
  let store = handles.get(session);
  if (!store) handles.set(session, (store = createStore<BoardHandle | null>(null)));
  return store;
}

/** The board of this session while it is shown; null before and after. */
export const boardOf = (session: RoomSession): Store<BoardHandle | null> => handleStore(session);

export const announceBoard = (session: RoomSession, handle: BoardHandle | null): void => handleStore(session).set(handle);
