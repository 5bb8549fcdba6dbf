/** Document → scene: gives the editor new objects for what others changed, and leaves every other reference alone. */
import * as Y from 'yjs';
import { type Decoded, type ElementsMap, type SceneElement, decodeElement } from './schema';
import { readInk } from './inkChanges';
import { documentOrder, standIns } from './order';
import type { Scene } from './scene';
import type { Shadow, Shadows } from './shadow';

/** Ids whose element, or a key or point of it, changed in this transaction. */
export function changedIds(events: readonly Y.YEvent<Y.AbstractType<unknown>>[]): Set<string> {
  const out = new Set<string>();
  for (const event of events) {
    if (event.path.length > 0) out.add(String(event.path[0]));
    else for (const id of event.changes.keys.keys()) out.add(id);
  }
  return out;
}

export class RemoteChanges {
  /** Ids that could not be drawn when last seen; for the outline and for tests. */
  readonly skipped = new Set<string>();

  constructor(
    private readonly elements: ElementsMap,
    private readonly scene: Scene,
    private readonly shadows: Shadows,
    private readonly random: () => number,
  ) {}

  /** Show these ids as the document has them. */
  apply(ids: ReadonlySet<string>): void {
    const fresh = new Map<string, SceneElement>();
    const before = this.scene.elements();
    let reorder = false;
    const next: SceneElement[] = [];
    for (const element of before) {
      if (!ids.has(element.id)) {
        next.push(element);
        continue;
      }
      const shown = this.read(element.id, element);
      fresh.set(element.id, element);
      if (!shown) continue;
      if (shown.index !== element.index) reorder = true;
      next.push(shown);
    }
    for (const id of ids) {
      if (fresh.has(id)) continue;
      const shown = this.read(id);
      if (!shown) continue;
      next.push(shown);
      reorder = true;
    }
    if (next.length === 0 && before.length === 0) return;
    this.scene.replace(reorder ? this.inOrder(next) : next);
  }

  /** The document's element as a new object; null when it is not there (any more) or cannot be drawn. */
  private read(id: string, shown?: SceneElement): SceneElement | null {
    const map = this.elements.get(id);
    const stamp = { version: (shown?.version ?? 0) + 1, versionNonce: this.nonce(), updated: Date.now() };
    const decoded = map instanceof Y.Map ? decodeElement(id, map, stamp) : null;
    if (!decoded) {
      if (map) this.skipped.add(id);
      this.shadows.delete(id);
      return null;
    }
    this.skipped.delete(id);
    const known = this.shadows.get(id);
    const shadow = this.shadowOf(decoded, map!);
    // keep the stand-in as long as the document's key did not change, or every remote change would reorder
    if (known && shown && known.plain.get('index') === shadow.plain.get('index')) {
      decoded.element.index = shown.index;
      shadow.sceneIndex = shown.index;
    }
    this.shadows.set(id, shadow);
    return decoded.element;
  }

  private shadowOf(decoded: Decoded, map: Y.Map<unknown>): Shadow {
    const { element, plain, ink } = decoded;
    return {
      version: element.version,
      nonce: element.versionNonce,
      plain: new Map(plain),
      sceneIndex: element.index,
      ink: ink && readInk(map, ink.points),
    };
  }

  /** Sort by the document's keys; where they are equal or invalid, the scene gets stand-ins (see `order.ts`). */
  private inOrder(elements: readonly SceneElement[]): SceneElement[] {
    const keyed = elements.map((element) => ({ id: element.id, index: this.documentIndex(element), element }));
    const ordered = documentOrder(keyed);
    const substitutes = standIns(ordered);
    return ordered.map(({ id, index, element }) => {
      const key = substitutes.get(id) ?? index;
      if (key === element.index) return element;
      return this.reindexed(element, key);
    });
  }

  private documentIndex(element: SceneElement): string | null {
    const index = this.shadows.get(element.id)?.plain.get('index') ?? element.index;
    return typeof index === 'string' ? index : null;
  }

  private reindexed(element: SceneElement, index: string | null): SceneElement {
    const shadow = this.shadows.get(element.id);
    if (!shadow) { // still being drawn, nobody else has it: the editor holds on to this very object
      element.index = index;
      return element;
    }
    shadow.version = element.version + 1;
    shadow.nonce = this.nonce();
    shadow.sceneIndex = index;
    return { ...element, index, version: shadow.version, versionNonce: shadow.nonce };
  }

  private nonce(): number {
    return Math.floor(this.random() * 2 ** 31);
  }
}
