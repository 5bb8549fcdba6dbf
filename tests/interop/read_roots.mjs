// What real Yjs shows after some updates. stdin: {updates: [base64], arrays: [name], maps: [name]};
// stdout: {name: JSON of that root}.
import { readFileSync } from 'node:fs'
import * as Y from 'yjs'

const { updates, arrays, maps } = JSON.parse(readFileSync(0, 'utf8'))
const doc = new Y.Doc()
for (const update of updates) Y.applyUpdate(doc, new Uint8Array(Buffer.from(update, 'base64')))
console.log(JSON.stringify(Object.fromEntries([
  ...arrays.map((name) => [name, doc.getArray(name).toJSON()]),
  ...maps.map((name) => [name, doc.getMap(name).toJSON()])
])))
