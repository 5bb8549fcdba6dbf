// Writers and a witness on one document, until the server dies: node kill_clients.mjs SERVER ROOM TOKEN RUN
// Then tells which entries the witness had received and which ones their writers had been told were saved.

import { WebSocket } from 'ws'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import { provide, synced } from './room.mjs'

const [server, id, token, run] = process.argv.slice(2)
const WRITERS = 3
const EDIT_MS = 4
const room = { server, id, token }

/** A WebSocket that counts the sync frames it sends, as `saved.through` does. */
class CountingSocket extends WebSocket {
  syncFrames = 0
  send(data, ...rest) {
    if (data[0] === 0) this.syncFrames += 1
    super.send(data, ...rest)
  }
}

const writer = (number) => {
  const doc = new Y.Doc()
  const provider = provide(room, 'doc-kill', doc, {
    params: { token, ext: '1' },
    WebSocketPolyfill: CountingSocket
  })
  const sentAt = new Map()
  let through = 0
  provider.messageHandlers[100] = (_encoder, decoder) => {
    const message = JSON.parse(decoding.readVarString(decoder))
    if (message.type === 'saved') through = message.through
  }
  let edits = 0
  const edit = () => {
    if (!provider.wsconnected) return
    const key = `${run}-${number}-${++edits}`
    doc.getMap('m').set(key, edits)
    sentAt.set(key, provider.ws.syncFrames)
  }
  const saved = () => [...sentAt].filter(([, frame]) => frame <= through).map(([key]) => key)
  return { provider, edit, saved }
}

const writers = Array.from({ length: WRITERS }, (_, number) => writer(number))
const seen = new Y.Doc()
const witness = provide(room, 'doc-kill', seen)
const everybody = [...writers.map((one) => one.provider), witness]
await Promise.all(everybody.map(synced))
const dead = Promise.all(
  everybody.map(
    (provider) =>
      new Promise((resolve) =>
        provider.on('connection-close', () => {
          provider.shouldConnect = false
          resolve()
        })
      )
  )
)
const timers = writers.map((one) => setInterval(one.edit, EDIT_MS))
process.stdout.write('writing\n')
await dead
timers.forEach(clearInterval)
const report = { witnessed: [...seen.getMap('m').keys()], saved: writers.flatMap((one) => one.saved()) }
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
