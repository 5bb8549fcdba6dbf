/**
 * How one whiteboard element lies in the document: `elements`: Y.Map<id, Y.Map<key, value>>.
 *
 * Document keys differ from Excalidraw's where two users' halves must never mix (`xy`, `wh`), where a whole value
 * would be resent (`pts`, the points of a stroke) or where the value belongs to one editor only (`version`, …).
 */
import * as Y from 'yjs';
import { elementDefects, isComplete, isPlainObject } from './renderable';
import { type InkPoints, type Pair, decodeInk, extentOf, isPair } from './points';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An Excalidraw element as this package sees it; the editor's own type is narrower. */
export interface SceneElement {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly versionNonce: number;
  readonly isDeleted: boolean;
  index: string | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly [key: string]: unknown;
}

export type ElementMap = Y.Map<unknown>;
export type ElementsMap = Y.Map<ElementMap>;

/** Bytes of an image are not in the document; this says where they are. */
export interface FileEntry {
  readonly sha256: string;
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
  readonly name?: string;
}

export const elementsOf = (doc: Y.Doc): ElementsMap => doc.getMap('elements');
export const filesOf = (doc: Y.Doc): Y.Map<FileEntry> => doc.getMap('files');

const BASE_KEYS = [
  'type', 'index', 'isDeleted', 'angle', 'strokeColor', 'backgroundColor', 'fillStyle', 'strokeWidth', 'strokeStyle',
  'roughness', 'opacity', 'seed', 'groupIds', 'frameId', 'roundness', 'boundElements', 'link', 'locked', 'customData',
] as const;
const LINEAR_KEYS = ['startBinding', 'endBinding', 'startArrowhead', 'endArrowhead'] as const;

/** Plain keys by element type; anything else in an element stays where it is: unknown keys are neither shown nor removed. */
const KEYS_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  rectangle: [],
  diamond: [],
  ellipse: [],
  embeddable: [],
  frame: ['name'],
  text: [
    'fontSize', 'fontFamily', 'text', 'originalText', 'textAlign', 'verticalAlign', 'containerId', 'autoResize', 'lineHeight',
  ],
  line: LINEAR_KEYS,
  arrow: [...LINEAR_KEYS, 'elbowed', 'fixedSegments', 'startIsSpecial', 'endIsSpecial'],
  freedraw: ['simulatePressure'],
  image: ['fileId', 'status', 'scale', 'crop'],
};

const PLAIN_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(KEYS_OF_TYPE).map(([type, keys]) => [type, [...BASE_KEYS, ...keys]]),
);

export const plainKeysOf = (type: string): readonly string[] => PLAIN_KEYS.get(type) ?? BASE_KEYS;

/** Whether others could draw it already: a type of ours with enough points, an image with its file. */
export const isSyncable = (element: SceneElement): boolean => PLAIN_KEYS.has(element.type) && isComplete(element);

/** 1/256 px: exact in 32 bits below 65,536, which is what a number costs on the wire. */
const GRID = 256;
export const onGrid = (value: number): number => Math.round(value * GRID) / GRID;
const pairOnGrid = ([a, b]: Pair): Pair => [onGrid(a), onGrid(b)];

/** Values a document may lack, or hold broken, without the element being lost. */
const DEFAULTS: Readonly<Record<string, Json>> = {
  isDeleted: false, angle: 0, groupIds: [], frameId: null, roundness: null, boundElements: null, link: null,
  locked: false, name: null, containerId: null, autoResize: true, startBinding: null, endBinding: null,
  startArrowhead: null, endArrowhead: null, elbowed: false, fixedSegments: null, startIsSpecial: null,
  endIsSpecial: null, simulatePressure: true, scale: [1, 1], crop: null, status: 'saved',
  textAlign: 'left', verticalAlign: 'top', fillStyle: 'solid', strokeStyle: 'solid', backgroundColor: 'transparent',
};

/**
 * The document's view of an element, without a stroke's points (`pts`, `q`, `sc`: see `inkChanges.ts`).
 *
 * @param offset What to add to x and y, because the document holds the stroke's points from another origin.
 */
