// Five providers write at random, lose their connections and come back; in the end all copies are the same.
// node convergence.mjs SERVER SEED OPERATIONS

import assert from 'node:assert/strict'
import * as prng from 'lib0/prng'
import * as Y from 'yjs'
import { breathe, createRoom, equal, provide, report, synced } from './room.mjs'

const [server, seed, operations] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const CLIENTS = 5
const KEYS = ['a', 'b', 'c', 'ключ', '🔑']
const PIECES = ['x', 'word ', 'ß', '漢字', '😀', '👩‍👩‍👧', '\n', '𝒳𝒴']
const ROOTS = ['text', 'map', 'array']

const gen = prng.create(seed)
const upTo = (n) => prng.int32(gen, 0, n)
const pick = (list) => prng.oneOf(gen, list)
const value = () => pick([upTo(1000), -1.5, true, null, pick(PIECES), { deep: [1, { x: pick(PIECES) }] }, new Uint8Array([1, 2])])
const nested = () => pick([() => new Y.Text('🌱'), () => new Y.Map([['k', upTo(9)]]), () => new Y.Array()])()

/** Where code points begin: an astral character is inserted and deleted whole. */
const boundaries = (text) => {
  const places = [0]
  for (const character of text.toDelta().flatMap((part) => [...part.insert])) places.push(places.at(-1) + character.length)
  return places
}

const writeText = (text) => {
  const places = boundaries(text)
  const from = upTo(places.length - 1)
  const to = Math.min(from + upTo(3), places.length - 1)
  if (prng.bool(gen) || from === to) text.insert(places[from], pick(PIECES))
  else if (upTo(3) > 0) text.delete(places[from], places[to] - places[from])
  else text.format(places[from], places[to] - places[from], { bold: pick([true, null]) })
}

const writeMap = (map) => {
  if (upTo(3) > 0) map.set(pick(KEYS), prng.bool(gen) ? value() : nested())
  else map.delete(pick(KEYS))
}

const writeArray = (array) => {
  const at = upTo(array.length)
  if (at === array.length || upTo(2) > 0) array.insert(at, prng.bool(gen) ? [value(), value()] : [nested()])
  else array.delete(at, Math.min(1 + upTo(2), array.length - at))
}

/** Goes down into nested types for as long as chance has it. */
const someType = (type) => {
  const inner = type instanceof Y.Text ? [] : [...(type instanceof Y.Map ? type.values() : type)].filter((each) => each instanceof Y.AbstractType)
  return inner.length > 0 && upTo(2) > 0 ? someType(pick(inner)) : type
}

const write = (doc) => {
  const root = pick(ROOTS)
  const type = someType(root === 'text' ? doc.getText(root) : root === 'map' ? doc.getMap(root) : doc.getArray(root))
  if (type instanceof Y.Text) writeText(type)
  else if (type instanceof Y.Map) writeMap(type)
  else writeArray(type)
}

const content = (doc) => [doc.getText('text').toDelta(), doc.getMap('map').toJSON(), doc.getArray('array').toJSON()]

const room = await createRoom(server)
const providers = Array.from({ length: CLIENTS }, () => provide(room, 'doc-fuzz', new Y.Doc()))
const docs = providers.map((provider) => provider.doc)
let losses = 0
await Promise.all(providers.map(synced))
for (let done = 0; done < operations; done++) {
  const provider = pick(providers)
  const chance = upTo(99)
  if (chance < 3) {
    losses += provider.shouldConnect
    provider.disconnect()
  } else if (chance < 8) {
    provider.connect()
  }
  if (chance >= 98) await Promise.all(providers.filter((each) => each.shouldConnect).map(synced))
  provider.doc.transact(() => {
    for (let i = upTo(2); i >= 0; i--) write(provider.doc)
  })
  for (let i = upTo(4); i > 0; i--) await breathe()
}
for (const provider of providers) provider.connect()
await Promise.all(providers.map(synced))
await equal(docs)

const fresh = provide(room, 'doc-fuzz', new Y.Doc())
await synced(fresh)
await equal([fresh.doc, ...docs])
for (const doc of [fresh.doc, ...docs]) {
  assert.deepEqual(content(doc), content(docs[0]))
  assert.equal(doc.store.pendingStructs, null)
  assert.equal(doc.store.pendingDs, null)
}
report({ losses, clients: fresh.doc.store.clients.size, bytes: Y.encodeStateAsUpdate(fresh.doc).length })
