// What honest people send: the browser client's own code, driven at random, with partitions, two pages a person, reloads.
// A bundler makes one program of this and web/src (see tests/crdt_docs/test_twin_honest.py).
// argv: kind (chat | whiteboard), seed, steps; stdout: {sent: [{user, moderates, update: base64}], shown: JSON of the roots}.
import * as Y from '../../web/node_modules/yjs/dist/yjs.mjs'
import { edit, messagesOf, remove, restore, send, toggleReaction } from '../../web/src/chat/chatModel'
import { FakeEditor, newElement, seeded } from '../../web/src/whiteboard/fakeEditor'

const [kind, seed, steps] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const random = seeded(seed)
const pick = (list) => list[Math.floor(random() * list.length)]
const HASH = 'ab'.repeat(32)
const EMOJI = ['👍', '🎉', '❤️']

class Page {
  constructor (user, moderates) {
    this.user = user
    this.moderates = moderates
    this.unsent = []
    this.step = 0
    this.open(new Y.Doc())
  }

  open (doc) {
    this.doc = doc
    doc.clientID = Math.floor(random() * 2 ** 32)
    doc.on('update', (update, origin) => { if (origin !== 'network') this.unsent.push(update) })
    if (kind === 'whiteboard') this.editor = new FakeEditor(doc, random)
  }

  act () {
    this.step++
    if (kind === 'chat') this.chat()
    else this.draw()
  }

  chat () {
    const author = { sub: this.user, name: this.user.toUpperCase() }
    const messages = messagesOf(this.doc).get()
    const mine = messages.filter((one) => one.author === this.user)
    const roll = random()
    if (roll < 0.35 || messages.length === 0) {
      const files = random() < 0.3 ? [{ sha256: HASH, mime_type: 'image/png', file_name: 'a.png', size: 5 }] : []
      const replyTo = random() < 0.3 && messages.length ? pick(messages).id : null
      send(this.doc, author, { text: `word ${this.step} é😀`, replyTo, attachments: files }, 1e12 + this.step, `${this.doc.clientID}-${this.step}`)
    } else if (roll < 0.5 && mine.length) edit(this.doc, pick(mine).id, `edited ${this.step}`, 2e12)
    else if (roll < 0.6 && mine.length) this.takeAway(pick(mine).id)
    else if (roll < 0.67 && this.moderates) remove(this.doc, pick(messages).id)
    else if (roll < 0.75 && this.taken) this.giveBack()
    else toggleReaction(this.doc, pick(messages).id, pick(EMOJI), this.user)
  }

  takeAway (id) { this.taken = remove(this.doc, id) ?? this.taken }

  giveBack () {
    restore(this.doc, this.taken)
    this.taken = null
  }

  draw () {
    const { editor } = this
    const alive = editor.list.filter((one) => !one.isDeleted)
    const roll = random()
    if (roll < 0.25 || alive.length === 0) editor.add(this.shape())
    else this.change(pick(alive), roll)
    if (random() < 0.7) editor.flush()
    if (random() < 0.1) this.doc.getMap('files').set(`f${this.step}`, { sha256: HASH, mimeType: 'image/png', width: 3, height: 4 })
  }

  change ({ id, type }, roll) {
    const { editor } = this
    if (roll < 0.4) editor.change(id, { x: random() * 1e4, y: -random() * 1000 })
    else if (roll < 0.5) editor.change(id, { strokeColor: pick(['#e03131', '#2f9e44']), groupIds: [`g${this.step}`] })
    else if (roll < 0.55) editor.change(id, { link: pick([null, 'https://example.org', `/r/x#asset=${HASH}`]) })
    else if (roll < 0.62) editor.restack(id, Math.floor(random() * editor.list.length))
    else if (roll < 0.7) editor.change(id, { isDeleted: true })
    else if (roll < 0.8) editor.undo()
    else if (roll < 0.84) editor.hands.add(id)
    else if (roll < 0.88) editor.hands.clear()
    else if (type === 'freedraw') this.redraw(id)
    else editor.change(id, { width: random() * 300, height: random() * 300, boundElements: [{ id: 'a', type: 'arrow' }] })
  }

