/** The editor's scene as a replay shows it: coloured by author, or with others' work faded. What is kept stays plain. */
import type { Scene } from '../whiteboard/scene';
import type { SceneElement } from '../whiteboard/schema';

/** How an element is shown; undefined: as it is. */
export type Tint = (element: SceneElement) => { readonly color?: string | undefined; readonly faded?: boolean } | undefined;

const FADED = 0.15;
const NO_FILL = 'transparent';

export class TintedScene implements Scene {
  private plain: readonly SceneElement[] = [];
  private shown = new WeakMap<SceneElement, SceneElement>();
  private tint: Tint = () => undefined;
  private nonce = 1;

  constructor(private readonly editor: Scene) {}

  elements = (): readonly SceneElement[] => this.plain;
  busy = (): ReadonlySet<string> => new Set();
  zoom = (): number => this.editor.zoom();

  replace(elements: readonly SceneElement[]): void {
    this.plain = elements;
    this.editor.replace(elements.map((element) => this.show(element)));
  }

  setTint(tint: Tint): void {
    this.tint = tint;
    this.shown = new WeakMap();
    this.replace(this.plain);
  }

  private show(element: SceneElement): SceneElement {
    let shown = this.shown.get(element);
    if (!shown) this.shown.set(element, (shown = this.tinted(element)));
    return shown;
  }

  private tinted(element: SceneElement): SceneElement {
    const how = this.tint(element);
    if (!how) return element;
    const { color, faded } = how;
    const colors = color === undefined ? {} : {
      strokeColor: color,
      backgroundColor: element['backgroundColor'] === NO_FILL ? NO_FILL : `${color}33`,
    };
    const opacity = (element['opacity'] as number) * (faded ? FADED : 1);
    return { ...element, ...colors, opacity, versionNonce: this.nonce++ };
  }
}
