/** Scene → document: finds what this user changed and writes only the keys that differ. */
import * as Y from 'yjs';
import {
  type ElementMap, type ElementsMap, type Json, type SceneElement, copy, elementsOf, encodePlain, isSyncable, plainKeysOf, sameJson,
} from './schema';
import { writeInk } from './inkChanges';
import { isValidKey, randomKeyBetween } from './order';
import type { Scene } from './scene';
import type { Shadow, Shadows } from './shadow';

export interface LocalFlush {
  /** Ids that were written. */
  readonly written: readonly string[];
  /** Ids that left the scene without a deletion, and must be put back from the document. */
  readonly lost: readonly string[];
}

export class LocalChanges {
  private readonly elements: ElementsMap;
  /** Ids that were under the user's hands at the last flush. */
  private inProgress: ReadonlySet<string> = new Set();
  private placedAny = false;

  constructor(
    private readonly doc: Y.Doc,
    private readonly scene: Scene,
    private readonly shadows: Shadows,
    private readonly random: () => number,
  ) {
    this.elements = elementsOf(doc);
  }

  /** Write everything that differs from what the scene was last given, in one transaction whose origin is `origin`. */
  flush(origin: unknown): LocalFlush {
    const scene = this.scene.elements();
    const { changed, gone } = this.differences(scene);
    // all gone at once: the editor was taken down, nobody dropped a shape
    const abandoned = scene.length === 0 && gone.length > 1 ? [] : gone.filter((id) => this.inProgress.has(id));
    if (changed.length || abandoned.length) {
      this.doc.transact(() => {
        for (const i of changed) this.writeElement(scene, i);
        if (this.placedAny) this.settleStandIns();
        for (const id of abandoned) this.discard(id);
      }, origin);
    }
    this.inProgress = this.scene.busy();
    return { written: [...changed.map((i) => scene[i]!.id), ...abandoned], lost: gone.filter((id) => !abandoned.includes(id)) };
  }

  /** Ids that the scene has otherwise than the document: what was not written, and is not going to be. */
  unwritten(): readonly string[] {
    const scene = this.scene.elements();
    const { changed, gone } = this.differences(scene);
    this.inProgress = new Set();
    return [...changed.map((i) => scene[i]!.id), ...gone];
  }

  /** `changed`: places in the scene; `gone`: ids that are in it no more. */
  private differences(scene: readonly SceneElement[]): { changed: readonly number[]; gone: readonly string[] } {
    const changed: number[] = [];
    let known = 0;
    for (let i = 0; i < scene.length; i++) {
      const element = scene[i]!;
      const shadow = this.shadows.get(element.id);
      if (shadow) known++;
      if (shadow ? isChanged(shadow, element) : !element.isDeleted && isSyncable(element)) changed.push(i);
    }
    return { changed, gone: known === this.shadows.size ? [] : this.missingFrom(scene) };
  }

  private missingFrom(scene: readonly SceneElement[]): string[] {
    const present = new Set(scene.map((element) => element.id));
    return [...this.shadows.keys()].filter((id) => !present.has(id));
  }

  /** Excalidraw drops a shape that ends too small to see; others have seen its beginning already. */
  private discard(id: string): void {
    this.shadows.delete(id);
    this.elements.get(id)?.set('isDeleted', true);
  }

  private writeElement(scene: readonly SceneElement[], at: number): void {
    const element = scene[at]!;
    let shadow = this.shadows.get(element.id);
    let map = this.elements.get(element.id);
    if (!(map instanceof Y.Map)) {
      if (element.isDeleted) return void (shadow && stamp(shadow, element));
      map = new Y.Map() as ElementMap;
      this.elements.set(element.id, map);
      shadow = this.forget(element.id, shadow);
    }
    shadow ??= this.forget(element.id);
    const placed = element.index !== shadow.sceneIndex;
    if (placed) this.placeElement(scene, at);
    this.writeKeys(map, element, shadow, placed);
    stamp(shadow, element);
  }

  /** Nothing is known of the document's element, so all of it will be written; its place in z-order stays. */
  private forget(id: string, former?: Shadow): Shadow {
    const shadow: Shadow = { version: 0, nonce: 0, plain: new Map(), sceneIndex: former?.sceneIndex ?? null, ink: null };
    this.shadows.set(id, shadow);
    return shadow;
  }

  private writeKeys(map: ElementMap, element: SceneElement, shadow: Shadow, placed: boolean): void {
    if (element.type === 'freedraw') shadow.ink = writeInk(map, element, shadow.ink, this.scene.zoom());
    const next = encodePlain(element, shadow.ink?.shift);
    // where the scene shows a stand-in that the user did not choose, the document's key stays
    if (!placed && shadow.plain.has('index')) next.set('index', shadow.plain.get('index') as Json);
    for (const [key, value] of next) {
      if (shadow.plain.has(key) && sameJson(shadow.plain.get(key), value)) continue;
      const kept = copy(value);
      shadow.plain.set(key, kept);
      map.set(key, kept);
    }
    for (const key of plainKeysOf(element.type)) {
      if (next.has(key) || !shadow.plain.has(key)) continue;
      shadow.plain.delete(key);
      map.delete(key);
    }
    shadow.sceneIndex = element.index;
  }

  /** The user created or moved this element: make its key unlike anybody else's, in place, as Excalidraw does. */
  private placeElement(scene: readonly SceneElement[], at: number): void {
    const element = scene[at]!;
    const above = neighbourKey(scene, at, 1);
    const low = isValidKey(element.index) ? element.index : neighbourKey(scene, at, -1);
    if (low === null || above === null || low < above) element.index = randomKeyBetween(low, above, this.random);
    this.placedAny = true;
  }

  /** A new key was chosen between stand-ins: they must hold for everybody now. */
  private settleStandIns(): void {
    this.placedAny = false;
    for (const [id, shadow] of this.shadows) {
      if (shadow.sceneIndex === null || shadow.plain.get('index') === shadow.sceneIndex) continue;
      shadow.plain.set('index', shadow.sceneIndex);
      this.elements.get(id)?.set('index', shadow.sceneIndex);
    }
  }
}

const isChanged = (shadow: Shadow, element: SceneElement): boolean =>
  shadow.version !== element.version || shadow.nonce !== element.versionNonce;

function stamp(shadow: Shadow, element: SceneElement): void {
  shadow.version = element.version;
  shadow.nonce = element.versionNonce;
}

function neighbourKey(scene: readonly SceneElement[], at: number, step: 1 | -1): string | null {
  for (let i = at + step; i >= 0 && i < scene.length; i += step) {
    const key = scene[i]!.index;
    if (isValidKey(key)) return key;
  }
  return null;
}
