/**
 * Which element each struct of a board belongs to. With that a document is built of a few elements only: the structs of
 * the others are replaced by garbage of the same length, which costs next to nothing. What is built is what Yjs would
 * build of the whole, because nothing refers from one element to another; where something does, this says Unfamiliar.
 */
import { createEncoder, toUint8Array, writeUint8, writeUint8Array, writeVarUint } from 'lib0/encoding';
import { type Struct, type StructReader, Unfamiliar, readStructs } from './structs';

/** Not an element: files, and whatever else the document has. It is in every part. */
const REST = 0;
const GARBAGE = -1;
const UNKNOWN = -2;

/** The structs of one client, by clock. */
class Client {
  readonly starts: number[] = [];
  readonly groups: number[] = [];
  /** Of those of the keyframe: where each begins in it, and the last one ends. */
  readonly from: number[] = [];
  to = 0;
  readonly dead: boolean[] = [];
  end = 0;

  constructor(readonly id: number) {}

  /** The struct that has this clock. */
  at(clock: number): number {
    const { starts } = this;
    if (clock >= this.end || starts.length === 0 || clock < starts[0]!) return -1;
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= clock) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  endOf(index: number): number {
    return this.starts[index + 1] ?? this.end;
  }
}

/** What lies behind another struct that had not been read. */
interface Open {
  readonly client: Client;
  readonly index: number;
  readonly toClient: number;
  readonly toClock: number;
}

function openAt(client: Client, index: number, { leftClient, leftClock, rightClient, rightClock, parentClient, parentClock }: Struct): Open {
  if (leftClient >= 0) return { client, index, toClient: leftClient, toClock: leftClock };
  if (rightClient >= 0) return { client, index, toClient: rightClient, toClock: rightClock };
  return { client, index, toClient: parentClient, toClock: parentClock };
}

export class BoardIndex {
  /** Elements by their numbers; the first is none. */
  private readonly ids = [''];
  private readonly numbers = new Map<string, number>();
  private readonly clients = new Map<number, Client>();
  private readonly order: readonly Client[];
  private readonly deletions: number;
  private readonly signatures: string[];
  private current: Client | undefined;
  private lastClient = -1;
  private lastClock = -1;
  private lastGroup = UNKNOWN;

  /** @throws Unfamiliar, and what lib0 throws for what is cut off. */
  constructor(private readonly keyframe: Uint8Array) {
    const open: Open[] = [];
    const pairs: (() => void)[] = [];
    this.deletions = readStructs(keyframe, {
      struct: (struct) => this.note(struct, open, pairs),
      deleted: (client, clock, length) => this.kill(client, clock, length),
    });
    this.close(open);
    for (const check of pairs) check();
    this.order = [...this.clients.values()];
    this.signatures = this.sign();
  }

  /** Elements of the keyframe that are there: id and signature (see `signatureOf`). */
  *elements(): Generator<[id: string, signature: string]> {
    for (let group = 1; group < this.signatures.length; group += 1) {
      if (this.signatures[group]) yield [this.ids[group]!, this.signatures[group]!];
    }
  }

  /**
   * Read the next row.
   *
   * @param touched Gets the elements that it belongs to.
   * @throws Unfamiliar
   */
  add(row: Uint8Array, touched: Set<string>): void {
    const touch = (group: number): void => void (group > REST && touched.add(this.ids[group]!));
    const reader: StructReader = {
      struct: (struct) => {
        const group = this.groupOf(struct);
        if (group === UNKNOWN) throw new Unfamiliar('a struct behind one that is not there');
        if (struct.rightClient >= 0 && struct.leftClient >= 0) this.sameGroup(group, struct.rightClient, struct.rightClock);
        touch(group);
        const client = this.clientOf(struct.client);
        const [start, end] = [Math.max(struct.clock, client.end), struct.clock + struct.length];
        if (start >= end) return;
        if (start !== client.end && client.starts.length > 0) throw new Unfamiliar('a gap');
        client.starts.push(start);
        client.groups.push(group);
        client.end = end;
        this.lastClient = -1;
      },
      deleted: (id, clock, length) => {
        const client = this.clients.get(id);
        const first = client ? client.at(clock) : -1;
        if (!client || first < 0 || clock + length > client.end) throw new Unfamiliar('a deletion of what is not there');
        for (let index = first; index < client.starts.length && client.starts[index]! < clock + length; index += 1) {
          touch(client.groups[index]!);
        }
      },
    };
    readStructs(row, reader);
  }

  /** The keyframe with these elements only. */
  part(wanted: ReadonlySet<string>): Uint8Array {
    const isWanted = this.ids.map((id, group) => group === REST || wanted.has(id));
    const out = createEncoder();
    writeVarUint(out, this.order.length);
    for (const client of this.order) this.writeClient(out, client, isWanted);
    writeUint8Array(out, this.keyframe.subarray(this.deletions));
    return toUint8Array(out);
  }

  private writeClient(out: ReturnType<typeof createEncoder>, client: Client, isWanted: readonly boolean[]): void {
    const count = client.from.length;
    const keeps = (index: number): boolean => isWanted[client.groups[index]!] ?? false;
    const rest = createEncoder();
    let structs = 0;
    for (let index = 0; index < count; ) {
      const first = index;
      const kept = keeps(first);
      while (index < count && keeps(index) === kept) index += 1;
      if (kept) {
        structs += index - first;
        writeUint8Array(rest, this.keyframe.subarray(client.from[first], client.from[index] ?? client.to));
      } else {
        structs += 1;
        writeUint8(rest, 0);
        writeVarUint(rest, (index < count ? client.starts[index]! : this.endOfKeyframe(client)) - client.starts[first]!);
      }
    }
    writeVarUint(out, structs);
    writeVarUint(out, client.id);
    writeVarUint(out, client.starts[0] ?? 0);
    writeUint8Array(out, toUint8Array(rest));
  }