export function encodePlain(element: SceneElement, offset: Pair = [0, 0]): Map<string, Json> {
  const out = new Map<string, Json>();
  for (const key of plainKeysOf(element.type)) {
    const value = element[key];
    if (value !== undefined) out.set(key, value as Json);
  }
  out.set('xy', pairOnGrid([element.x + offset[0], element.y + offset[1]]));
  if (element.type === 'image') out.set('status', 'saved'); // whether *this* editor could decode it is nobody else's concern
  if (element.type === 'freedraw') return out; // width and height follow from the points
  out.set('wh', pairOnGrid([element.width, element.height]));
  const points = element['points'];
  if (Array.isArray(points)) out.set('lpts', (points as Pair[]).map(pairOnGrid));
  return out;
}

/** Reads the document's keys as they stand, known ones only: what the scene is about to be given. */
export function readPlain(map: ElementMap): Map<string, Json> {
  const out = new Map<string, Json>();
  const type = map.get('type');
  for (const key of plainKeysOf(typeof type === 'string' ? type : '')) {
    const value = map.get(key);
    if (value !== undefined && !(value instanceof Y.AbstractType)) out.set(key, value as Json);
  }
  for (const key of ['xy', 'wh', 'lpts']) {
    const value = map.get(key);
    if (value !== undefined && !(value instanceof Y.AbstractType)) out.set(key, value as Json);
  }
  return out;
}

export interface Decoded {
  readonly element: SceneElement;
  readonly plain: ReadonlyMap<string, Json>;
  readonly ink: InkPoints | null;
}

/**
 * Document → Excalidraw element, a fresh object that shares nothing with the document.
 *
 * @returns null when it cannot be drawn (unknown type, numbers that are not finite, no points, …): such an element
 *   is skipped, because one hostile value would end the editor of everybody else.
 */
export function decodeElement(id: string, map: ElementMap, stamp: Stamp): Decoded | null {
  const plain = readPlain(map);
  const type = plain.get('type');
  if (typeof type !== 'string' || !PLAIN_KEYS.has(type)) return null;
  const ink = type === 'freedraw' ? decodeInk(map) : null;
  if (type === 'freedraw' && ink === null) return null;
  const draft: Record<string, unknown> = { ...compose(id, type, plain, ink), ...stamp };
  const defects = elementDefects(draft, DEFAULTS);
  if (defects === null) return null;
  for (const key of defects) {
    if (key in DEFAULTS) draft[key] = copy(DEFAULTS[key] as Json);
    else delete draft[key];
  }
  return { element: mendText(draft) as unknown as SceneElement, plain, ink };
}

/** What Excalidraw compares to see whether an element changed. */
export interface Stamp {
  readonly version: number;
  readonly versionNonce: number;
  readonly updated: number;
}

function compose(
  id: string, type: string, plain: ReadonlyMap<string, Json>, ink: InkPoints | null,
): Record<string, unknown> {
  const draft: Record<string, unknown> = { id };
  for (const key of plainKeysOf(type)) {
    const value = plain.get(key) ?? DEFAULTS[key];
    if (value !== undefined) draft[key] = copy(value);
  }
  const xy = plain.get('xy');
  [draft['x'], draft['y']] = isPair(xy) ? xy : [NaN, NaN];
  if (ink) {
    [draft['width'], draft['height']] = extentOf(ink.points);
    draft['points'] = ink.points;
    draft['pressures'] = ink.pressures;
    draft['lastCommittedPoint'] = ink.points.at(-1) ?? null;
    return draft;
  }
  const wh = plain.get('wh');
  [draft['width'], draft['height']] = isPair(wh) ? wh : [NaN, NaN];
  if (type === 'line' || type === 'arrow') {
    draft['points'] = copy(plain.get('lpts') ?? []);
    draft['lastCommittedPoint'] = null;
  }
  return draft;
}

const letters = (text: unknown): string => String(text).replace(/\s+/g, '');

/** `text` is `originalText` wrapped; two users' concurrent edits may leave a wrap of one and the words of the other. */
function mendText(draft: Record<string, unknown>): Record<string, unknown> {
  if (draft['type'] === 'text' && letters(draft['text']) !== letters(draft['originalText'])) {
    draft['text'] = draft['originalText'];
  }
  return draft;
}

/** Excalidraw may mutate what it is given; the document's own values must not change under Yjs. */
export function copy<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map((one) => copy(one as Json)) as unknown as T;
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one as Json)])) as T;
  }
  return value;
}

/** Equality of JSON values, without building strings. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => sameJson(one, b[i]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameJson(a[key], b[key]));
}
