// Yjs' own randomised test, with our server in the place of its TestConnector: its users' documents, changes like those
// of its y-array, y-map and y-text suites, and at the end its own `compare`.
// node yjs_randomised.mjs SERVER SEED ITERATIONS array|map|text|xml

import * as prng from 'lib0/prng'
import * as Y from 'yjs'
import { compare } from 'yjs/testHelper'
import { breathe, createRoom, equal, provide, report, synced } from './room.mjs'
import { mods } from './yjs_mods.mjs'

const [server, seed, iterations] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const changes = mods[process.argv[5]]
const gen = prng.create(seed)
const USERS = 5

/** What `compare` expects of a user: the document, all updates it ever saw, and a connector that has delivered all. */
class LiveUser extends Y.Doc {
  constructor (room, id) {
    super()
    this.clientID = this.userID = id
    this.updates = []
    this.on('update', (update) => this.updates.push(update))
    this.tc = { flushAllMessages: () => false }
    for (const [root, type] of [['array', Y.Array], ['map', Y.Map], ['xml', Y.XmlElement], ['text', Y.Text]]) this.get(root, type)
    this.provider = provide(room, 'doc-yjs', this)
  }

  get online () {
    return this.provider.shouldConnect
  }

  connect () {
    this.provider.connect()
  }

  disconnect () {
    this.provider.disconnect()
  }
}

/** Everything that was written by those online has reached everybody online. */
const flush = async (users) => {
  const online = users.filter((user) => user.online)
  await Promise.all(online.map((user) => synced(user.provider)))
  await equal(online)
}

const room = await createRoom(server)
const users = Array.from({ length: USERS }, (_, id) => new LiveUser(room, id))
await flush(users)
let losses = 0
for (let i = 0; i < iterations; i++) {
  if (prng.int32(gen, 0, 100) <= 2) {
    const connect = prng.bool(gen)
    const candidates = users.filter((user) => user.online !== connect)
    if (candidates.length > 0) prng.oneOf(gen, candidates)[connect ? 'connect' : 'disconnect']()
    losses += !connect && candidates.length > 0
  } else if (prng.int32(gen, 0, 100) <= 1) {
    await flush(users)
  } else if (prng.int32(gen, 0, 100) <= 50) {
    await breathe()
  }
  prng.oneOf(gen, changes)(prng.oneOf(gen, users), gen)
}
for (const user of users) user.connect()
await flush(users)
compare([...users])
report({ losses, updates: users[0].updates.length })
