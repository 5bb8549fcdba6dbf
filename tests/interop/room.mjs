// Rooms of a real server, and real, unmodified y-websocket providers in them.

import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

/** Make a room; gives its id and the token of its owner. `settings` are those of `POST /api/rooms`. */
export const createRoom = async (server, settings = {}) => {
  const made = await post(`${server}/api/rooms`, { name: 'Interop', ...settings })
  return { server, id: made.room.id, token: made.token }
}

/** Join a room as a new guest; gives the guest's token. */
export const joinRoom = async (room, name) => {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  return (await post(`${room.server}/api/rooms/${room.id}/join`, { name, guest_key: key })).token
}

/** A provider with nothing but an address and a token, as any program of the ecosystem would make one. */
export const provide = (room, name, doc, options = {}) =>
  new WebsocketProvider(`${room.server.replace('http', 'ws')}/sync/${room.id}`, name, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
    params: { token: room.token },
    ...options
  })

/** Resolves once `holds()` is true; asks again whenever `source` emits one of `events`. */
export const until = (holds, ...sources) =>
  new Promise((resolve) => {
    const check = () => {
      if (!holds()) return
      for (const [source, event] of sources) source.off(event, check)
      resolve()
    }
    for (const [source, event] of sources) source.on(event, check)
    check()
  })

export const synced = (provider) => until(() => provider.synced, [provider, 'sync'])

/** Resolves once all these documents hold the same structs and the same deletions. */
export const equal = (docs) => until(() => docs.every((doc) => sameStore(docs[0], doc)), ...docs.map((d) => [d, 'update']))

export const sameStore = (one, other) =>
  sameBytes(Y.encodeStateVector(one), Y.encodeStateVector(other)) && Y.equalDeleteSets(deletions(one), deletions(other))

/** What an encoded state says was deleted: the wire's own delete set, not the store's. */
const deletions = (doc) => Y.decodeUpdate(Y.encodeStateAsUpdate(doc)).ds

/** State vectors list clients from the highest id down, so equal ones are equal byte by byte. */
const sameBytes = (one, other) => Buffer.compare(one, other) === 0

/** Turns of the event loop in which frames come and go. */
export const breathe = () => new Promise(setImmediate)

/** The last line of a program: what the Python test looks at. Sockets and timers do not keep the program alive. */
export const report = (result) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))

const post = async (url, body) => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response.json()
}
