// Builds states of a document from a stream of history with real lib0 and Yjs.
// stdin: {streams: [{bytes: base64, after: n, wanted: [seq]}]}; stdout: [{states: [{vector, elements}], rows: [[seq, at, user, session]], end}]
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'

const read = async () => {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

const state = (doc) => ({
  vector: Object.fromEntries([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort()),
  content: doc.getMap('content').toJSON()
})

function replay ({ bytes, after, wanted }) {
  const decoder = decoding.createDecoder(new Uint8Array(Buffer.from(bytes, 'base64')))
  const doc = new Y.Doc()
  const found = { states: [], rows: [], keyframe: null, end: null }
  const authors = []
  let seq = after
  let at = 0
  const show = () => { if (wanted.includes(seq)) found.states.push(state(doc)) }
  while (decoding.hasContent(decoder)) {
    const kind = decoding.readVarUint(decoder)
    if (kind === 0) {
      seq = found.keyframe = decoding.readVarUint(decoder)
      at = decoding.readVarUint(decoder)
      Y.applyUpdate(doc, decoding.readVarUint8Array(decoder))
      show()
    } else if (kind === 1) {
      authors.push([decoding.readVarString(decoder), decoding.readVarString(decoder)])
    } else if (kind === 2) {
      const author = authors[decoding.readVarUint(decoder)]
      at += decoding.readVarInt(decoder)
      Y.applyUpdate(doc, decoding.readVarUint8Array(decoder))
      seq += 1
      found.rows.push([seq, at, ...author])
      show()
    } else {
      found.end = decoding.readVarUint(decoder)
    }
  }
  return found
}

const { streams } = await read()
console.log(JSON.stringify(streams.map(replay)))
