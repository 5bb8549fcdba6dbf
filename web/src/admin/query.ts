/** The view, its filters and its order live in the address (`/admin?view=people&q=ann`), so that a link shows the same. */
import { createStore } from '../sync/valueStore';
import { useStore } from '../ui/useStore';

/** Browsers refuse pages that rewrite their address with every key. */
const WRITE_MS = 250;

const search = createStore(typeof location === 'undefined' ? '' : location.search.slice(1));
let pending: ReturnType<typeof setTimeout> | undefined;

export type Changes = Readonly<Record<string, string | null>>;

export function useQuery(): URLSearchParams {
  return new URLSearchParams(useStore(search));
}

/** Set filters; null and the empty text remove one. They are written over the address. */
export function changeQuery(changes: Changes): void {
  const next = queryWith(search.get(), changes);
  if (next === search.get()) return;
  search.set(next);
  clearTimeout(pending);
  pending = setTimeout(flush, WRITE_MS);
}

/** Go to a view with these parameters and no others; one can go back from it. */
export function visit(to: Changes): void {
  const next = queryWith('', to);
  flush();
  if (next === search.get()) return;
  search.set(next);
  history.pushState(null, '', addressOf(next));
}

/** The parameters after a change, in a form that is equal for equal parameters. */
export function queryWith(query: string, changes: Changes): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return next.toString();
}

/** The address of a view, for links. */
export function addressOf(query: string | Changes): string {
  const text = typeof query === 'string' ? query : queryWith('', query);
  return text ? `/admin?${text}` : '/admin';
}

/** Follow the browser's back and forward; gives what ends it. */
export function followHistory(): () => void {
  const onPop = (): void => {
    clearTimeout(pending);
    pending = undefined;
    search.set(location.search.slice(1));
  };
  addEventListener('popstate', onPop);
  return () => {
    removeEventListener('popstate', onPop);
    flush();
  };
}

function flush(): void {
  if (pending === undefined) return;
  clearTimeout(pending);
  pending = undefined;
  if (location.pathname.startsWith('/admin')) history.replaceState(history.state, '', addressOf(search.get()));
}
