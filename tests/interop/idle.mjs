// An unmodified provider, alone in a room, does nothing for a while.   node idle.mjs SERVER SECONDS

import * as Y from 'yjs'
import { createRoom, provide, report, synced } from './room.mjs'

const provider = provide(await createRoom(process.argv[2]), 'doc-board', new Y.Doc())
let closes = 0
provider.on('connection-close', () => closes++)
await synced(provider)
const began = performance.now()
await new Promise((resolve) => setTimeout(resolve, Number(process.argv[3]) * 1000))
report({ closes, connected: provider.wsconnected, seconds: (performance.now() - began) / 1000 })