  /** Rows may have added to it since. */
  private endOfKeyframe(client: Client): number {
    return client.starts[client.from.length] ?? client.end;
  }

  private note(struct: Struct, open: Open[], pairs: (() => void)[]): void {
    const client = this.clientOf(struct.client);
    if (client.starts.length > 0 && client.end !== struct.clock) throw new Unfamiliar('a gap');
    const index = client.starts.length;
    const group = this.groupOf(struct);
    client.starts.push(struct.clock);
    client.groups.push(group);
    client.from.push(struct.from);
    client.to = struct.to;
    client.dead.push(struct.isDeleted);
    client.end = struct.clock + struct.length;
    if (group === UNKNOWN) open.push(openAt(client, index, struct));
    if (struct.leftClient >= 0 && struct.rightClient >= 0) {
      const { rightClient, rightClock } = struct;
      pairs.push(() => this.sameGroup(client.groups[index]!, rightClient, rightClock));
    }
  }

  private sameGroup(group: number, client: number, clock: number): void {
    if (this.lookUp(client, clock) !== group) throw new Unfamiliar('something lies between two elements');
  }

  /** Follow the chains of those that lie behind others. */
  private close(open: readonly Open[]): void {
    const byPlace = new Map<Client, Map<number, Open>>();
    for (const one of open) {
      if (!byPlace.has(one.client)) byPlace.set(one.client, new Map());
      byPlace.get(one.client)!.set(one.index, one);
    }
    for (const one of open) {
      const chain: Open[] = [];
      let group = UNKNOWN;
      for (let next: Open | undefined = one; next && group === UNKNOWN; ) {
        chain.push(next);
        if (chain.length > open.length) throw new Unfamiliar('structs behind each other');
        const client = this.clients.get(next.toClient);
        const index: number = client ? client.at(next.toClock) : -1;
        if (!client || index < 0) throw new Unfamiliar('a struct behind one that is not there');
        group = client.groups[index]!;
        next = byPlace.get(client)?.get(index);
      }
      for (const { client, index } of chain) client.groups[index] = group;
    }
  }

  private groupOf(struct: Struct): number {
    if (struct.isGarbage) return GARBAGE;
    if (struct.leftClient >= 0) return this.lookUp(struct.leftClient, struct.leftClock);
    if (struct.rightClient >= 0) return this.lookUp(struct.rightClient, struct.rightClock);
    if (struct.parentClient >= 0) return this.lookUp(struct.parentClient, struct.parentClock);
    return struct.root === 'elements' && struct.key !== null ? this.numberOf(struct.key) : REST;
  }

  private numberOf(id: string): number {
    let number = this.numbers.get(id);
    if (number === undefined) {
      number = this.ids.push(id) - 1;
      this.numbers.set(id, number);
    }
    return number;
  }

  /** Most structs lie in the same as the one before. */
  private lookUp(id: number, clock: number): number {
    if (id === this.lastClient && clock === this.lastClock) return this.lastGroup;
    const client = this.clients.get(id);
    const index = client ? client.at(clock) : -1;
    const group = client && index >= 0 ? client.groups[index]! : UNKNOWN;
    if (group === UNKNOWN) return group;
    this.lastClient = id;
    this.lastClock = clock;
    this.lastGroup = group;
    return group;
  }

  private clientOf(id: number): Client {
    if (this.current?.id === id) return this.current;
    let client = this.clients.get(id);
    if (!client) this.clients.set(id, (client = new Client(id)));
    return (this.current = client);
  }

  private kill(id: number, clock: number, length: number): void {
    const client = this.clients.get(id);
    const first = client ? client.at(clock) : -1;
    if (!client || first < 0 || client.starts[first] !== clock || clock + length > client.end) throw new Unfamiliar('a deletion of a part');
    let index = first;
    for (; index < client.starts.length && client.starts[index]! < clock + length; index += 1) client.dead[index] = true;
    if (client.endOf(index - 1) !== clock + length) throw new Unfamiliar('a deletion of a part');
  }

  private sign(): string[] {
    const runs = this.ids.map(() => new Runs());
    for (const client of [...this.order].sort((a, b) => b.id - a.id)) {
      for (let index = 0; index < client.starts.length; index += 1) {
        const group = client.groups[index]!;
        if (group > REST && !client.dead[index]) runs[group]!.add(client.id, client.starts[index]!, client.endOf(index));
      }
    }
    return runs.map((one) => one.text());
  }
}

/**
 * What is there of an element, as text: the structs that hold its values. In states of one history the same structs
 * hold the same values in the same order.
 */
export class Runs {
  private out = '';
  private client = -1;
  private start = 0;
  private end = 0;

  /** The highest client first, clocks of each upwards. */
  add(client: number, start: number, end: number): void {
    if (client === this.client && start === this.end) this.end = end;
    else {
      this.flush();
      this.client = client;
      this.start = start;
      this.end = end;
    }
  }

  text(): string {
    this.flush();
    return this.out;
  }

  private flush(): void {
    if (this.client >= 0) this.out += `${this.client}.${this.start}-${this.end} `;
    this.client = -1;
  }
}
