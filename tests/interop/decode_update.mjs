// What real Yjs makes of updates. stdin: {seed?, rounds?, astral?, decode?: [base64], integrate?: [base64]};
// stdout: {generated: [base64], decoded: [...], integrated: {levels: [[client, clock, length, level]], failed}}.
import * as Y from 'yjs'

const base64 = (bytes) => Buffer.from(bytes).toString('base64')
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'))

function mulberry32 (seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

let texts = ['a', 'hello', 'é', '😀', '漢字', '👩‍👩‍👧', 'x'.repeat(200), '\n', '\u0000']
const VALUES = [
  null, true, false, 0, -1, 63, 64, -64, 2 ** 31, -(2 ** 40), 2 ** 53 - 1, 0.5, 1.1, -1e300, NaN, Infinity,
  [10n, -(2n ** 62n)], '', 'text', '😀', new Uint8Array([1, 2, 3]), new Uint8Array(0), [], {}, [1, [2, [3, null]]],
  { u: undefined, a: { b: [undefined, 'c'] }, '': 1, '😀': new Uint8Array([255]) }
]

class Writer {
  constructor (random, clientID, gc) {
    this.random = random
    this.doc = new Y.Doc({ gc })
    this.doc.clientID = clientID
    this.updates = []
    this.doc.on('update', (update) => this.updates.push(update))
  }

  pick (list) { return list[Math.floor(this.random() * list.length)] }
  below (n) { return Math.floor(this.random() * n) }

  newType () {
    return this.pick([
      () => new Y.Map([['k', this.value()]]),
      () => Y.Array.from([1, 'two', this.value(), this.value()]),
      () => new Y.Text(this.pick(texts)),
      () => new Y.XmlElement('päragraph'),
      () => new Y.XmlFragment(),
      () => new Y.XmlText('xml'),
      () => new Y.Doc({ meta: { n: 1 }, autoLoad: this.random() < 0.5 })
    ])()
  }

  value () { return this.random() < 0.3 ? this.newType() : this.pick(VALUES) }

  innerType (values) {
    const inner = this.pick(values.filter((value) => value instanceof Y.Map || value instanceof Y.Array))
    return (inner && this.random() < 0.7 && this.innerType([...inner.values?.() ?? inner.toArray()])) || inner
  }

  act () {
    const { doc } = this
    const text = doc.getText('text')
    const array = doc.getArray('array')
    const map = doc.getMap(this.pick(['map', 'märchen']))
    const xml = doc.getXmlFragment('xml')
    this.pick([
      () => text.insert(this.below(text.length + 1), this.pick(texts)),
      () => text.insert(this.below(text.length + 1), this.pick(texts), { bold: true, color: this.pick(['red', null]) }),
      () => text.insertEmbed(this.below(text.length + 1), { image: 'é', n: [1, { deep: null }] }),
      () => { const at = this.below(text.length + 1); text.format(at, this.below(text.length - at + 1), { i: this.pick([true, null, 'ö', 5]) }) },
      () => { const at = this.below(text.length + 1); text.delete(at, this.below(Math.min(9, text.length - at + 1))) },
      () => array.insert(this.below(array.length + 1), [this.value(), this.pick(VALUES)]),
      () => array.insert(array.length, [1, 2, 3, this.newType()]),
      () => { if (array.length) { const at = this.below(array.length); array.delete(at, 1 + this.below(Math.min(4, array.length - at))) } },
      () => map.set(this.pick(['a', 'b', 'ключ', '']), this.value()),
      () => map.delete(this.pick(['a', 'b', 'ключ'])),
      () => {
        const inner = this.innerType([...map.values(), ...array.toArray()])
        if (inner instanceof Y.Map) inner.set('n' + this.below(3), this.value())
        if (inner instanceof Y.Array) inner.insert(this.below(inner.length + 1), [this.value()])
      },
      () => {
        const element = new Y.XmlElement('p')
        element.setAttribute('class', 'ü')
        element.insert(0, [new Y.XmlText('inner')])
        xml.insert(this.below(xml.length + 1), [element])
      },
      () => { if (xml.length) xml.delete(this.below(xml.length), 1) }
    ])()
  }
}

function generate (seed, rounds) {
  const random = mulberry32(seed)
  const out = []
  for (let round = 0; round < rounds; round++) {
    const writers = [0, 1, 2].map((i) => new Writer(random, round % 2 ? 1 + 3 * round + i : Math.floor(random() * 2 ** 32), i !== 1))
    const vectors = [Y.encodeStateVector(new Y.Doc())]
    for (let step = 0; step < 25; step++) {
      const writer = writers[0].pick(writers)
      writer.doc.transact(() => { for (let n = writer.below(3); n >= 0; n--) writer.act() })
      if (random() < 0.3) {
        const other = writer.pick(writers)
        vectors.push(Y.encodeStateVector(other.doc))
        const answer = Y.encodeStateAsUpdate(writer.doc, Y.encodeStateVector(other.doc))
        out.push(answer)
        Y.applyUpdate(other.doc, answer)
      }
    }
    const all = writers.flatMap((writer) => writer.updates)
    out.push(...all)
    for (const { doc } of writers) {
      out.push(Y.encodeStateAsUpdate(doc))
      for (const vector of vectors) out.push(Y.encodeStateAsUpdate(doc, vector))
    }
    for (let n = 0; n < 8; n++) { // merged with gaps
      const some = all.filter(() => random() < 0.4)
      if (some.length) {
        const merged = Y.mergeUpdates(some)
        out.push(merged, Y.diffUpdate(merged, writers[0].pick(vectors)))
      }
    }
  }
  return out
}

const isType = (struct) => struct?.content instanceof Y.ContentType

// The longest chain of types that these structs create, and whether one of their parents comes along deleted.
function chain (structs) {
  const find = (id) => id && structs.find(({ id: { client, clock }, length }) => client === id.client && clock <= id.clock && id.clock < clock + length)
  const parents = new Map()
  let deleted = false
  const parent = (struct) => {
    if (parents.has(struct)) return parents.get(struct)
    let found = null
    if (struct.parent instanceof Y.ID) {
      found = find(struct.parent)
      if (!isType(found)) { deleted ||= !!found; found = null }
    } else {
      const beside = [find(struct.origin), find(struct.rightOrigin)].find((one) => one instanceof Y.Item)
      if (beside) found = parent(beside)
    }
    parents.set(struct, found)
    return found
  }
  let depth = 0
  for (const struct of structs) {
    if (!isType(struct)) continue
    let around = 0
    for (let at = struct; at; at = parent(at)) around++
    depth = Math.max(depth, around)
  }
  return { depth, deleted }
}

// How many types are around each item once all the updates are integrated, up to one that Yjs fails on.
function levels (updates) {
  const doc = new Y.Doc({ gc: false })
  let failed = null
  for (const update of updates) {
    try { Y.applyUpdate(doc, update) } catch (error) { failed = String(error); break }
  }
  const items = [...doc.store.clients].flatMap(([, structs]) => structs.filter((struct) => struct instanceof Y.Item && struct.parent))
  const levels = items.map((struct) => {
    let level = 0
    for (let at = struct.parent._item; at; at = at.parent._item) level++
    return [struct.id.client, struct.id.clock, struct.length, level]
  })
  return { levels, failed }
}

function describe (update) {
  try {
    const { structs, ds } = Y.decodeUpdate(update)
    return {
      structs: structs.map((struct) => {
        const kind = struct.constructor.name.replace(/^_/, '')
        const ids = [struct.origin, struct.rightOrigin, struct.parent].filter((id) => id != null && typeof id === 'object')
        return [kind, struct.id.client, struct.id.clock, struct.length, ids.map((id) => [id.client, id.clock])]
      }),
      deletes: [...ds.clients].map(([client, items]) => [client, items.map(({ clock, len }) => [clock, len])]),
      vector: base64(Y.encodeStateVectorFromUpdate(update)),
      roots: [...new Set(structs.map(({ parent }) => parent).filter((parent) => typeof parent === 'string'))],
      chain: chain(structs.filter((struct) => struct.constructor.name !== 'Skip' && struct.constructor.name !== '_Skip'))
    }
  } catch (error) {
    return { error: String(error) }
  }
}

let input = ''
for await (const chunk of process.stdin) input += chunk
const { seed, rounds = 0, astral = true, decode = [], integrate = [] } = JSON.parse(input)
if (!astral) texts = texts.filter((text) => !/[\u{10000}-\u{10ffff}]/u.test(text))
process.stdout.write(JSON.stringify({
  generated: generate(seed, rounds).map(base64),
  decoded: decode.map((update) => describe(bytes(update))),
  integrated: levels(integrate.map(bytes))
}))
