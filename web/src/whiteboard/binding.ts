/**
 * Keeps a scene and a whiteboard document equal, in both directions.
 *
 * Local changes are written in batches; changes of others are shown once per frame, after local ones were written, and
 * never under the user's hands. Undo is the editor's own: changes of others never enter its history.
 */
import type * as Y from 'yjs';
import { LocalChanges } from './localChanges';
import { RemoteChanges, changedIds } from './remoteChanges';
import type { Scene } from './scene';
import { type ElementsMap, elementsOf } from './schema';
import type { Shadows } from './shadow';

/** ms; longer batches cost fewer bytes, shorter ones show a stroke earlier. */
const FLUSH_DELAY = 40;

export interface BindingOptions {
  /** Run once, soon: the next animation frame, or a timer where there are none. Returns how to call it off. */
  readonly schedule: (run: () => void) => () => void;
  /** False while this user may only look: what he has drawn beyond the document leaves the scene again. */
  readonly mayWrite: () => boolean;
  readonly flushDelay?: number;
  readonly random?: () => number;
}

export class Binding {
  readonly elements: ElementsMap;
  private readonly shadows: Shadows = new Map();
  private readonly local: LocalChanges;
  private readonly remote: RemoteChanges;
  private readonly pending = new Set<string>();
  /** Changed here since the server last confirmed everything: what a purge must not take. */
  private readonly unsaved = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private callOff: (() => void) | undefined;
  private stopped = false;

  /** Shows the document in the scene at once; the scene's former content is dropped. */
  constructor(readonly doc: Y.Doc, private readonly scene: Scene, private readonly options: BindingOptions) {
    const random = options.random ?? Math.random;
    this.elements = elementsOf(doc);
    this.local = new LocalChanges(doc, scene, this.shadows, random);
    this.remote = new RemoteChanges(this.elements, scene, this.shadows, random);
    scene.replace([]);
    this.remote.apply(new Set(this.elements.keys()));
    this.elements.observeDeep(this.onDocument);
  }

  /** Elements that are in the document but cannot be drawn. */
  get skipped(): ReadonlySet<string> {
    return this.remote.skipped;
  }

  /** The editor changed something: written after a short delay, so that a stroke's points travel together. */
  onSceneChange(): void {
    if (this.stopped || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.flush(), this.options.flushDelay ?? FLUSH_DELAY);
  }

  /** Write local changes now; call at the end of a gesture and before the page is left. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.stopped) return;
    if (this.options.mayWrite()) this.write();
    else for (const id of this.local.unwritten()) this.pending.add(id);
    if (this.showable().length) this.scheduleApply();
  }

  private write(): void {
    const { written, lost } = this.local.flush(this);
    for (const id of written) this.unsaved.add(id);
    for (const id of lost) this.pending.add(id);
  }

  /** The server has confirmed everything that was written so far. */
  markSaved(): void {
    this.unsaved.clear();
  }

  /** Show what others changed; runs by itself, soon after each change. */
  apply(): void {
    this.callOff?.();
    this.callOff = undefined;
    this.flush();
    const ids = this.showable();
    if (this.stopped || ids.length === 0) return;
    for (const id of ids) this.pending.delete(id);
    this.remote.apply(new Set(ids));
  }

  destroy(): void {
    this.flush();
    this.stopped = true;
    this.callOff?.();
    this.elements.unobserveDeep(this.onDocument);
  }

  /** Pending ids that the user's hands are not on. */
  private showable(): string[] {
    if (this.pending.size === 0) return [];
    const busy = this.scene.busy();
    return [...this.pending].filter((id) => !busy.has(id));
  }

  private scheduleApply(): void {
    this.callOff ??= this.options.schedule(() => this.apply());
  }

  private readonly onDocument = (events: Y.YEvent<Y.AbstractType<unknown>>[], transaction: Y.Transaction): void => {
    if (transaction.origin === this) return;
    for (const id of changedIds(events)) {
      if (this.elements.has(id) || !this.unsaved.has(id)) this.pending.add(id);
      else this.recreate(id);
    }
    this.scheduleApply();
  };

  /** Purged elsewhere while this user's edit was under way: it is written again as a whole, under the same id. */
  private recreate(id: string): void {
    const shadow = this.shadows.get(id);
    if (shadow) shadow.version = -1;
  }
}
