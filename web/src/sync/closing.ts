/** What a close code of the server means for a document. 44xx is final for the provider, all else is retried by it. */

export type Closing =
  /** The token is not valid (any more), or the role has changed: join again, then connect again. */
  | { kind: 'renew'; code: string }
  /** What was sent cannot be taken: keep it as a copy and go on with a fresh document. */
  | { kind: 'refused'; code: string }
  /** It makes no sense to come back. */
  | { kind: 'final'; code: string }
  /** The server has failed at this document; it is tried again, but people should know. */
  | { kind: 'broken'; code: string }
  | { kind: 'retried'; code: string };

const UNNAMED: Readonly<Record<number, string>> = {
  4400: 'malformed_update', 4401: 'token_invalid', 4403: 'permission_denied', 4404: 'unknown_room',
  4410: 'authorship_violation', 4413: 'update_too_large',
};
const REFUSED = new Set([4400, 4410, 4413]);
/** With these the whole room has ended for this page, not only one document. */
const ENDINGS: ReadonlySet<string> = new Set([
  'removed', 'banned', 'room_locked', 'not_admitted', 'room_deleted', 'unknown_room', 'identity_changed',
]);

export function endsRoom(code: string): boolean {
  return ENDINGS.has(code);
}

/** @param reason the stable code that the server gives as the reason; empty when it was lost on the way. */
export function closingOf(close: number, reason: string): Closing {
  const code = reason || UNNAMED[close] || 'connection_lost';
  if (close === 4401) return { kind: 'renew', code };
  if (close === 4403 && code === 'permission_denied') return { kind: 'renew', code };
  if (REFUSED.has(close)) return { kind: 'refused', code };
  if (close >= 4400 && close < 4500) return { kind: 'final', code };
  if (code === 'corrupt_log') return { kind: 'broken', code };
  return { kind: 'retried', code };
}
