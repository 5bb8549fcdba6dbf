/** What somebody has selected in a replay, and whether he is selecting several. */
import { useCallback, useMemo, useState } from 'react';
import { type How, selected, wholesOf } from './selection';
import type { Stage } from './stage';
import type { SelectionKeys } from './useReplayKeys';

export interface Selection {
  readonly ids: readonly string[];
  readonly isSeveral: boolean;
  setSeveral(on: boolean): void;
  select(ids: readonly string[], how: How): void;
  /** Select nothing, and no more several. */
  close(): void;
  readonly keys: SelectionKeys;
}

export function useSelection(stage: Stage | null): Selection {
  const [ids, setIds] = useState<readonly string[]>([]);
  const [isSeveral, setSeveral] = useState(false);
  const select = useCallback((more: readonly string[], how: How) => setIds((before) => selected(before, more, how)), []);
  const close = useCallback(() => {
    setIds([]);
    setSeveral(false);
  }, []);
  const keys = useMemo((): SelectionKeys => ({
    // first what is selected, then the selecting of several
    onEscape: ids.length > 0 ? () => setIds([]) : isSeveral ? () => setSeveral(false) : undefined,
    onAll: () => setIds([...new Set(wholesOf(stage?.elements() ?? []).values())].map(({ id }) => id)),
  }), [stage, ids, isSeveral]);
  return { ids, isSeveral, setSeveral, select, close, keys };
}
