/** A document at one moment, as it came: a keyframe and the rows behind it. It is built when somebody needs all of it. */
import * as Y from 'yjs';

/** The origin of the replay's transactions. */
export const REPLAY = 'replay';

/** What makes the state, until it is built. */
export interface Parts {
  readonly keyframe: Uint8Array | undefined;
  readonly rows: readonly Uint8Array[];
}

export class Moment {
  private built: Y.Doc | undefined;

  constructor(private parts: Parts | undefined, private readonly onDocument: (doc: Y.Doc) => void = () => {}) {}

  /** Undefined when it was built: the document may have gone on since. */
  get unbuilt(): Parts | undefined {
    return this.parts;
  }

  get doc(): Y.Doc {
    if (this.built) return this.built;
    const doc = (this.built = documentOf(this.parts!));
    this.parts = undefined;
    this.onDocument(doc);
    return doc;
  }

  /** Nobody looks at it any more. */
  drop(): void {
    this.built?.destroy();
  }
}

export const documentOf = ({ keyframe, rows }: Parts): Y.Doc => applied(new Y.Doc(), keyframe ? [keyframe, ...rows] : rows);

/** The document with these updates, all in one transaction. */
export function applied(doc: Y.Doc, updates: readonly Uint8Array[]): Y.Doc {
  doc.transact(() => updates.forEach((update) => Y.applyUpdate(doc, update, REPLAY)), REPLAY);
  return doc;
}
