/**
 * z-order as fractional keys (`index`). Two users who put something on top at the same moment would get the same key;
 * equal or invalid keys would be rewritten by Excalidraw in elements that nobody touched. So new keys are random
 * between their neighbours, and keys that are still equal or invalid get a stand-in for the scene only.
 */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';

export interface Ordered {
  readonly id: string;
  readonly index: string | null;
}

/** With 16 halvings two concurrent keys are equal once in 65,536 times; `standIns` copes with that. */
const HALVINGS = 16;
const MAX_KEY_LENGTH = 500;

export const byIndex = (a: Ordered, b: Ordered): number => {
  const left = a.index ?? '';
  const right = b.index ?? '';
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
};

export function isValidKey(key: unknown): key is string {
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_KEY_LENGTH) return false;
  // the outermost integers ("A…", "z…") leave no room beyond: only a forger gets there
  if (!/^[B-Za-y][0-9A-Za-z]*$/.test(key)) return false;
  try {
    generateKeyBetween(key, null);
    return true;
  } catch {
    return false;
  }
}

/** A key at a random place above `low` and below `high` (null: no upper neighbour). */
export function randomKeyBetween(low: string | null, high: string | null, random: () => number): string {
  let lower = low;
  let upper = high;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = generateKeyBetween(lower, upper);
    if (random() < 0.5) lower = middle;
    else upper = middle;
  }
  return generateKeyBetween(lower, upper);
}

/** The order that every replica agrees on: invalid keys on top, equal keys by id. */
export function documentOrder<T extends Ordered>(elements: readonly T[]): T[] {
  const valid = elements.filter((one) => isValidKey(one.index)).sort(byIndex);
  if (valid.length === elements.length) return valid;
  return [...valid, ...elements.filter((one) => !isValidKey(one.index)).sort(byIndex)];
}

/**
 * Keys for those of `ordered` whose own key does not lie above the key of the one below; a function of its argument
 * alone, so that all replicas choose the same.
 */
export function standIns(ordered: readonly Ordered[]): Map<string, string> {
  const out = new Map<string, string>();
  let below: string | null = null;
  for (let i = 0; i < ordered.length; ) {
    const key = ordered[i]!.index;
    if (isValidKey(key) && (below === null || key > below)) {
      below = key;
      i++;
      continue;
    }
    let end = i + 1;
    while (end < ordered.length && !isAbove(ordered[end]!.index, below)) end++;
    const keys = generateNKeysBetween(below, ordered[end]?.index ?? null, end - i);
    keys.forEach((one, n) => out.set(ordered[i + n]!.id, one));
    below = keys.at(-1) ?? below;
    i = end;
  }
  return out;
}

const isAbove = (key: string | null, below: string | null): boolean => isValidKey(key) && (below === null || key > below);
