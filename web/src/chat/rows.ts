/** What the list shows, from top to bottom: days, the line above what is new, and messages grouped by author. */
import type { ChatMessage } from './readMessage';

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'new'; readonly key: string }
  /** `head`: the first of a group, shown with name and time. */
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage; readonly head: boolean };

const GROUP_MS = 5 * 60_000;

/**
 * @param firstUnread The id of the message that the "new" line stands above.
 * @param dayOf A name for the day of a time, in the reader's time zone.
 */
export function rowsOf(
  messages: readonly ChatMessage[], firstUnread: string | null, dayOf: (at: number) => string = localDay,
): Row[] {
  const rows: Row[] = [];
  let before: ChatMessage | undefined;
  for (const message of messages) {
    const newDay = !before || dayOf(before.sentAt) !== dayOf(message.sentAt);
    const isFirstUnread = message.id === firstUnread;
    if (newDay) rows.push({ kind: 'day', key: `day ${message.id}`, at: message.sentAt });
    if (isFirstUnread) rows.push({ kind: 'new', key: 'new' });
    const head = newDay || isFirstUnread || !before || !continues(before, message);
    rows.push({ kind: 'message', key: message.id, message, head });
    before = message;
  }
  return rows;
}

function continues(before: ChatMessage, message: ChatMessage): boolean {
  return before.author === message.author && message.replyTo === null
    && Math.abs(message.sentAt - before.sentAt) <= GROUP_MS;
}

export function localDay(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
