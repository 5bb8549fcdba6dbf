/** The sentence that a moderator gave. */

/** What the server says where nobody gave a reason: our own words say the same, in the reader's language. */
const SERVERS_OWN: ReadonlySet<string> = new Set([
  'A moderator has removed you from this room.',
  'You may not enter this room any more.',
  'This room is locked: nobody can enter at present.',
  'The room was closed.',
  'This room was deleted.',
  'This room is only for people who were invited.',
  'This room is full: please try again later.',
  'You were not let in.',
  'This page is not in the room any more.',
  'You have to knock again.',
]);

/** @returns empty when the reason is not of a person. */
export function personsReason(reason: string | undefined): string {
  return reason === undefined || SERVERS_OWN.has(reason) ? '' : reason;
}
