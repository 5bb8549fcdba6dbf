/** The elements of a replayed board, lowest first. What changes without going elsewhere keeps its place. */
import { documentOrder, standIns } from '../whiteboard/order';
import type { SceneElement } from '../whiteboard/schema';
import type { State } from './knownStates';

export class Arrangement {
  private elements: SceneElement[] = [];
  private keys: (string | null)[] = [];
  private places = new Map<string, number>();
  private substitutes: ReadonlyMap<string, string> = new Map();
  private copies = new WeakMap<SceneElement, SceneElement>();

  constructor(private readonly states: ReadonlyMap<string, State>) {
    this.arrange();
  }

  all(): readonly SceneElement[] {
    return this.elements;
  }

  /** These states are others than they were. */
  update(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      const [element, place] = [this.states.get(id)?.decoded?.element, this.places.get(id)];
      if (!element && place === undefined) continue;
      if (!element || place === undefined || keyOf(element) !== this.keys[place]) return this.arrange();
      this.elements[place] = this.indexed(element);
    }
  }

  private arrange(): void {
    const drawn: { id: string; index: string | null; element: SceneElement }[] = [];
    for (const [id, { decoded }] of this.states) if (decoded) drawn.push({ id, index: keyOf(decoded.element), element: decoded.element });
    const ordered = documentOrder(drawn);
    this.substitutes = standIns(ordered);
    this.keys = ordered.map(({ index }) => index);
    this.places = new Map(ordered.map(({ id }, place) => [id, place]));
    this.elements = ordered.map(({ element }) => this.indexed(element));
  }

  /** The editor wants keys that are valid and differ. */
  private indexed(element: SceneElement): SceneElement {
    const index = this.substitutes.get(element.id);
    if (index === undefined || index === element.index) return element;
    let copy = this.copies.get(element);
    if (copy?.index !== index) this.copies.set(element, (copy = { ...element, index }));
    return copy;
  }
}

const keyOf = ({ index }: SceneElement): string | null => (typeof index === 'string' ? index : null);
