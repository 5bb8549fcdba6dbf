/** Which elements may be given to the editor. What is not checked here can end everybody's session. */
import type { Json } from './schema';

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Check = (value: unknown) => boolean;
type Draft = Readonly<Record<string, unknown>>;

const COORDINATE_LIMIT = 1e6;
/** Hatching costs lines per pixel: a larger shape would stop the page. */
const SIZE_LIMIT = 2e5;
const MAX_TEXT = 100_000;
const MAX_POINTS = 200_000;

const within = (low: number, high: number): Check => (v) => typeof v === 'number' && v >= low && v <= high;
const oneOf = (...allowed: readonly unknown[]): Check => (v) => allowed.includes(v);
const nullOr = (check: Check): Check => (v) => v === null || check(v);
const listOf = (check: Check, most: number): Check => (v) => Array.isArray(v) && v.length <= most && v.every(check);
const text = (most: number): Check => (v) => typeof v === 'string' && v.length <= most;
const flag: Check = (v) => typeof v === 'boolean';
const shape = (keys: Readonly<Record<string, Check>>): Check => (v) =>
  isPlainObject(v) && Object.entries(keys).every(([key, check]) => check(v[key]));
const maybe = (check: Check): Check => (v) => v === undefined || check(v);

const coordinate = within(-COORDINATE_LIMIT, COORDINATE_LIMIT);
const size = within(-SIZE_LIMIT, SIZE_LIMIT);
const id = text(200);
const colour = text(64);
const ratio = within(-1e6, 1e6);
const point: Check = (v) => Array.isArray(v) && v.length === 2 && size(v[0]) && size(v[1]);
const arrowhead = oneOf(
  'arrow', 'bar', 'dot', 'circle', 'circle_outline', 'triangle', 'triangle_outline', 'diamond', 'diamond_outline',
  'crowfoot_one', 'crowfoot_many', 'crowfoot_one_or_many',
);
const binding = shape({
  elementId: id,
  focus: ratio,
  gap: ratio,
  fixedPoint: maybe(nullOr((v) => Array.isArray(v) && v.length === 2 && v.every(ratio))),
});
const sizeAboveZero = within(1e-9, SIZE_LIMIT);

const CHECKS: Readonly<Record<string, Check>> = {
  id,
  x: coordinate, y: coordinate, width: size, height: size, angle: within(-1000, 1000),
  isDeleted: flag, locked: flag, strokeColor: colour, backgroundColor: colour,
  fillStyle: oneOf('hachure', 'cross-hatch', 'solid', 'zigzag'), strokeStyle: oneOf('solid', 'dashed', 'dotted'),
  strokeWidth: within(0.01, 200), roughness: within(0, 10), opacity: within(0, 100),
  seed: (v) => Number.isSafeInteger(v),
  roundness: nullOr(shape({ type: oneOf(1, 2, 3), value: maybe(within(0, SIZE_LIMIT)) })),
  groupIds: listOf(id, 100), frameId: nullOr(id), link: nullOr(text(2000)),
  boundElements: nullOr(listOf(shape({ id, type: oneOf('arrow', 'text') }), 10_000)),
  customData: maybe(isPlainObject), name: nullOr(text(1000)),
  fontSize: within(0.1, 5000), fontFamily: within(1, 20), text: text(MAX_TEXT), originalText: text(MAX_TEXT),
  textAlign: oneOf('left', 'center', 'right'), verticalAlign: oneOf('top', 'middle', 'bottom'),
  containerId: nullOr(id), autoResize: flag, lineHeight: within(0.1, 10),
  startBinding: nullOr(binding), endBinding: nullOr(binding),
  startArrowhead: nullOr(arrowhead), endArrowhead: nullOr(arrowhead), elbowed: flag,
  fixedSegments: nullOr(listOf(shape({ start: point, end: point, index: within(0, MAX_POINTS) }), 1000)),
  startIsSpecial: nullOr(flag), endIsSpecial: nullOr(flag), simulatePressure: flag,
  fileId: id, status: oneOf('pending', 'saved', 'error'),
  scale: (v) => Array.isArray(v) && v.length === 2 && v.every(ratio),
  crop: nullOr(shape({
    x: within(0, SIZE_LIMIT), y: within(0, SIZE_LIMIT), width: sizeAboveZero, height: sizeAboveZero,
    naturalWidth: sizeAboveZero, naturalHeight: sizeAboveZero,
  })),
  pressures: listOf(within(0, 1), MAX_POINTS),
  points: listOf(point, MAX_POINTS),
};

/** Keys without which there is nothing to draw; all other keys fall back to a default. */
const REQUIRED_BASE = ['id', 'x', 'y', 'width', 'height', 'strokeColor', 'strokeWidth', 'roughness', 'opacity', 'seed'];
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  text: ['fontSize', 'fontFamily', 'text', 'originalText', 'lineHeight'],
  line: ['points'],
  arrow: ['points'],
  freedraw: ['points', 'pressures'],
  image: ['fileId'],
};

/** The fewest points that Excalidraw can measure. */
const FEWEST_POINTS: Readonly<Record<string, number>> = { freedraw: 1, line: 2, arrow: 2 };

/**
 * The keys of a drawable element whose values must be replaced by their default.
 *
 * @returns null when the element cannot be drawn at all.
 */
export function elementDefects(draft: Draft, defaults: Readonly<Record<string, Json>>): string[] | null {
  if (!isComplete(draft)) return null;
  const required = [...REQUIRED_BASE, ...(REQUIRED[String(draft['type'])] ?? [])];
  if (!required.every((key) => CHECKS[key]!(draft[key]))) return null;
  const defects: string[] = [];
  for (const key of Object.keys(draft)) {
    const check = CHECKS[key];
    if (!check || required.includes(key) || check(draft[key])) continue;
    if (!(key in defaults) && key !== 'customData') return null;
    defects.push(key);
  }
  for (const key of ['frameId', 'containerId']) if (draft[key] === draft['id']) defects.push(key);
  return defects;
}

/** Whether there is already something to draw: a line has two points, an image its file. Incomplete ones are not sent. */
export function isComplete(draft: Draft): boolean {
  const type = String(draft['type']);
  if (type === 'image') return typeof draft['fileId'] === 'string';
  const fewest = FEWEST_POINTS[type];
  return fewest === undefined || (Array.isArray(draft['points']) && draft['points'].length >= fewest);
}
