/** Which rows a table shows in which order, so that nothing moves under a pointer that is about to click. */

export type SortValue = string | number | boolean | null;

export interface Sort {
  column: string;
  descending: boolean;
}

/** `name`, or `-name` for the reverse. */
export function sortOf(text: string | null, fallback: Sort): Sort {
  if (!text) return fallback;
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

export function textOfSort({ column, descending }: Sort): string {
  return descending ? `-${column}` : column;
}

/** A copy in order. What has no value comes last either way; equals keep their order. */
export function sorted<T>(rows: readonly T[], valueOf: (row: T) => SortValue, descending: boolean, locale: string): T[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  return rows
    .map((row) => ({ row, value: valueOf(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      const order = typeof a.value === 'string' && typeof b.value === 'string'
        ? collator.compare(a.value, b.value)
        : Number(a.value) - Number(b.value);
      return descending ? -order : order;
    })
    .map(({ row }) => row);
}

export interface Shown<T> {
  key: string;
  row: T;
  /** The row is not there any more and keeps its place until the table is let go. */
  gone: boolean;
}

/** While somebody points at a table: known rows keep their places with new values, new ones come last, none goes. */
export function held<T>(before: readonly Shown<T>[], fresh: readonly T[], keyOf: (row: T) => string): Shown<T>[] {
  const left = new Map(fresh.map((row) => [keyOf(row), row]));
  const kept = before.map(({ key, row }) => {
    const now = left.get(key);
    left.delete(key);
    return now === undefined ? { key, row, gone: true } : { key, row: now, gone: false };
  });
  return [...kept, ...[...left].map(([key, row]) => ({ key, row, gone: false }))];
}

/** Whether all words of a search occur in any of the texts. */
export function matches(search: string, texts: readonly (string | null | undefined)[]): boolean {
  const all = texts.filter(Boolean).join('\n').toLocaleLowerCase();
  return search.toLocaleLowerCase().split(/\s+/).every((word) => all.includes(word));
}
