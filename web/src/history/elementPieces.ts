/** Which structs of a document make one element, those included whose values were overwritten since. */
import * as Y from 'yjs';
import { elementsOf } from '../whiteboard/schema';
import { firstThat } from './bisect';
import type { Row } from './stream';
import type { Clocks } from './rowSearch';
import { readStructs } from './structs';

interface Piece {
  readonly from: number;
  readonly to: number;
  /** What it is a value of; null: it is the element itself. */
  readonly key: string | null;
}

/** What a row did to the element. */
export interface Change {
  readonly row: Pick<Row, 'seq' | 'at' | 'user'>;
  readonly keys: ReadonlySet<string>;
  readonly isNew: boolean;
  /** Whether it is deleted after it; undefined: as before. */
  readonly isGone: boolean | undefined;
}

export class ElementPieces {
  /** By client, in the order of their clocks. */
  private readonly clients = new Map<number, Piece[]>();
  /** The clock of each client's next struct. */
  readonly ends = new Map<number, number>();

  /** @returns undefined where the document does not know all that there was: only the log does. */
  static of(doc: Y.Doc, id: string): ElementPieces | undefined {
    const item = elementsOf(doc)._map.get(id);
    if (!item || item.deleted || item.left || !(item.content instanceof Y.ContentType)) return undefined;
    const pieces = new ElementPieces();
    pieces.add(item, null);
    const { type } = item.content;
    for (const [key, newest] of type._map as Map<string, Y.Item>) {
      if (key === 'pts' && newest.left) return undefined; // the points of an array that was replaced are gone
      for (let one: Y.Item | null = newest; one; one = one.left) pieces.add(one, key);
      const list = newest.content instanceof Y.ContentType ? newest.content.type : undefined;
      for (let one = list?._start ?? null; one; one = one.right) pieces.add(one, key);
    }
    for (const [client, each] of pieces.clients) {
      each.sort((a, b) => a.from - b.from);
      pieces.ends.set(client, Y.getState(doc.store, client));
    }
    return pieces;
  }

  private add({ id: { client, clock }, length }: Y.Item, key: string | null): void {
    const piece = { from: clock, to: clock + length, key };
    const known = this.clients.get(client);
    if (known) known.push(piece);
    else this.clients.set(client, [piece]);
  }

  get clocks(): ReadonlyMap<number, readonly Clocks[]> {
    return new Map([...this.clients].map(([client, pieces]) => [client, pieces.map(({ from, to }): Clocks => [from, to])]));
  }

  /** @returns undefined when the row did nothing to it. */
  changeBy(row: Row): Change | undefined {
    const keys = new Set<string>();
    let isNew = false;
    readStructs(row.update, {
      struct: ({ client, clock, length }) => {
        for (const { key } of this.between(client, clock, clock + length)) {
          if (key === null) isNew = true;
          else keys.add(key);
        }
      },
      deleted() {},
    });
    if (!isNew && keys.size === 0) return undefined;
    const { seq, at, user } = row;
    return { row: { seq, at, user }, keys, isNew, isGone: keys.has('isDeleted') ? this.isGoneBy(row) : undefined };
  }

  private isGoneBy({ update }: Row): boolean | undefined {
    let isGone: boolean | undefined;
    for (const struct of Y.decodeUpdate(update).structs) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) continue;
      const { client, clock } = struct.id;
      if (this.between(client, clock, clock + struct.length).some(({ key }) => key === 'isDeleted')) isGone = struct.content.arr.at(-1) !== false;
    }
    return isGone;
  }

  private between(client: number, from: number, to: number): readonly Piece[] {
    const pieces = this.clients.get(client);
    if (!pieces) return [];
    const found: Piece[] = [];
    for (let index = firstThat(pieces, (piece) => piece.to > from); index < pieces.length && pieces[index]!.from < to; index += 1) found.push(pieces[index]!);
    return found;
  }
}
