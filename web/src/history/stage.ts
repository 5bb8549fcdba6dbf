/** The board of a replay: shows a document that changes row by row or is replaced, in an editor that nobody draws in. */
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type * as Y from 'yjs';
import type { RoomSession } from '../sync/types';
import { assetsOf } from '../whiteboard/assets';
import { EditorScene } from '../whiteboard/editorScene';
import { Images } from '../whiteboard/images';
import { RemoteChanges, changedIds } from '../whiteboard/remoteChanges';
import { type ElementsMap, type SceneElement, elementsOf } from '../whiteboard/schema';
import type { Shadows } from '../whiteboard/shadow';
import { DecodedCache, signatureOf } from './decodedCache';
import { type Tint, TintedScene } from './tintedScene';

export class Stage {
  private readonly scene: TintedScene;
  private readonly shadows: Shadows = new Map();
  private readonly cache = new DecodedCache();
  private shown: { elements: ElementsMap; remote: RemoteChanges; images: Images } | undefined;

  constructor(private readonly session: RoomSession, readonly api: ExcalidrawImperativeAPI) {
    this.scene = new TintedScene(new EditorScene(api));
  }

  /** Show this document from now on. */
  show(doc: Y.Doc): void {
    const elements = elementsOf(doc);
    const changed = differing(this.shown?.elements, elements);
    this.leave();
    const remote = new RemoteChanges(elements, this.scene, this.shadows, Math.random, this.cache.decode);
    const images = new Images(doc, this.api, this.scene.elements, assetsOf(this.session), () => false, () => {});
    this.shown = { elements, remote, images };
    remote.apply(changed);
    images.refresh();
    elements.observeDeep(this.onChange);
  }

  setTint(tint: Tint): void {
    this.scene.setTint(tint);
  }

  /** Elements that are not deleted, as they are, lowest first. */
  elements(): readonly SceneElement[] {
    return this.scene.elements().filter((element) => !element.isDeleted);
  }

  /** The Yjs client id under which an element was made. */
  makerOf(id: string): number | undefined {
    return this.shown?.elements.get(id)?._item?.id.client;
  }

  /** Look at everything that is there. */
  fit(): void {
    const elements = this.api.getSceneElements();
    if (elements.length === 0) return;
    this.api.scrollToContent(elements, { fitToViewport: true, viewportZoomFactor: 0.8, animate: false, maxZoom: 1 });
  }

  leave(): void {
    this.shown?.elements.unobserveDeep(this.onChange);
    this.shown?.images.destroy();
    this.shown = undefined;
  }

  private readonly onChange = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    this.shown?.remote.apply(changedIds(events));
    this.shown?.images.refresh();
  };
}

/** What one of the two has otherwise than the other. All else keeps its object, and the editor its drawing of it. */
export function differing(before: ElementsMap | undefined, after: ElementsMap): Set<string> {
  const ids = new Set(after.keys());
  for (const [id, was] of before ?? []) {
    const is = after.get(id);
    if (is === undefined) ids.add(id);
    else if (signatureOf(was) === signatureOf(is)) ids.delete(id);
  }
  return ids;
}
