/** A history for tests: real Yjs documents, their updates as rows, and the stream that a server would send. */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { Source } from './documentPlayer';
import { type StreamReader, readStream } from './stream';

export interface RowRange {
  readonly after: number;
  readonly until: number;
  readonly keyframe: boolean;
}

export interface TestRow {
  readonly at: number;
  readonly user: string;
  readonly update: Uint8Array;
}

/** One row for each edit; `edit` gets the document of the row's author. */
export function rowsOf(edits: readonly { at: number; user: string; edit: (doc: Y.Doc) => void }[]): TestRow[] {
  const docs = new Map<string, Y.Doc>();
  const rows: TestRow[] = [];
  for (const { at, user, edit } of edits) {
    if (!docs.has(user)) {
      const fresh = new Y.Doc();
      for (const { update } of rows) Y.applyUpdate(fresh, update);
      docs.set(user, fresh);
    }
    const doc = docs.get(user)!;
    const before = Y.encodeStateVector(doc);
    edit(doc);
    const update = Y.encodeStateAsUpdate(doc, before);
    for (const other of docs.values()) if (other !== doc) Y.applyUpdate(other, update);
    rows.push({ at, user, update });
  }
  return rows;
}

/** The state after so many rows, built in the plainest way. */
export function stateAfter(rows: readonly TestRow[], seq: number): Y.Doc {
  const doc = new Y.Doc();
  for (const { update } of rows.slice(0, seq)) Y.applyUpdate(doc, update);
  return doc;
}

/** What the server sends (`docs/reference.md`). */
export function streamOf(rows: readonly TestRow[], { after, until, keyframe }: RowRange, every = 100): Uint8Array {
  const out = encoding.createEncoder();
  const authors: string[] = [];
  let [seq, at] = [keyframe ? Math.floor(after / every) * every : after, 0];
  if (keyframe && seq > 0) {
    at = rows[seq - 1]!.at;
    encoding.writeVarUint(out, 0);
    encoding.writeVarUint(out, seq);
    encoding.writeVarUint(out, at);
    encoding.writeVarUint8Array(out, Y.encodeStateAsUpdate(stateAfter(rows, seq)));
  }
  for (; seq < until; seq++) {
    const row = rows[seq]!;
    if (!authors.includes(row.user)) {
      authors.push(row.user);
      encoding.writeVarUint(out, 1);
      encoding.writeVarString(out, row.user);
      encoding.writeVarString(out, `session of ${row.user}`);
    }
    encoding.writeVarUint(out, 2);
    encoding.writeVarUint(out, authors.indexOf(row.user));
    encoding.writeVarInt(out, row.at - at);
    encoding.writeVarUint8Array(out, row.update);
    at = row.at;
  }
  encoding.writeVarUint(out, 3);
  encoding.writeVarUint(out, until);
  return encoding.toUint8Array(out);
}

/** Bytes in pieces, as a network gives them. */
export function pieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

export class TestSource implements Source {
  /** Every range that was asked for. */
  readonly asked: RowRange[] = [];
  /** So many of the next streams break off in the middle. */
  broken = 0;

  constructor(readonly log: readonly TestRow[]) {}

  async state(document: string, when: { seq: number } | { at: number }, reader: StreamReader): Promise<number> {
    const seq = 'seq' in when ? when.seq : this.log.filter(({ at }) => at <= when.at).length;
    return this.rows(document, { after: seq, until: seq, keyframe: true }, reader);
  }

  async rows(_document: string, range: RowRange, reader: StreamReader): Promise<number> {
    this.asked.push(range);
    const bytes = streamOf(this.log, range);
    const sent = this.broken > 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
    if (this.broken > 0) this.broken -= 1;
    return readStream(pieces(sent, 4096), range.keyframe ? 0 : range.after, reader);
  }
}
