/** Finds the links in a message. Only addresses that a browser opens as a page or a mail are links, all else is text. */
export type Piece = { readonly text: string; readonly href?: undefined } | { readonly text: string; readonly href: string };

const CANDIDATE = /(?:https?:\/\/|mailto:|www\.)[^\s<>"`]+/gi;
const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);
/** Invisible, or turns the order of the letters round: an address with these would not lead where it says. */
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const MAX_LINK = 2_000;
const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** The text in order, cut into plain pieces and links; joined they give the text again. */
export function findLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    if (match[0].length > MAX_LINK) continue;
    const candidate = withoutTrailingPunctuation(match[0]);
    const href = standsAlone(text, match.index) ? hrefOf(candidate) : null;
    if (href === null) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: candidate, href });
    end = match.index + candidate.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Not in the middle of a word: `javascript:https://…` is no link. */
const standsAlone = (text: string, at: number): boolean => at === 0 || !/[\p{L}\p{N}_:/@=&?-]/u.test(text[at - 1]!);

/** @returns null for what is no address that may be opened. */
function hrefOf(candidate: string): string | null {
  if (DECEPTIVE.test(candidate)) return null;
  const address = /^www\./i.test(candidate) ? `https://${candidate}` : candidate;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (!PROTOCOLS.has(url.protocol)) return null;
  if (url.protocol === 'mailto:') return url.pathname.includes('@') ? url.href : null;
  // A name before the host pretends to be another host: https://bank.example@evil.example
  return url.hostname === '' || url.username !== '' || url.password !== '' ? null : url.href;
}

/** A sentence's end is not part of the address; a bracket is, if the address opened it. */
function withoutTrailingPunctuation(candidate: string): string {
  let address = candidate;
  for (;;) {
    const last = address.at(-1) ?? '';
    const opening = PAIRS[last];
    const unbalanced = opening !== undefined && count(address, last) > count(address, opening);
    if (!unbalanced && !/[.,;:!?'’”»*_~]/.test(last)) return address;
    address = address.slice(0, -1);
  }
}

const count = (text: string, letter: string): number => text.split(letter).length - 1;
