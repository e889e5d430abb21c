/** Entries, receipts and documents, as the log has them. */
import { decodeLeaf, SALT_SIZE } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import type { Wire } from '@exeat/core/wire'
import { encodeReceipt, openTree } from '@exeat/log'
import type { LogReader, LogStore } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { shown, useError } from './problem.ts'
import { bodyKinds, fromBytes } from './stored.ts'

/** @throws {ExeatError} ENTRY_UNKNOWN */
export async function entry(log: LogReader, index: number): Promise<Wire['entryViewSchema']> {
  const stored = await log.entry(index)
  if (stored === undefined) throw noEntry(index)
  const text = Buffer.from(stored.entry).toString('utf8')
  const leaf = decodeLeaf(text)
  if (leaf === undefined) throw useError('ENTRY_UNKNOWN', `entry ${index} is none that this release wrote`)
  const body = await log.body(bodyKinds.event, leaf.body)
  return { index, leaf: JSON.parse(text) as Record<string, unknown>, body: body === undefined ? { state: 'erased' } : keptBody(body) }
}

const fewest = 64

/** Those from an index on, as many as are asked for or there are; the answer is empty behind the last. */
export async function entries(log: LogStore, { from = 0, limit = fewest }: Wire['entriesQuerySchema']): Promise<Wire['entriesAnswerSchema']> {
  return log.snapshot(async (reader) => {
    const { size } = await reader.head()
    const items: Wire['entryViewSchema'][] = []
    // oxlint-disable-next-line no-await-in-loop -- one connection: reads one after the other whatever is asked
    for (let index = from; index < Math.min(size, from + limit); index++) items.push(await entry(reader, index))
    return { items }
  })
}

const keptBody = (bytes: Uint8Array) => ({
  state: 'kept' as const,
  salt: Buffer.from(bytes.subarray(0, SALT_SIZE)).toString('base64'),
  event: Buffer.from(bytes.subarray(SALT_SIZE)).toString('utf8'),
})

const noEntry = (index: number): ExeatError => useError('ENTRY_UNKNOWN', `the log has no entry ${shown(index)}`)

/**
 * A C2SP tlog-proof@v1 under the newest checkpoint.
 * @throws {ExeatError} ENTRY_UNKNOWN, and what the log's tiles are refused with
 */
export async function receipt(log: LogStore, index: number): Promise<Wire['receiptSchema']> {
  return log.snapshot(async (reader) => {
    const { size, root, checkpoint } = await reader.head()
    if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) throw noEntry(index)
    const tree = await openTree(sha256, reader, { size, root })
    if (!tree.ok) throw new ExeatError([tree.problem])
    const proof = await tree.value.inclusionProof(index)
    if (!proof.ok) throw new ExeatError([proof.problem])
    const bytes = encodeReceipt({ index, proof: proof.value, checkpoint: await cosigned(reader, size, checkpoint) })
    if (!bytes.ok) throw new ExeatError([bytes.problem])
    return { index, receipt: Buffer.from(bytes.value).toString('utf8') }
  })
}

/** The signed note with its witnesses' lines behind it. */
async function cosigned(reader: LogReader, size: number, checkpoint: Uint8Array): Promise<Uint8Array> {
  const lines = await reader.cosignatures(size)
  return new Uint8Array(Buffer.concat([checkpoint, ...lines.map(({ line }) => Buffer.from(`${line}\n`, 'utf8'))]))
}

type Kind = 'OptOut' | 'OptOutPolicy' | 'Workspace' | 'Aliases' | 'Impact'
const kinds: ReadonlySet<string> = new Set<Kind>(['OptOut', 'OptOutPolicy', 'Workspace', 'Aliases', 'Impact'])

/** @throws {ExeatError} DOCUMENT_UNKNOWN: never kept, or erased */
export async function document(log: LogReader, kind: Kind, digest: string): Promise<unknown> {
  const bytes = kinds.has(kind) && /^[0-9a-f]{64}$/.test(digest) ? await log.body(kind, digest) : undefined
  if (bytes === undefined) throw useError('DOCUMENT_UNKNOWN', `no ${shown(kind)} with the digest \`${shown(digest)}\` is kept`, 'it may have been erased')
  return fromBytes<unknown>(bytes)
}
