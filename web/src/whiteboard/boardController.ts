/** Wires one editor to one whiteboard document: elements, images, cursors, following. The parts do the work. */
import type { AppState, BinaryFiles, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import type { DocumentConnection, RoomSession } from '../sync/types';
import { assetsOf } from './assets';
import { Binding } from './binding';
import type { BoardHandle } from './boardHandle';
import { PresenceSender, collaboratorsOf } from './cursors';
import { EditorScene } from './editorScene';
import { Follow } from './follow';
import { Images } from './images';
import { MAX_SELECTED } from './presence';
import { keepSteps, resumeSteps } from './undoSteps';
import { isInView, recallView, rememberView } from './viewMemory';

/** Above this many elements a redraw takes longer than a frame. */
const MANY_ELEMENTS = 10_000;
const SLOW_FRAME_MS = 100;
const HIDDEN_FRAME_MS = 200;
const IMAGE_SCAN_MS = 500;
const REMEMBER_VIEW_MS = 500;

export interface BoardEvents {
  readonly mayWrite: () => boolean;
  readonly onFollow: (sub: string | null) => void;
  readonly onProblem: (error: unknown) => void;
}

export class BoardController implements BoardHandle {
  readonly binding: Binding;
  private readonly scene: EditorScene;
  private readonly images: Images;
  private readonly sender: PresenceSender;
  private readonly following: Follow;
  private readonly stops: (() => void)[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private knownFiles: BinaryFiles | undefined;
  private selection: AppState['selectedElementIds'] | undefined;
  private shownTheme: AppState['theme'] | undefined;
  private placed = false;
  private destroyed = false;

  constructor(
    private readonly session: RoomSession,
    private readonly connection: DocumentConnection,
    readonly api: ExcalidrawImperativeAPI,
    events: BoardEvents,
  ) {
    const { doc, awareness } = connection;
    this.scene = new EditorScene(api);
    this.binding = new Binding(doc, this.scene, { schedule: (run) => this.nextFrame(run), mayWrite: events.mayWrite });
    resumeSteps(api, doc);
    this.images = new Images(doc, api, this.scene.elements, assetsOf(session), events.mayWrite, events.onProblem);
    this.sender = new PresenceSender(awareness);
    this.following = new Follow(api, awareness, this.sender, () => session.me.get().sub, events.onFollow);
    this.listen();
    this.introduce();
    this.showOthers();
    this.placeView();
    void connection.whenSynced.then(() => this.placeViewAtLast());
    this.images.refresh();
  }

  follow(sub: string | null): void {
    if (sub === null) this.following.stop();
    else this.following.start(sub);
  }

  elements = () => this.scene.elements().filter((element) => !element.isDeleted);

  focus(id: string): void {
    const element = this.api.getSceneElements().find((one) => one.id === id);
    if (!element) return;
    this.following.stop();
    this.api.updateScene({ appState: { selectedElementIds: { [id]: true } } });
    this.api.scrollToContent(element, { animate: !matchMedia('(prefers-reduced-motion: reduce)').matches, duration: 150 });
  }

  /** The pointer moved over the board, in scene coordinates. */
  pointer(x: number, y: number, tool: 'pointer' | 'laser', button: 'down' | 'up'): void {
    this.sender.set({ p: [Math.round(x), Math.round(y)], b: button === 'down' ? 1 : 0, l: tool === 'laser' ? 1 : 0 });
  }

  pointerLeft(): void {
    this.sender.set({ p: null, b: 0 });
  }

  destroy(): void {
    this.destroyed = true;
    keepSteps(this.api, this.connection.doc);
    for (const stop of this.stops) stop();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.following.destroy();
    this.images.destroy();
    this.sender.stop();
    this.binding.destroy();
  }

  private listen(): void {
    const { awareness, status } = this.connection;
    const onAwareness = (): void => this.soon('others', 0, () => this.showOthers());
    const onHide = (): void => {
      this.binding.flush();
      if (document.hidden) this.pointerLeft();
    };
    awareness.on('change', onAwareness);
    document.addEventListener('visibilitychange', onHide);
    window.addEventListener('pagehide', onHide);
    this.stops.push(
      () => awareness.off('change', onAwareness),
      () => document.removeEventListener('visibilitychange', onHide),
      () => window.removeEventListener('pagehide', onHide),
      this.api.onChange((_elements, state, files) => this.onEditorChange(state, files)),
      this.api.onPointerDown(() => void (this.placed = true)),
      // the editor ends the gesture after telling us
      this.api.onPointerUp(() => void setTimeout(() => this.binding.flush(), 0)),
      this.api.onScrollChange((scrollX, scrollY, { value }) =>
        this.soon('view', REMEMBER_VIEW_MS, () => rememberView(this.session.room.get().id, { scrollX, scrollY, zoom: value }))),
      this.session.me.subscribe(() => this.introduce()),
      status.subscribe(() => {
        if (status.get().kind !== 'saved') return;
        this.binding.markSaved();
        this.images.refresh();
      }),
    );
  }

  private onEditorChange(state: AppState, files: BinaryFiles): void {
    this.binding.onSceneChange();
    if (files !== this.knownFiles) {
      this.knownFiles = files;
      this.images.publish(files);
    }
    this.sender.setDrawing(state.newElement !== null);
    if (state.theme !== this.shownTheme) this.showOthers();
    if (state.selectedElementIds !== this.selection) {
      this.selection = state.selectedElementIds;
      this.sender.set({ sel: Object.keys(state.selectedElementIds).slice(0, MAX_SELECTED) });
    }
    this.soon('images', IMAGE_SCAN_MS, () => this.images.refresh());
    this.placeView();
  }

  private introduce(): void {
    const { sub, name, color } = this.session.me.get();
    this.sender.set({ user: { id: sub, name, color } });
  }

  private showOthers(): void {
    const { awareness } = this.connection;
    this.shownTheme = this.api.getAppState().theme;
    this.api.updateScene({ collaborators: collaboratorsOf(awareness.getStates(), awareness.clientID, this.shownTheme) });
  }

  /** When the board has come: look where this device looked last, or at the content when nothing of it is there. */
  private placeView(): void {
    const elements = this.api.getSceneElements();
    const { newElement, width, height } = this.api.getAppState();
    if (this.placed || elements.length === 0) return;
    this.placed = true;
    if (newElement !== null) return;
    const last = recallView(this.session.room.get().id);
    if (last && elements.some((element) => isInView(element, last, width, height))) {
      this.api.updateScene({ appState: { ...last, zoom: { value: last.zoom as never } } });
    } else this.api.scrollToContent(elements, { fitToViewport: true, viewportZoomFactor: 0.8, animate: false, maxZoom: 1 });
  }

  /** What the server has is here: somebody's first stroke from now on must not move the view of those who watch it. */
  private placeViewAtLast(): void {
    if (this.destroyed) return;
    this.binding.apply();
    this.placeView();
    this.placed = true;
  }

  /** At most once in `delay` ms for each name, always with the latest. */
  private soon(name: string, delay: number, run: () => void): void {
    if (this.destroyed || this.timers.has(name)) return;
    this.timers.set(name, setTimeout(() => {
      this.timers.delete(name);
      run();
    }, delay));
  }

  /** At the next animation frame; later on a huge board; by a timer where frames do not come, as in a hidden tab. */
  private nextFrame(run: () => void): () => void {
    const slow = this.scene.elements().length > MANY_ELEMENTS;
    const timer = setTimeout(() => once(), slow ? SLOW_FRAME_MS : HIDDEN_FRAME_MS);
    const frame = slow ? 0 : requestAnimationFrame(() => once());
    const callOff = (): void => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
    const once = (): void => {
      callOff();
      run();
    };
    return callOff;
  }
}
