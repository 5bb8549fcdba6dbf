/** A status in words, with its colour and its shape: colour alone says nothing to some. */
import { CircleCheck, CloudOff, Eye, LoaderCircle, type LucideIcon, TriangleAlert, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { SaveStatus } from '../sync/types';
import type { Texts } from './texts';

export const STATUS_ICONS: Readonly<Record<SaveStatus['kind'], LucideIcon>> = {
  opening: LoaderCircle,
  saved: CircleCheck,
  saving: LoaderCircle,
  offline: CloudOff,
  viewOnly: Eye,
  refused: TriangleAlert,
  stopped: Unplug,
};

export function wordsOf(status: SaveStatus, t: Texts['status']): string {
  switch (status.kind) {
    case 'offline': return (status.stored ? t.offline : t.offlineUnstored)(status.changes);
    case 'refused': return t.refused(status.changes);
    default: return t[status.kind];
  }
}

export function explanationOf(status: SaveStatus, t: Texts['status']): string {
  if (status.kind !== 'offline') return t.explain[status.kind];
  if (status.stored) return t.explain.offline;
  return status.changes > 0 ? t.explain.offlineUnstored : t.explain.offlineNothing;
}

const CALM_MS = 400;

/** The status without flicker: "saving" is shown only when it takes longer than a moment. */
export function useCalmStatus(status: SaveStatus): SaveStatus {
  const [shown, setShown] = useState(status);
  useEffect(() => {
    const delay = status.kind === 'saving' && shown.kind === 'saved' ? CALM_MS : 0;
    const timer = setTimeout(() => setShown(status), delay);
    return () => clearTimeout(timer);
    // The time of the first change counts: further ones do not start the wait anew.
  }, [status.kind === 'saving' ? 'saving' : status, shown.kind]);
  return shown.kind === status.kind ? status : shown;
}
