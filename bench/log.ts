/** Speed of packages/log on this machine: `node bench/log.ts`. */
import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import {
  appendLeaves, emptyRange, encodeBundle, encodeTile, formatCheckpoint, fsck, inclusionPlan, leafHash, nodeHash, openCheckpoint, openTree, proofOf,
  rangeRoot, signerKey, signNote, TILE_WIDTH, verifyInclusion,
} from '../packages/log/src/index.ts'
import type { Answer, CompactRange, Ed25519Sign, Ed25519Verify, Sha256, TileReader } from '../packages/log/src/index.ts'

const size = 1_000_000
const entrySize = 200
const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, Buffer.alloc(32, 7)]), format: 'der', type: 'pkcs8' })
const publicKey = createPublicKey(privateKey)
const signWith: Ed25519Sign = (_, message) => sign(null, message, privateKey)
const verifyWith: Ed25519Verify = (_, message, signature) => verify(null, message, publicKey, signature)

function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.value
}

function entry(index: number): Uint8Array {
  const bytes = Buffer.alloc(entrySize, 0x2e)
  bytes.write(`entry ${index}`)
  return bytes
}

async function measure(what: string, count: number, run: () => unknown): Promise<void> {
  const start = performance.now()
  const startCpu = process.cpuUsage()
  await run()
  const wall = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(startCpu)
  const rate = Math.round(count / wall).toLocaleString('en-GB')
  console.log(`${what.padEnd(62)} ${wall.toFixed(2).padStart(7)} s ${rate.padStart(10)}/s, processor ${((user + system) / 1e6).toFixed(2)} s`)
}

const leaves: Uint8Array[] = []
let range: CompactRange = emptyRange
const upper = new Map<number, Uint8Array[]>()

await measure(`leaf hashes of ${entrySize} bytes`, size, () => {
  for (let i = 0; i < size; i++) leaves.push(leafHash(sha256, entry(i)))
})
await measure('node hashes', size, () => {
  const [left, right] = [leafHash(sha256, entry(0)), leafHash(sha256, entry(1))]
  for (let i = 0; i < size; i++) nodeHash(sha256, left, right)
})
await measure('append in batches of 256, with tile hashes', size, () => {
  for (let at = 0; at < size; at += TILE_WIDTH) {
    const appended = appendLeaves(sha256, range, leaves.slice(at, at + TILE_WIDTH))
    range = appended.range
    for (const { level, hash } of appended.completed) upper.set(level, [...(upper.get(level)?.splice(0) ?? []), hash])
  }
})

/** Bundles are made when they are read, so that the memory shown below is that of the check. */
const reader: TileReader = {
  readTile: (path) => {
    const parts = /^tile\/(entries|[0-9]+)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]+))?$/.exec(path)
    const index = Number((parts?.[2] ?? '').replace(/[x/]/g, ''))
    const width = Number(parts?.[3] ?? TILE_WIDTH)
    const start = index * TILE_WIDTH
    if (parts?.[1] === 'entries') return must(encodeBundle(Array.from({ length: width }, (_, i) => entry(start + i))))
    const hashes = parts?.[1] === '0' ? leaves : (upper.get(Number(parts?.[1])) ?? [])
    return encodeTile(hashes.slice(start, start + width))
  },
}
const head = { size, root: rangeRoot(sha256, range) }
const tree = must(await openTree(sha256, reader, head))
const proof = must(await tree.inclusionProof(654_321))
const leaf = leaves[654_321] ?? new Uint8Array(0)

await measure(`inclusion proofs of ${proof.length} hashes verified`, 100_000, () => {
  for (let i = 0; i < 100_000; i++) if (!verifyInclusion(sha256, { index: 654_321, size, leaf, proof, root: head.root }).ok) throw new Error('refused')
})
await measure('inclusion proofs planned and built from given nodes', 100_000, () => {
  for (let i = 0; i < 100_000; i++) must(proofOf(sha256, must(inclusionPlan(i * 9, size)), () => leaf))
})
await measure('inclusion proofs read through verified tiles, at random places', 300, async () => {
  for (let i = 0; i < 300; i++) must(await tree.inclusionProof((i * 611_953) % size))
})
const key = must(signerKey(sha256, () => new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)), 'example.com/log', 'ed25519', Buffer.alloc(32, 7)))
const text = must(formatCheckpoint({ origin: 'example.com/log', ...head, extensions: [] }))
const note = must(signNote(text, [key], signWith, 0))
await measure('checkpoints signed', 5000, () => { for (let i = 0; i < 5000; i++) must(signNote(text, [key], signWith, 0)) })
await measure('checkpoints opened', 5000, () => {
  for (let i = 0; i < 5000; i++) must(openCheckpoint(note, { origin: 'example.com/log', log: [key], witnesses: { atLeast: 0, keys: [] } }, verifyWith))
})

const before = process.memoryUsage().rss
let most = before
const watched: TileReader = { readTile: (path) => { most = Math.max(most, process.memoryUsage().rss); return reader.readTile(path) } }
await measure(`fsck of ${size} entries of ${entrySize} bytes`, size, async () => {
  const report = await fsck(sha256, watched, head)
  if (!report.ok) throw new Error(report.first?.message)
})
console.log(`memory during fsck: at most ${Math.round((most - before) / 2 ** 20)} MiB above the ${Math.round(before / 2 ** 20)} MiB before`)
