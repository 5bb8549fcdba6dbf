// What real Yjs makes of rows from which a person's content was erased.
// stdin: {write: {seed, steps}} → {rows: [[client, base64]]}: what some people wrote, as a server would keep it.
// stdin: {compare: {rows, kept: [base64 or null]}} → {wrong: [place]}
// stdin: {judge: {rows, erased: rows, deletion, client, seed?, steps?}} → {moments, pending, same, next}
import * as prng from 'lib0/prng'
import * as Y from 'yjs'
import { mods } from './yjs_mods.mjs'

const base64 = (bytes) => Buffer.from(bytes).toString('base64')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'))
const PEOPLE = [1, 77, 2 ** 31 + 5]
const CHANGES = Object.values(mods).flat()
const ROOTS = [['array', Y.Array], ['map', Y.Map], ['xml', Y.XmlElement], ['text', Y.Text]]

/** A document of these rows; `doc.pending` tells whether anything in it waits. */
const replay = (rows) => {
  const doc = new Y.Doc()
  for (const [root, type] of ROOTS) doc.get(root, type)
  for (const [, update] of rows) Y.applyUpdate(doc, bytes(update))
  return doc
}

const pending = (doc) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null
// The order of a map's keys says nothing.
const sorted = (_, json) => json?.constructor === Object ? Object.fromEntries(Object.entries(json).sort()) : json
const shown = (doc) => JSON.stringify(ROOTS.map(([root]) => doc.share.get(root).toJSON()), sorted)

/** People who write at random, each seeing what others wrote only now and then. */
const write = (seed, steps) => {
  const gen = prng.create(seed)
  const rows = []
  const people = PEOPLE.map((client) => {
    const doc = new Y.Doc()
    doc.clientID = client
    for (const [root, type] of ROOTS) doc.get(root, type)
    doc.on('update', (update, origin) => origin !== 'server' && rows.push([client, base64(update)]))
    return { doc, seen: 0 }
  })
  const meet = (one) => {
    for (const [, update] of rows.slice(one.seen)) Y.applyUpdate(one.doc, bytes(update), 'server')
    one.seen = rows.length
  }
  const step = (some) => {
    const one = prng.oneOf(gen, some)
    if (prng.int32(gen, 0, 100) < 40) meet(one)
    prng.oneOf(gen, CHANGES)(one.doc, gen)
  }
  for (let i = 0; i < steps; i++) step(people)
  return { people, rows, meet, step }
}

/**
 * The items of others that can be seen, but for those inside what that client made: "client clock content".
 * Formats are left out, because Yjs itself removes those that change nothing, in each document by itself.
 */
const ofOthers = (doc, client) => {
  const found = []
  for (const [author, structs] of doc.store.clients) {
    if (author === client) continue
    for (const item of structs) {
      if (!(item instanceof Y.Item) || item.deleted || item.content instanceof Y.ContentFormat || isInside(item, client)) continue
      const content = item.content.type ? item.content.type.constructor.name : JSON.stringify(item.content.getContent())
      const values = item.content.type || item.length === 1 ? [content] : [...item.content.getContent()].map((one) => JSON.stringify(one))
      values.forEach((value, at) => found.push(`${author} ${item.id.clock + at} ${item.content.constructor.name} ${value}`))
    }
  }
  return found.sort()
}

const isInside = (item, client) => {
  for (let parent = item.parent._item; parent; parent = parent.parent._item) if (parent.id.client === client) return true
  return false
}

const judge = ({ rows, erased, deletion, client, seed, steps }) => {
  const wrong = { moments: [], pending: [], same: true, next: [] }
  const [before, after] = [replay([]), replay([])]
  rows.forEach((row, at) => {
    Y.applyUpdate(before, bytes(row[1]))
    Y.applyUpdate(after, bytes(erased[at][1]))
    if (pending(after)) wrong.pending.push(at)
    if (JSON.stringify(ofOthers(before, client)) !== JSON.stringify(ofOthers(after, client))) wrong.moments.push(at)
  })
  for (const doc of [before, after]) Y.applyUpdate(doc, bytes(deletion))
  wrong.same = shown(before) === shown(after)
  if (seed !== undefined) goOn(seed, steps, client, deletion, before, after, wrong)
  return wrong
}

/** Others go on writing, some before they have heard of the deletion; nothing of it may wait or look different. */
const goOn = (seed, steps, client, deletion, before, after, wrong) => {
  const { people, rows, meet, step } = write(seed, steps)
  const others = people.filter(({ doc }) => doc.clientID !== client)
  const old = rows.length
  for (let i = 0; i < 30; i++) step(others)
  rows.push([0, deletion])
  others.forEach(meet)
  for (let i = 0; i < 60; i++) step(others)
  for (const [, update] of rows.slice(old)) {
    for (const doc of [before, after]) Y.applyUpdate(doc, bytes(update))
    if (pending(after)) wrong.next.push('pending')
  }
  others.forEach(meet)
  if (shown(after) !== shown(before)) wrong.next.push('different from the live one')
  if (shown(after) !== shown(others[0].doc)) wrong.next.push('different from theirs')
}

let input = ''
for await (const chunk of process.stdin) input += chunk
const question = JSON.parse(input)
/** Where replaying one row for several, at the place of the last of them, does not look like replaying all. */
const compare = ({ rows, kept }) => {
  const [all, few, wrong] = [replay([]), replay([]), []]
  rows.forEach((row, at) => {
    Y.applyUpdate(all, bytes(row[1]))
    if (kept[at] === null) return
    Y.applyUpdate(few, bytes(kept[at]))
    if (pending(few) || shown(few) !== shown(all)) wrong.push(at)
  })
  return { wrong }
}

const answer = question.compare ? compare(question.compare) : question.write ? { rows: write(question.write.seed, question.write.steps).rows } : judge(question.judge)
process.stdout.write(JSON.stringify(answer))
