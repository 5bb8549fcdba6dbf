// What a provider goes through between its connections.   node life.mjs SERVER SCENE

import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { createRoom, equal, joinRoom, provide, report, synced, until } from './room.mjs'

const [server, scene] = process.argv.slice(2)
const BACK_SECONDS = 8

const there = async (room, name, options) => {
  const provider = provide(room, 'doc-board', new Y.Doc(), options)
  await synced(provider)
  provider.awareness.setLocalStateField('cursor', name)
  return provider
}

const guest = async (room, name) => there({ ...room, token: await joinRoom(room, name) }, name)
const cursors = (provider) => [...provider.awareness.getStates().values()].map((state) => state.cursor).sort().join()
const sees = (provider, wanted) => until(() => cursors(provider) === wanted, [provider.awareness, 'change'])
const elapsed = async (happening) => {
  const began = performance.now()
  await happening
  return performance.now() - began
}

const scenes = {
  async refused () {
    let attempts = 0
    class Counting extends WebSocket {
      constructor (...given) {
        super(...given)
        attempts++
      }
    }
    const room = { ...await createRoom(server), token: 'invalid' }
    const provider = provide(room, 'doc-board', new Y.Doc(), { WebSocketPolyfill: Counting })
    const { code, reason } = await new Promise((resolve) => provider.once('closed', resolve))
    await new Promise((resolve) => setTimeout(resolve, BACK_SECONDS * 1000))
    return { code, reason, attempts, shouldConnect: provider.shouldConnect }
  },

  /** Asks the Python side to `kill` and to `start` the server, which answers with a line once it has. */
  async restarted () {
    const room = await createRoom(server)
    const [ann, bob] = [await there(room, 'ann'), await there(room, 'bob')]
    ann.doc.getMap('elements').set('before', 1)
    await equal([ann.doc, bob.doc])
    console.log('kill')
    await Promise.all([ann, bob].map((each) => until(() => !each.wsconnected, [each, 'status'])))
    ann.doc.getMap('elements').set('ann', 1)
    bob.doc.getMap('elements').set('bob', 1)
    console.log('start')
    await new Promise((resolve) => createInterface(process.stdin).once('line', resolve))
    await Promise.all([ann, bob].map(synced))
    await equal([ann.doc, bob.doc])
    const newcomer = await there(room, 'eve')
    return { elements: newcomer.doc.getMap('elements').toJSON() }
  },

  async viewer () {
    const room = await createRoom(server, { default_role: 'viewer' })
    const [owner, viewer] = [await there(room, 'owner'), await guest(room, 'viewer')]
    const denied = new Promise((resolve) => { console.warn = resolve })
    viewer.doc.getMap('elements').set('forbidden', 1)
    const warning = await denied
    owner.doc.getMap('elements').set('allowed', 1)
    await until(() => viewer.doc.getMap('elements').has('allowed'), [viewer.doc, 'update'])
    const newcomer = await there(room, 'newcomer')
    return {
      warning,
      connected: viewer.wsconnected,
      owner: owner.doc.getMap('elements').toJSON(),
      newcomer: newcomer.doc.getMap('elements').toJSON()
    }
  },

  async newcomer () {
    const room = await createRoom(server)
    const [ann, bob] = [await guest(room, 'ann'), await guest(room, 'bob')]
    await Promise.all([ann, bob].map((each) => sees(each, 'ann,bob')))
    const eve = await guest(room, 'eve')
    const milliseconds = await elapsed(sees(eve, 'ann,bob,eve'))
    const names = [...eve.awareness.getStates().values()].map((state) => state.user?.name).filter(Boolean).sort()
    return { milliseconds, names }
  },

  async leavers () {
    const room = await createRoom(server)
    const [ann, bob, eve] = [await guest(room, 'ann'), await guest(room, 'bob'), await guest(room, 'eve')]
    await sees(eve, 'ann,bob,eve')
    ann.destroy()
    const destroyed = await elapsed(sees(eve, 'bob,eve'))
    bob.shouldConnect = false
    bob.ws.terminate()
    const killed = await elapsed(sees(eve, 'eve'))
    return { destroyed, killed }
  },

  async together () {
    const room = await createRoom(server)
    const providers = ['ann', 'bob'].map((name) => {
      const provider = provide(room, 'doc-board', new Y.Doc())
      provider.doc.getMap('elements').set(name, 1)
      return provider
    })
    await Promise.all(providers.map(synced))
    await equal(providers.map((provider) => provider.doc))
    return { elements: providers.map((provider) => provider.doc.getMap('elements').toJSON()) }
  }
}

report(await scenes[scene]())
