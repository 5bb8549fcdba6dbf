/**
 * Who this browser is to the server: a secret that it never shows, and a name.
 *
 * The same `guest_key` gives the same user for ever, so that offline work stays its author's. It is kept beside the
 * documents, in the same storage, so that both are kept or lost together.
 */
export interface Identity {
  /** 32 random bytes, base64url, 43 characters. */
  guest_key: string;
  /** Empty until the person has given one. */
  name: string;
}

const KEY = 'thunderline:identity';
const GUEST_KEY_BYTES = 32;
const SESSION_BYTES = 16;
export const MAX_NAME_LENGTH = 60;

let unstored: Identity | undefined;

/** The identity of this browser; made at first use. Where storage is blocked it lasts as long as the page. */
export function identity(): Identity {
  const kept = read();
  if (kept) return kept;
  const fresh = { guest_key: randomText(GUEST_KEY_BYTES), name: '' };
  write(fresh);
  return fresh;
}

export function rename(name: string): Identity {
  const renamed = { ...identity(), name: tidyName(name) };
  write(renamed);
  return renamed;
}

/** A name as it may be sent: one line, no space around it, at most MAX_NAME_LENGTH characters. */
export function tidyName(name: string): string {
  return [...name.replace(/[\s\p{Cc}]+/gu, ' ').trim()].slice(0, MAX_NAME_LENGTH).join('').trim();
}

/** The id of one open page. */
export function newSessionId(): string {
  return randomText(SESSION_BYTES);
}

function read(): Identity | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return isIdentity(kept) ? kept : unstored;
  } catch {
    return unstored;
  }
}

function write(next: Identity): void {
  unstored = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Storage is blocked or full: the page keeps it, and the status tells that nothing is stored here.
  }
}

function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null
    && 'guest_key' in value && typeof value.guest_key === 'string' && /^[\w-]{43}$/.test(value.guest_key)
    && 'name' in value && typeof value.name === 'string';
}

function randomText(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...random)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
