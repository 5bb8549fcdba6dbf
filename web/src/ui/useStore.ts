/** Reads a Store from a component. */
import { useSyncExternalStore } from 'react';
import type { Store } from '../sync/types';

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
