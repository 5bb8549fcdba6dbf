/** When messages came, by the server's clock: that of the row that brought each, whatever its author's clock said. */
import * as Y from 'yjs';
import type { Source } from './documentPlayer';
import { REPLAY } from './moment';
import type { Row } from './stream';

/** Of longer chats the authors' clocks have to do: nobody waits for the whole log. */
export const MOST_ROWS = 20_000;

/**
 * Read the chat's log up to a row.
 *
 * @returns A message's id → microseconds. Of two messages with one id the first counts (CH3).
 */
export async function messageMoments(source: Pick<Source, 'rows'>, head: number, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const moments = new Map<string, number>();
  if (head === 0 || head > MOST_ROWS) return moments;
  const doc = new Y.Doc();
  let at = 0;
  doc.getArray('messages').observe((event) => {
    for (const { insert } of event.changes.delta) for (const message of Array.isArray(insert) ? insert : []) note(message);
  });
  const note = (message: unknown): void => {
    const id = message instanceof Y.Map ? message.get('id') : undefined;
    if (typeof id === 'string' && !moments.has(id)) moments.set(id, at);
  };
  const row = (one: Row): void => {
    at = one.at;
    Y.applyUpdate(doc, one.update, REPLAY);
  };
  await source.rows('chat', { after: 0, until: head, keyframe: false }, { keyframe() {}, row }, signal);
  return moments;
}
