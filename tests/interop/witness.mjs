// Honest people with real Yjs documents and unmodified y-websocket providers, told by stdin what to do.
// One JSON object a line: {op, name, ...}. One line of JSON comes back for each, in the same order.

import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { provide, report, synced, until } from './room.mjs'

const people = new Map()

/** Values as JSON has them. Yjs' own `toJSON` takes a key `__proto__` for something else than a key. */
const plain = (value) => {
  if (value instanceof Y.Map) return Object.fromEntries([...value.entries()].map(([key, one]) => [key, plain(one)]))
  if (value instanceof Y.Array) return value.toArray().map(plain)
  return value instanceof Y.AbstractType ? value.toString() : value
}

/** What an honest page writes, by the kind of document. Keys are unique, so everybody can wait for them. */
const kinds = {
  whiteboard: {
    has: (doc, key) => doc.getMap('elements').has(key),
    write: (doc, key) => {
      const fields = { type: 'rectangle', xy: [1, 2], wh: [30, 40], index: 'a1', strokeColor: '#000' }
      doc.getMap('elements').set(key, new Y.Map(Object.entries(fields)))
    },
    content: (doc) => ({ elements: plain(doc.getMap('elements')), files: plain(doc.getMap('files')) })
  },
  chat: {
    has: (doc, key) => doc.getArray('messages').map((message) => message.get('id')).includes(key),
    write: (doc, key, author) => {
      const fields = { id: key, author, name: 'Bob', text: key, sent_at: 1700000000123, reactions: new Y.Map() }
      doc.getArray('messages').push([new Y.Map(Object.entries(fields))])
    },
    content: (doc) => ({ messages: plain(doc.getArray('messages')) })
  },
  notes: {
    has: (doc, key) => doc.getMap('m').has(key),
    write: (doc, key) => doc.getMap('m').set(key, 'yjs'),
    content: (doc) => ({ m: plain(doc.getMap('m')), t: doc.getText('t').toString() })
  }
}

const kindOf = (document) => kinds[document] ?? kinds.notes

const acts = {
  open: async ({ name, server, room, document, token }) => {
    const doc = new Y.Doc()
    const provider = provide({ server, id: room, token }, document, doc)
    const person = { doc, provider, kind: kindOf(document), closes: [] }
    provider.on('connection-close', (event) => person.closes.push(event?.code ?? 0))
    people.set(name, person)
    await synced(provider)
    return { client: doc.clientID }
  },
  write: async ({ name, key, author }) => {
    const { doc, kind } = people.get(name)
    doc.transact(() => kind.write(doc, key, author))
    return {}
  },
  await: async ({ name, key }) => {
    const { doc, kind } = people.get(name)
    await until(() => kind.has(doc, key), [doc, 'update'])
    return {}
  },
  // Resolves once the document has exactly the state vector that is wanted, or at once when it has more.
  state: async ({ name, vector }) => {
    const { doc, provider, kind, closes } = people.get(name)
    const wanted = Y.decodeStateVector(Buffer.from(vector, 'base64'))
    await until(() => [...wanted].every(([client, clock]) => Y.getState(doc.store, client) >= clock), [doc, 'update'])
    return {
      update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'),
      content: kind.content(doc),
      closes
    }
  },
  // Resolves with everybody's awareness once that of the client has reached the clock.
  presence: async ({ name, client, clock }) => {
    const { awareness } = people.get(name).provider
    await until(() => (awareness.meta.get(client)?.clock ?? -1) >= clock, [awareness, 'update'])
    return { states: Object.fromEntries(awareness.getStates()) }
  },
  close: async ({ name }) => {
    const { doc, provider } = people.get(name)
    provider.destroy()
    doc.destroy()
    people.delete(name)
    return {}
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(await acts[order.op](order))}\n`)
}
report({})
