/** For tests: an editor of a few lines on a document of its own, with hands, an undo history and a network. */
import * as Y from 'yjs';
import { generateKeyBetween } from 'fractional-indexing';
import { Binding } from './binding';
import type { Scene } from './scene';
import type { SceneElement } from './schema';

export type Random = () => number;

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function newElement(id: string, over: Partial<SceneElement> = {}): SceneElement {
  const type = over.type ?? 'rectangle';
  return {
    id, type, version: 1, versionNonce: 1, isDeleted: false, index: null, x: 10, y: 20, width: 100, height: 50, angle: 0,
    strokeColor: '#1e1e1e', backgroundColor: 'transparent', fillStyle: 'solid', strokeWidth: 2, strokeStyle: 'solid',
    roughness: 1, opacity: 100, seed: 42, groupIds: [], frameId: null, roundness: null, boundElements: null, updated: 1,
    link: null, locked: false,
    ...(type === 'freedraw' && { points: [[0, 0]], pressures: [], simulatePressure: true, lastCommittedPoint: null }),
    ...over,
  };
}

type Patch = Partial<Record<string, unknown>>;
interface Step { readonly id: string; readonly before: Patch; readonly after: Patch }

export class FakeEditor implements Scene {
  list: SceneElement[] = [];
  readonly hands = new Set<string>();
  readonly undoSteps: Step[] = [];
  binding: Binding;
  private scheduled: (() => void) | undefined;
  zoomValue = 1;

  constructor(public doc: Y.Doc, private readonly random: Random, public mayWrite = true) {
    this.binding = this.bind();
  }

  private bind(): Binding {
    return new Binding(this.doc, this, {
      random: this.random,
      mayWrite: () => this.mayWrite,
      schedule: (run) => {
        this.scheduled = run;
        return () => (this.scheduled = undefined);
      },
    });
  }

  elements = (): readonly SceneElement[] => this.list;
  busy = (): ReadonlySet<string> => new Set(this.hands);
  zoom = (): number => this.zoomValue;

  replace(elements: readonly SceneElement[]): void {
    elements.forEach((element, i) => {
      const below = elements[i - 1]?.index;
      if (i > 0 && !(below! < element.index!)) throw new Error(`Excalidraw would rewrite ${element.id}: ${below} ≥ ${element.index}`);
    });
    this.list = [...elements];
  }

  get(id: string): SceneElement {
    const found = this.list.find((element) => element.id === id);
    if (!found) throw new Error(`no element ${id}`);
    return found;
  }

  has = (id: string): boolean => this.list.some((element) => element.id === id);

  /** On top, with the very key that Excalidraw would choose. */
  add(element: SceneElement): SceneElement {
    const added = { ...element, index: generateKeyBetween(this.list.at(-1)?.index ?? null, null) };
    this.list.push(added);
    this.undoSteps.push({ id: element.id, before: { isDeleted: true }, after: { isDeleted: false } });
    return added;
  }

  change(id: string, patch: Patch): void {
    const element = this.get(id) as unknown as Record<string, unknown>;
    const before = Object.fromEntries(Object.keys(patch).map((key) => [key, element[key]]));
    this.undoSteps.push({ id, before, after: patch });
    this.patch(id, patch);
  }

  private patch(id: string, patch: Patch): void {
    const at = this.list.findIndex((element) => element.id === id);
    if (at < 0) return;
    const element = this.list[at]!;
    const version = element.version + 1;
    this.list[at] = { ...element, ...patch, version, versionNonce: Math.floor(this.random() * 2 ** 31) } as SceneElement;
  }

  /** Excalidraw's way: the old values of the keys that this user changed, onto what is there now. */
  undo(): void {
    const step = this.undoSteps.pop();
    if (step) this.patch(step.id, step.before);
    if (step && 'index' in step.before) this.list.sort((a, b) => (a.index! < b.index! ? -1 : 1));
  }

  /** To a place below the element at `to` (or on top). */
  restack(id: string, to: number): void {
    const element = this.get(id);
    const others = this.list.filter((one) => one.id !== id);
    const at = Math.min(to, others.length);
    const index = generateKeyBetween(others[at - 1]?.index ?? null, others[at]?.index ?? null);
    this.undoSteps.push({ id, before: { index: element.index }, after: { index } });
    this.patch(id, { index });
    const moved = this.get(id);
    this.list = [...others.slice(0, at), moved, ...others.slice(at)];
  }

  flush = (): void => this.binding.flush();

  /** Let the scheduled frame happen. */
  frame(): void {
    const run = this.scheduled;
    this.scheduled = undefined;
    run?.();
  }

  /** Close the page and open it again, with what this device had stored. */
  reload(): void {
    this.binding.destroy();
    const stored = Y.encodeStateAsUpdate(this.doc);
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, stored, 'stored');
    this.list = [];
    this.hands.clear();
    this.undoSteps.length = 0;
    this.scheduled = undefined;
    this.binding = this.bind();
  }

  /** What a person sees, lowest first. */
  view(): unknown[] {
    return this.list.map(({ version: _v, versionNonce: _n, updated: _u, index: _i, lastCommittedPoint: _l, ...rest }) => rest);
  }
}

/** Exchange everything between two documents. */
export function meet(a: FakeEditor, b: FakeEditor): void {
  a.flush();
  b.flush();
  const toB = Y.encodeStateAsUpdate(a.doc, Y.encodeStateVector(b.doc));
  const toA = Y.encodeStateAsUpdate(b.doc, Y.encodeStateVector(a.doc));
  Y.applyUpdate(b.doc, toB, 'network');
  Y.applyUpdate(a.doc, toA, 'network');
  a.frame();
  b.frame();
}

/** Both documents forward each update as it happens, as over a socket. */
export function connect(a: Y.Doc, b: Y.Doc): () => void {
  const there = (update: Uint8Array, origin: unknown) => { if (origin !== b) Y.applyUpdate(b, update, a); };
  const back = (update: Uint8Array, origin: unknown) => { if (origin !== a) Y.applyUpdate(a, update, b); };
  a.on('update', there);
  b.on('update', back);
  return () => { a.off('update', there); b.off('update', back); };
}
