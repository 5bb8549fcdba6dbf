/** The structs of a Yjs update (v1), one after the other, without building a document of them. */
import { type Decoder, createDecoder, readVarString, readVarUint } from 'lib0/decoding';

/** What it holds is not known here: only Yjs itself can tell what it means. */
export class Unfamiliar extends Error {}

/** One object is filled again and again. −1 and null: none. */
export interface Struct {
  client: number;
  clock: number;
  length: number;
  isGarbage: boolean;
  /** Its content is gone. */
  isDeleted: boolean;
  leftClient: number;
  leftClock: number;
  rightClient: number;
  rightClock: number;
  parentClient: number;
  parentClock: number;
  /** The name of the root type that it lies in, where that is told. */
  root: string | null;
  key: string | null;
  /** Its bytes in the update. */
  from: number;
  to: number;
}

export interface StructReader {
  struct(struct: Struct): void;
  deleted(client: number, clock: number, length: number): void;
}

const [GARBAGE, DELETED, JSON_TEXTS, BINARY, TEXT, EMBED, FORMAT, TYPE, ANY] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const [HAS_LEFT, HAS_RIGHT, HAS_KEY, KIND] = [0x80, 0x40, 0x20, 0x1f];
/** Of XML elements and hooks names follow. */
const NAMED_TYPES = new Set([3, 5]);

/**
 * @returns Where the deletions begin.
 * @throws Unfamiliar, and what lib0 throws for what is cut off.
 */
export function readStructs(update: Uint8Array, reader: StructReader): number {
  const decoder = createDecoder(update);
  const struct: Struct = {
    client: 0, clock: 0, length: 0, isGarbage: false, isDeleted: false, leftClient: -1, leftClock: 0, rightClient: -1, rightClock: 0,
    parentClient: -1, parentClock: 0, root: null, key: null, from: 0, to: 0,
  };
  for (let clients = readVarUint(decoder); clients > 0; clients -= 1) {
    const count = readVarUint(decoder);
    struct.client = readVarUint(decoder);
    struct.clock = readVarUint(decoder);
    for (let n = 0; n < count; n += 1) {
      readStruct(decoder, struct);
      reader.struct(struct);
      struct.clock += struct.length;
    }
  }
  const deletions = decoder.pos;
  for (let clients = readVarUint(decoder); clients > 0; clients -= 1) {
    const client = readVarUint(decoder);
    for (let ranges = readVarUint(decoder); ranges > 0; ranges -= 1) reader.deleted(client, readVarUint(decoder), readVarUint(decoder));
  }
  if (decoder.pos !== update.length) throw new Unfamiliar('something follows the deletions');
  return deletions;
}

function readStruct(decoder: Decoder, struct: Struct): void {
  struct.from = decoder.pos;
  const info = decoder.arr[decoder.pos++]!;
  const kind = info & KIND;
  struct.isGarbage = kind === GARBAGE;
  struct.isDeleted = kind === DELETED || kind === GARBAGE;
  struct.leftClient = struct.rightClient = struct.parentClient = -1;
  struct.root = struct.key = null;
  if (kind === GARBAGE) struct.length = readVarUint(decoder);
  else if (kind > ANY) throw new Unfamiliar(`a struct of kind ${kind}`); // a gap, a document within, or something newer
  else {
    readPlace(decoder, info, struct);
    struct.length = skipContent(decoder, kind);
  }
  if (struct.length === 0) throw new Unfamiliar('a struct of nothing');
  struct.to = decoder.pos;
}

function readPlace(decoder: Decoder, info: number, struct: Struct): void {
  if (info & HAS_LEFT) {
    struct.leftClient = readVarUint(decoder);
    struct.leftClock = readVarUint(decoder);
  }
  if (info & HAS_RIGHT) {
    struct.rightClient = readVarUint(decoder);
    struct.rightClock = readVarUint(decoder);
  }
  if (info & (HAS_LEFT | HAS_RIGHT)) return; // its neighbour tells where it lies
  if (readVarUint(decoder) === 1) {
    struct.root = readVarString(decoder);
    if (info & HAS_KEY) struct.key = readVarString(decoder);
  } else {
    struct.parentClient = readVarUint(decoder);
    struct.parentClock = readVarUint(decoder);
    if (info & HAS_KEY) skipBytes(decoder);
  }
}

/** @returns How many clocks it takes. */
function skipContent(decoder: Decoder, kind: number): number {
  switch (kind) {
    case DELETED: return readVarUint(decoder);
    case JSON_TEXTS: return skipEach(decoder, skipBytes);
    case TEXT: return readVarString(decoder).length;
    case ANY: return skipEach(decoder, skipAny);
    case BINARY: case EMBED: skipBytes(decoder); return 1;
    case FORMAT: skipBytes(decoder); skipBytes(decoder); return 1;
    case TYPE: {
      const type = readVarUint(decoder);
      if (type > 6) throw new Unfamiliar(`a type ${type}`);
      if (NAMED_TYPES.has(type)) skipBytes(decoder);
      return 1;
    }
    default: throw new Unfamiliar(`a struct of kind ${kind}`);
  }
}

function skipEach(decoder: Decoder, skip: (decoder: Decoder) => void): number {
  const length = readVarUint(decoder);
  for (let n = 0; n < length; n += 1) skip(decoder);
  return length;
}

function skipBytes(decoder: Decoder): void {
  const length = readVarUint(decoder);
  skip(decoder, length);
}

function skip(decoder: Decoder, length: number): void {
  decoder.pos += length;
  if (decoder.pos > decoder.arr.length) throw new Unfamiliar('not all of it is here');
}

/** As lib0 writes any value: its kind first. */
function skipAny(decoder: Decoder): void {
  const kind = decoder.arr[decoder.pos++];
  switch (kind) {
    case 127: case 126: case 121: case 120: return; // undefined, null, false, true
    case 125: while (decoder.arr[decoder.pos++]! & 0x80); return;
    case 124: skip(decoder, 4); return;
    case 123: case 122: skip(decoder, 8); return;
    case 119: case 116: skipBytes(decoder); return;
    case 118:
      for (let n = readVarUint(decoder); n > 0; n -= 1) {
        skipBytes(decoder);
        skipAny(decoder);
      }
      return;
    case 117: skipEach(decoder, skipAny); return;
    default: throw new Unfamiliar(`a value of kind ${kind}`);
  }
}
