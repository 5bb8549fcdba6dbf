/** What our client says of itself in awareness, and how it reads what others say: everything there is hostile input. */
import { isPlainObject } from './renderable';
import { type Pair, isPair } from './points';

/** Keys are short: the whole state is sent again with every move of the pointer. */
export interface PresenceState {
  readonly user: { readonly id: string; readonly name: string; readonly color: string };
  /** Pointer in scene coordinates; null when it is not over the board. */
  readonly p?: Pair | null;
  /** Button down. */
  readonly b?: 0 | 1;
  /** Laser. */
  readonly l?: 0 | 1;
  readonly sel?: readonly string[];
  /** scrollX, scrollY, zoom, width, height; only while somebody follows. */
  readonly v?: Viewport | null;
  /** `sub` of whom this user follows. */
  readonly f?: string | null;
}

export type Viewport = readonly [scrollX: number, scrollY: number, zoom: number, width: number, height: number];

export const MAX_SELECTED = 50;
const FALLBACK_COLOUR = '#5d5d6b';

export function readPresence(state: unknown): PresenceState | null {
  if (!isPlainObject(state) || !isPlainObject(state['user'])) return null;
  const { id, name, color } = state['user'];
  if (typeof id !== 'string') return null;
  return {
    user: {
      id,
      name: typeof name === 'string' ? name.slice(0, 80) : '',
      color: typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : FALLBACK_COLOUR,
    },
    p: isPair(state['p']) ? state['p'] : null,
    b: state['b'] === 1 ? 1 : 0,
    l: state['l'] === 1 ? 1 : 0,
    sel: Array.isArray(state['sel']) ? state['sel'].filter((one) => typeof one === 'string').slice(0, MAX_SELECTED) : [],
    v: isViewport(state['v']) ? state['v'] : null,
    f: typeof state['f'] === 'string' ? state['f'] : null,
  };
}

function isViewport(value: unknown): value is Viewport {
  return Array.isArray(value) && value.length === 5 && value.every(Number.isFinite) && value.slice(2).every((one) => one > 0);
}

/** How a person's colour and the letters on it are to be drawn, so that they look the same in both themes. */
export interface CursorColours {
  readonly background: string;
  readonly letters: string;
}

const LIGHT = '#ffffff';
const DARK = '#1b1b1f';

/** Black or white, whichever is easier to read on this colour (`#rrggbb`; WCAG relative luminance). */
export function readableOn(color: string): string {
  const [r, g, b] = rgbOf(color).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? LIGHT : DARK;
}

/** @param dark The canvas is shown through Excalidraw's filter for the dark theme, so the filter is undone first. */
export function cursorColours(color: string, dark: boolean): CursorColours {
  const letters = readableOn(color);
  if (!dark) return { background: color, letters };
  return { background: hexOf(beforeFilter(rgbOf(color))), letters: letters === LIGHT ? DARK : LIGHT };
}

type Rgb = readonly [number, number, number];

const rgbOf = (color: string): Rgb => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255) as unknown as Rgb;

/** The inverse of `invert(93%) hue-rotate(180deg)`, as near as there is a colour. */
function beforeFilter([r, g, b]: Rgb): Rgb {
  return [
    -0.574 * r + 1.43 * g + 0.144 * b, 0.426 * r + 0.43 * g + 0.144 * b, 0.426 * r + 1.43 * g - 0.856 * b,
  ].map((rotated) => Math.min(1, Math.max(0, (0.93 - rotated) / 0.86))) as unknown as Rgb;
}

const hexOf = (rgb: Rgb): string => `#${rgb.map((value) => Math.round(value * 255).toString(16).padStart(2, '0')).join('')}`;
