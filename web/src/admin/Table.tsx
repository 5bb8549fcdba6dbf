/** A table that is sorted by its heads, lives under the reader's eyes and holds still under his pointer. */
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../ui/texts';
import { useFormats } from './format';
import { held, type Shown, type Sort, sorted, type SortValue } from './order';
import './table.css';

export interface Column<T> {
  id: string;
  title: string;
  cell: (row: T, gone: boolean) => ReactNode;
  /** What the column is sorted by; without it, it is not. */
  value?: (row: T) => SortValue;
  /** Numbers stand at the right. */
  numeric?: boolean;
  /** Of the whole width, in parts. */
  width?: number;
  /** The title is for screen readers only. */
  hideTitle?: boolean;
  /** Stands for the title where columns are narrow. */
  icon?: ReactNode;
}

export interface TableProps<T> {
  /** Told to screen readers. */
  caption: string;
  /** The first one names the row. */
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** What is shown instead of an empty table. */
  empty: ReactNode;
  testId?: string;
}

const FIRST = 100;

export function Table<T>({ caption, columns, rows, keyOf, sort, onSort, empty, testId }: TableProps<T>) {
  const t = useTexts().admin.table;
  const { locale } = useFormats();
  const [most, setMost] = useState(FIRST);
  const column = columns.find(({ id }) => id === sort?.column);
  const fresh = useMemo(
    () => (column?.value ? sorted(rows, column.value, sort?.descending ?? false, locale) : rows),
    [rows, column, sort?.descending, locale],
  );
  const hold = useHold();
  const shown = useSteady(fresh, keyOf, hold.isHeld, `${sort?.column} ${sort?.descending}`);
  if (shown.length === 0) return <div className="admin-empty">{empty}</div>;
  return (
    <div className="table-frame" data-testid={testId}>
      {sort && onSort && <SortField columns={columns} sort={sort} onSort={onSort} />}
      {/* The roles are said once more because small screens show rows as cards, which takes the tables' own roles away. */}
      <table role="table" className="admin-table">
        <caption className="visually-hidden">{caption}</caption>
        <colgroup>{columns.map(({ id, width = 1 }) => <col key={id} style={{ width: `${(width / widthOf(columns)) * 100}%` }} />)}</colgroup>
        <thead role="rowgroup">
          <tr role="row">{columns.map((one) => <Head key={one.id} column={one} sort={sort} onSort={onSort} />)}</tr>
        </thead>
        <tbody role="rowgroup" {...hold.handlers}>
          {shown.slice(0, most).map(({ key, row, gone }) => (
            <tr role="row" key={key} data-gone={gone || undefined} data-key={key}>
              {columns.map((one, at) => <Cell key={one.id} column={one} row={row} gone={gone} isName={at === 0} />)}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length > most && (
        <button type="button" className="button table-more" onClick={() => setMost(most + 4 * FIRST)}>{t.more}</button>
      )}
    </div>
  );
}

function widthOf<T>(columns: readonly Column<T>[]): number {
  return columns.reduce((sum, { width = 1 }) => sum + width, 0);
}

function Head<T>({ column, sort, onSort }: { column: Column<T>; sort?: Sort; onSort?: (sort: Sort) => void }) {
  const isSorted = sort?.column === column.id;
  const className = column.numeric ? 'numeric' : undefined;
  if (!column.value || !sort || !onSort) {
    return (
      <th role="columnheader" scope="col" className={className}><Title of={column} /></th>
    );
  }
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  return (
    <th role="columnheader" scope="col" className={className} aria-sort={isSorted ? (sort.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className="table-sort" onClick={() => onSort(nextSort(column, sort))}>
        <Title of={column} />
        <Arrow size={14} aria-hidden className={isSorted ? undefined : 'unsorted'} />
      </button>
    </th>
  );
}

function Title<T>({ of: { title, icon, hideTitle = false } }: { of: Column<T> }) {
  if (!icon && !hideTitle) return title;
  return <span title={icon ? title : undefined}>{icon}<span className="visually-hidden">{title}</span></span>;
}

/** Another column starts the way in which it is read: numbers and times from the top, names from A. */
function nextSort<T>(column: Column<T>, sort: Sort): Sort {
  if (sort.column === column.id) return { column: column.id, descending: !sort.descending };
  return { column: column.id, descending: column.numeric ?? false };
}

/** The heads of the table for small screens, where rows are cards. */
function SortField<T>({ columns, sort, onSort }: { columns: readonly Column<T>[]; sort: Sort; onSort: (sort: Sort) => void }) {
  const t = useTexts().admin.table;
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  return (
    <div className="table-sort-field">
      <label className="field">
        <span>{t.sortBy}</span>
        <select className="input" value={sort.column} onChange={(event) => onSort({ ...sort, column: event.target.value })}>
          {columns.filter(({ value }) => value).map(({ id, title }) => <option key={id} value={id}>{title}</option>)}
        </select>
      </label>
      <button
        type="button"
        className="icon-button"
        aria-label={t.descending}
        title={t.descending}
        onClick={() => onSort({ ...sort, descending: !sort.descending })}
      >
        <Arrow size={18} aria-hidden />
      </button>
    </div>
  );
}

function Cell<T>({ column, row, gone, isName }: { column: Column<T>; row: T; gone: boolean; isName: boolean }) {
  const t = useTexts().admin.table;
  const className = column.numeric ? 'numeric' : undefined;
  const content = column.cell(row, gone);
  if (isName) {
    return (
      <th role="rowheader" scope="row" className={className}>
        {content}
        {gone && <span className="mark">{t.gone}</span>}
      </th>
    );
  }
  return <td role="cell" className={className} data-column={column.id} data-label={column.hideTitle ? undefined : column.title}>{content}</td>;
}

/** Whether somebody points at, types in or marks text of the rows. */
function useHold() {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const body = useRef<HTMLTableSectionElement>(null);
  return {
    isHeld: () => pointed || focused || holdsSelection(body.current),
    handlers: {
      ref: body,
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: (event: React.FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    },
  };
}

function holdsSelection(body: HTMLElement | null): boolean {
  const selection = body && getSelection();
  return Boolean(selection && !selection.isCollapsed && body.contains(selection.anchorNode));
}

/** Rows as they are, or while the table is held: each where it was. A new order is taken at once. */
function useSteady<T>(fresh: readonly T[], keyOf: (row: T) => string, isHeld: () => boolean, order: string): readonly Shown<T>[] {
  const last = useRef<{ order: string; shown: readonly Shown<T>[] }>({ order: '', shown: [] });
  const asTheyAre = (): Shown<T>[] => fresh.map((row) => ({ key: keyOf(row), row, gone: false }));
  const shown = last.current.order === order && isHeld() ? held(last.current.shown, fresh, keyOf) : asTheyAre();
  useEffect(() => {
    last.current = { order, shown };
  });
  return shown;
}
