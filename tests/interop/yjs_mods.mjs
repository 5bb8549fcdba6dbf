// The random changes of Yjs' y-array, y-map, y-text and y-xml test suites, which its package does not ship.

import * as prng from 'lib0/prng'
import * as Y from 'yjs'

let last = 0
const nextNumber = () => last++
const place = (gen, type) => prng.int32(gen, 0, type.length)

const array = [
  (user, gen) => {
    const type = user.getArray('array')
    type.insert(place(gen, type), Array(prng.int32(gen, 1, 4)).fill(nextNumber()))
  },
  (user, gen) => {
    const type = user.getArray('array')
    const at = place(gen, type)
    type.insert(at, [new Y.Array()])
    type.get(at).insert(0, [1, 2, 3, 4])
  },
  (user, gen) => {
    const type = user.getArray('array')
    const at = place(gen, type)
    type.insert(at, [new Y.Map()])
    for (const number of [42, 43, 44]) type.get(at).set('someprop', number)
  },
  (user, gen) => {
    const type = user.getArray('array')
    type.insert(place(gen, type), [null])
  },
  (user, gen) => {
    const type = user.getArray('array')
    if (type.length === 0) return
    const at = prng.int32(gen, 0, type.length - 1)
    const inner = type.get(at)
    if (prng.bool(gen)) type.delete(at, prng.int32(gen, 1, Math.min(2, type.length - at)))
    else if (inner instanceof Y.Array) deleteSome(inner, gen)
  }
]

const deleteSome = (type, gen) => {
  if (type.length === 0) return
  const at = prng.int32(gen, 0, type.length - 1)
  type.delete(at, prng.int32(gen, 0, Math.min(2, type.length - at)))
}

const key = (gen) => prng.oneOf(gen, ['one', 'two'])

const map = [
  (user, gen) => user.getMap('map').set(key(gen), prng.utf16String(gen)),
  (user, gen) => {
    const type = prng.oneOf(gen, [new Y.Array(), new Y.Map()])
    user.getMap('map').set(key(gen), type)
    if (type instanceof Y.Array) type.insert(0, [1, 2, 3, 4])
    else type.set('deepkey', 'deepvalue')
  },
  (user, gen) => user.getMap('map').delete(key(gen))
]

const FORMATS = [{ bold: true }, { italic: true }, { italic: true, color: '#888' }, { bold: null }]

const text = [
  (user, gen) => {
    const type = user.getText('text')
    const at = place(gen, type)
    const attributes = prng.oneOf(gen, [undefined, ...FORMATS])
    type.insert(at, nextNumber() + prng.utf16String(gen), attributes)
  },
  (user, gen) => {
    const type = user.getText('text')
    type.insertEmbed(place(gen, type), { image: 'https://user-images.example/yjs.png' }, prng.bool(gen) ? { width: 100 } : {})
  },
  (user, gen) => {
    const type = user.getText('text')
    const at = place(gen, type)
    type.delete(at, Math.min(prng.int32(gen, 0, 7), type.length - at))
  },
  (user, gen) => {
    const type = user.getText('text')
    const at = place(gen, type)
    type.format(at, Math.min(prng.int32(gen, 0, 6), type.length - at), prng.oneOf(gen, FORMATS))
  },
  (user, gen) => {
    const type = user.getText('text')
    const at = place(gen, type)
    const ops = [{ insert: prng.word(gen) }, { insert: '\n', attributes: { 'code-block': true } }]
    type.applyDelta(at > 0 ? [{ retain: at }, ...ops] : ops)
  }
]

const xmlRoot = (user) => user.get('xml', Y.XmlElement)

const xml = [
  (user, gen) => xmlRoot(user).insert(place(gen, xmlRoot(user)), [new Y.XmlElement(prng.oneOf(gen, ['p', 'div']))]),
  (user, gen) => xmlRoot(user).insert(place(gen, xmlRoot(user)), [new Y.XmlText(prng.word(gen))]),
  (user, gen) => xmlRoot(user).setAttribute(prng.oneOf(gen, ['height', 'width']), prng.word(gen)),
  (user, gen) => deleteSome(xmlRoot(user), gen)
]

/** Changes by the root type that they write; each takes a user's document and a random generator. */
export const mods = { array, map, text, xml }
