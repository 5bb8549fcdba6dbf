/** A user's colour, the same in every part of the page, on every device and on the server. */
import { digest } from 'lib0/hash/sha256';

const PALETTE = [
  '#d6336c', '#ae3ec9', '#7048e8', '#4263eb', '#1c7ed6', '#1098ad',
  '#0ca678', '#37b24d', '#74b816', '#f08c00', '#e8590c', '#c92a2a',
] as const;

/** PALETTE[sha256(sub) as one big number, modulo its length], as the server computes it. */
export function colorOf(sub: string): string {
  const hash = digest(new TextEncoder().encode(sub));
  const index = hash.reduce((rest, byte) => (rest * 256 + byte) % PALETTE.length, 0);
  return PALETTE[index] ?? PALETTE[0];
}
