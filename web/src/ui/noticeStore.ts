/** Short sentences about what has just happened, which go by themselves. They tell, or take back; nothing waits for them. */
import { createStore } from '../sync/valueStore';

export interface Notice {
  readonly id: number;
  readonly words: string;
  readonly action?: { readonly words: string; readonly act: () => void };
}

/** More than so many at a time help nobody: the oldest goes. */
const MOST = 3;

let last = 0;

export const notices = createStore<readonly Notice[]>([]);

/** @returns the notice's id, for `dismiss`. */
export function say(words: string, action?: Notice['action']): number {
  last += 1;
  const others = notices.get().filter((notice) => notice.words !== words);
  notices.set([...others, { id: last, words, ...(action && { action }) }].slice(-MOST));
  return last;
}

export function dismiss(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

export function dismissAll(): void {
  notices.set([]);
}
