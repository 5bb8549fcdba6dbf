/** A Store whose value is set by its owner. */
import type { Store } from './types';

export interface ValueStore<T> extends Store<T> {
  /** Tells the listeners only when the value differs by reference. */
  set(value: T): void;
}

export function createStore<T>(initial: T): ValueStore<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
