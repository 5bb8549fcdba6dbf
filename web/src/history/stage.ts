/** The board of a replay: shows a document that changes row by row or is replaced, in an editor that nobody draws in. */
import type { ExcalidrawImperativeAPI, SocketId } from '@excalidraw/excalidraw/types';
import * as Y from 'yjs';
import type { RoomSession } from '../sync/types';
import { assetsOf } from '../whiteboard/assets';
import { collaborator } from '../whiteboard/cursors';
import { EditorScene } from '../whiteboard/editorScene';
import { Images } from '../whiteboard/images';
import type { PresenceState } from '../whiteboard/presence';
import { changedIds } from '../whiteboard/remoteChanges';
import { type SceneElement, elementsOf } from '../whiteboard/schema';
import { Arrangement } from './arrangement';
import { boardAt } from './boardAt';
import { KnownStates, type State } from './knownStates';
import type { Moment } from './moment';
import { type Tint, TintedScene } from './tintedScene';

export class Stage {
  private readonly scene: TintedScene;
  private readonly known = new KnownStates();
  private states = new Map<string, State>();
  private arrangement = new Arrangement(this.states);
  private images: Images | undefined;
  private followed: Y.Doc | undefined;
  private hasShown = false;
  private cursors = '';

  constructor(private readonly session: RoomSession, readonly api: ExcalidrawImperativeAPI) {
    this.scene = new TintedScene(new EditorScene(api));
  }

  /** Show this moment from now on. */
  show(moment: Moment): void {
    this.leave();
    const { states, doc } = boardAt(moment, this.known);
    this.states = states;
    this.arrangement = new Arrangement(states);
    const elements = this.arrangement.all();
    if (!this.hasShown) this.fit(elements);
    this.scene.replace(elements);
    this.readFiles(doc);
    if (!moment.unbuilt) this.follow(moment.doc);
  }

  /** The moment that is shown has been built: what changes in the document from now on is shown. */
  follow(doc: Y.Doc): void {
    this.leave();
    this.followed = doc;
    elementsOf(doc).observeDeep(this.onChange);
    this.readFiles(doc);
  }

  setTint(tint: Tint): void {
    this.scene.setTint(tint);
  }

  /** Show these pointers and no others. */
  showCursors(cursors: readonly (PresenceState & { readonly session: string })[], theme: 'light' | 'dark'): void {
    const shown = cursors.length > 0 ? JSON.stringify([cursors, theme]) : '';
    if (shown === this.cursors) return;
    this.cursors = shown;
    const collaborators = new Map(cursors.map((one) => [one.session as SocketId, collaborator(one.session as SocketId, one, theme)]));
    this.api.updateScene({ collaborators });
  }

  /** Elements that are not deleted, as they are, lowest first. */
  elements(): readonly SceneElement[] {
    return this.scene.elements().filter((element) => !element.isDeleted);
  }

  /** The Yjs client id under which an element was made. */
  makerOf(id: string): number | undefined {
    return this.states.get(id)?.maker;
  }

  /** The Yjs client ids whose values an element has. */
  writersOf(id: string): readonly number[] {
    const runs = this.states.get(id)?.signature.trim().split(' ') ?? [];
    return runs.filter(Boolean).map((run) => Number(run.slice(0, run.indexOf('.'))));
  }

  /** Look at everything, as soon as there is something to see: before it is drawn, because all is drawn anew at another zoom. */
  private fit(elements: readonly SceneElement[]): void {
    const visible = elements.filter((element) => !element.isDeleted);
    if (visible.length === 0) return;
    this.hasShown = true;
    this.api.scrollToContent(visible as unknown as Parameters<ExcalidrawImperativeAPI['scrollToContent']>[0], { fitToViewport: true, viewportZoomFactor: 0.8, animate: false, maxZoom: 1 });
  }

  leave(): void {
    if (this.followed) elementsOf(this.followed).unobserveDeep(this.onChange);
    this.followed = undefined;
    this.images?.destroy();
    this.images = undefined;
  }

  private readFiles(doc: Y.Doc): void {
    this.images?.destroy();
    this.images = new Images(doc, this.api, this.scene.elements, assetsOf(this.session), () => false, () => {});
    this.images.refresh();
  }

  private readonly onChange = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    const ids = changedIds(events);
    const elements = elementsOf(this.followed!);
    for (const id of ids) {
      const map = elements.get(id);
      if (map instanceof Y.Map) this.states.set(id, this.known.read(id, map));
      else this.states.delete(id);
    }
    this.arrangement.update(ids);
    this.scene.replace(this.arrangement.all());
    this.images?.refresh();
  };
}