  redraw (id) {
    const { points, pressures } = this.editor.get(id)
    const roll = random()
    const [sx, sy] = [0.5 + random(), 0.5 + random()]
    if (roll < 0.3) this.editor.change(id, { points: points.map(([x, y]) => [x * sx, y * sy]) })
    else if (roll < 0.4) this.editor.change(id, { points: points.slice(0, -1).concat([[random() * 9, 1]]) })
    else {
      const more = pressures.length ? [...pressures, random()] : pressures
      this.editor.change(id, { points: [...points, [random() * 90, random() * 90]], pressures: more })
    }
  }

  shape () {
    const type = pick(['rectangle', 'freedraw', 'freedraw', 'arrow', 'text', 'image', 'frame', 'embeddable'])
    const points = [[0, 0], [random() * 50, random() * 50], [random() * 99, 3]]
    const pen = random() < 0.5
    return newElement(`${this.doc.clientID}-${this.step}`, {
      type,
      x: random() * 1000,
      ...(type === 'freedraw' && { points, pressures: pen ? [0.1, 0.5, 1] : [], simulatePressure: !pen }),
      ...(type === 'arrow' && { points, startBinding: { elementId: 'x', focus: 0.1, gap: 2 }, endBinding: null, startArrowhead: null, endArrowhead: 'arrow', elbowed: false }),
      ...(type === 'text' && { text: 'hé😀', originalText: 'hé😀', fontSize: 20, fontFamily: 5, textAlign: 'left', verticalAlign: 'top', containerId: null, autoResize: true, lineHeight: 1.25 }),
      ...(type === 'image' && { fileId: 'f1', status: 'pending', scale: [1, 1], crop: null }),
      ...(type === 'frame' && { name: null }),
      ...(type === 'rectangle' && { customData: { asset: { sha256: HASH, file_name: 'a.pdf', mime_type: 'x', size: 3 } }, roundness: { type: 3 } })
    })
  }

  reload () {
    if (this.editor) this.editor.flush()
    const stored = Y.encodeStateAsUpdate(this.doc)
    const unsent = this.unsent
    if (this.editor) this.editor.binding.destroy()
    const doc = new Y.Doc()
    Y.applyUpdate(doc, stored, 'network')
    this.open(doc)
    this.unsent = unsent
    this.taken = null
  }
}

const server = new Y.Doc()
const sent = []

/** As the provider does: each update by itself while connected, or all that the server lacks once it asks. */
function upload (page) {
  if (page.editor) page.editor.flush()
  const roll = random()
  let updates = page.unsent
  if (roll < 0.4) updates = [Y.encodeStateAsUpdate(page.doc, Y.encodeStateVector(server))]
  else if (roll < 0.5) updates = [Y.encodeStateAsUpdate(page.doc)]
  else if (roll < 0.7 && updates.length) updates = [Y.mergeUpdates(updates)]
  page.unsent = []
  for (const update of updates) {
    Y.applyUpdate(server, update)
    sent.push({ user: page.user, moderates: page.moderates, update: Buffer.from(update).toString('base64') })
  }
}

function download (page) {
  Y.applyUpdate(page.doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(page.doc)), 'network')
  if (page.editor) page.editor.frame()
}

/** Two pages of one person meet without the server, in one browser. */
function meet (one, other) {
  if (one.editor) { one.editor.flush(); other.editor.flush() }
  Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(one.doc)), 'tab')
  Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(one.doc, Y.encodeStateVector(other.doc)), 'tab')
}

const pages = [new Page('ann', false), new Page('ann', false), new Page('bob', false), new Page('mod', true)]
for (let step = 0; step < steps; step++) {
  const page = pick(pages)
  page.act()
  if (random() < 0.25) upload(page)
  if (random() < 0.25) download(page)
  if (random() < 0.05) meet(pages[0], pages[1])
  if (random() < 0.03) page.reload()
}
for (const page of pages) upload(page)
const roots = kind === 'chat' ? { messages: server.getArray('messages') } : { elements: server.getMap('elements'), files: server.getMap('files') }
const shown = Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, root.toJSON()]))
process.stdout.write(JSON.stringify({ sent, shown }), () => process.exit(0)) // timers of the bindings are still set
