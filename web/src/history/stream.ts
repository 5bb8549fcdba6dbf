/** The server's stream of history: a keyframe, authors, rows, an end, in lib0's encoding (see docs/reference.md). */
import { type Decoder, createDecoder, readUint8Array, readVarInt, readVarString, readVarUint } from 'lib0/decoding';

/** What one session changed within one tick. Instants are microseconds of the epoch. */
export interface Row {
  readonly seq: number;
  readonly at: number;
  readonly user: string;
  readonly session: string;
  readonly update: Uint8Array;
}

/** The whole document after the row `seq`. */
export interface Keyframe {
  readonly seq: number;
  readonly at: number;
  readonly update: Uint8Array;
}

export interface StreamReader {
  keyframe(keyframe: Keyframe): void;
  row(row: Row): void;
}

/** It ended before its end: the connection broke, the room was deleted, or the person sent away. */
export class StreamCutOff extends Error {}

/** It is not what the server sends. */
export class StreamMalformed extends Error {}

/** One after the other, by their numbers on the wire. */
const [KEYFRAME, AUTHOR, ROW, END] = [0, 1, 2, 3];

/**
 * Read a stream to its end, a chunk in memory at a time.
 *
 * @param after The seq before the first row, where there is no keyframe.
 * @returns The seq of the last row.
 * @throws StreamCutOff, StreamMalformed
 */
export async function readStream(body: ReadableStream<Uint8Array>, after: number, reader: StreamReader): Promise<number> {
  const parser = new Parser(after, reader);
  const source = body.getReader();
  try {
    for (;;) {
      const { done, value } = await readChunk(source);
      if (done) break;
      parser.push(value);
    }
  } finally {
    source.cancel().catch(() => {});
  }
  return parser.end();
}

async function readChunk(source: ReadableStreamDefaultReader<Uint8Array>): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await source.read();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new StreamCutOff();
  }
}

class Parser {
  /** Of a record of which not all has come. */
  private rest: Uint8Array[] = [];
  private size = 0;
  /** So many bytes it has at least. */
  private needed = 0;
  private authors: { user: string; session: string }[] = [];
  private at = 0;
  private last: number | undefined;

  constructor(private seq: number, private readonly reader: StreamReader) {}

  push(chunk: Uint8Array): void {
    this.rest.push(chunk);
    this.size += chunk.length;
    if (this.size < this.needed) return;
    const data = this.rest.length === 1 ? chunk : joined(this.rest, this.size);
    const decoder = createDecoder(data);
    let taken = 0;
    this.needed = 0;
    while (decoder.pos < data.length && this.record(decoder)) taken = decoder.pos;
    this.needed = Math.max(0, this.needed - taken);
    this.rest = taken === data.length ? [] : [data.subarray(taken)];
    this.size = data.length - taken;
  }

  end(): number {
    if (this.last === undefined || this.size > 0) throw new StreamCutOff();
    return this.last;
  }

  /** False when the rest of the record has not come yet. */
  private record(decoder: Decoder): boolean {
    if (this.last !== undefined) throw new StreamMalformed('something follows the end');
    const read = this.whole(() => this.fields(decoder));
    if (!read) return false;
    read();
    return true;
  }

  /** Reads a record; gives what to do with it. */
  private fields(decoder: Decoder): () => void {
    const kind = readVarUint(decoder);
    switch (kind) {
      case KEYFRAME: {
        const keyframe = { seq: readVarUint(decoder), at: readVarUint(decoder), update: this.bytes(decoder) };
        return () => {
          [this.seq, this.at] = [keyframe.seq, keyframe.at];
          this.reader.keyframe(keyframe);
        };
      }
      case AUTHOR: {
        const author = { user: readVarString(decoder), session: readVarString(decoder) };
        return () => void this.authors.push(author);
      }
      case ROW: {
        const [number, passed, update] = [readVarUint(decoder), readVarInt(decoder), this.bytes(decoder)];
        return () => this.row(number, passed, update);
      }
      case END: {
        const last = readVarUint(decoder);
        return () => {
          if (last !== this.seq) throw new StreamMalformed(`the end is at ${last}, the last row was ${this.seq}`);
          this.last = last;
        };
      }
      default: throw new StreamMalformed(`a record of kind ${kind}`);
    }
  }

  private row(number: number, passed: number, update: Uint8Array): void {
    const author = this.authors[number];
    if (!author) throw new StreamMalformed(`no author ${number}`);
    this.seq += 1;
    this.at += passed;
    this.reader.row({ seq: this.seq, at: this.at, ...author, update });
  }

  /** What lies in a chunk must outlive it. */
  private bytes(decoder: Decoder): Uint8Array {
    const length = readVarUint(decoder);
    this.needed = decoder.pos + length;
    if (this.needed > decoder.arr.length) throw new RangeError('not all of it is here');
    return readUint8Array(decoder, length).slice();
  }

  /** The result of a read, undefined when it ran beyond what is here. */
  private whole<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof StreamMalformed) throw error;
      return undefined;
    }
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
