/**
 * The private part of an export: every body that the log commits to, and every document that these name, beside the tree that was copied before. What a server gives is
 * held against its digest before it is kept. What is there already is not asked for again; what entries say was erased since is removed.
 */
import type { ApiClient } from '@exeat/client'
import { ApiError } from '@exeat/client/api'
import type { HexDigest, Json } from '@exeat/core'
import { commitment, decodeEvent, decodeLeaf, type Leaf, type LogEvent, SALT_SIZE } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { type Checkpoint, openTree, TILE_WIDTH } from '@exeat/log'
import { checkContent, documentsNamed, documentText, type NamedDocument } from '@exeat/verify/audit'
import { bodyFile, documentFile, readBody, readDocument } from './bodies.ts'
import { sha256 } from './crypto.ts'
import type { ExportFolder } from './export-folder.ts'

export interface ExportedBodies {
  /** In the folder now. */
  readonly bodies: number
  readonly documents: number
  /** Written in this run. */
  readonly written: number
  /** Bodies and documents that entries say were erased: they are not in the folder. */
  readonly erased: number
  /** Files of an earlier run among these. */
  readonly removed: number
  /** Neither there nor said to be erased. */
  readonly missing: number
}

interface Collected {
  readonly named: Map<string, NamedDocument>
  /** Files that are not to be had. */
  readonly absent: Set<string>
  /** Files of what entries say was erased. */
  readonly erased: Set<string>
  bodies: number
  written: number
}

/** Most entries that one request asks for. */
const atOnce = 64

/** @throws {ExeatError} OUTPUT_FAILED, EXPORT_TARGET, ENTRY_NOT_COVERED, OPTOUT_DIGEST, and whatever is wrong with the server */
export async function exportBodies(folder: ExportFolder, head: Checkpoint, client: ApiClient, onProgress?: (done: number, total: number) => void): Promise<ExportedBodies> {
  const tree = await openTree(sha256, folder.source, head)
  if (!tree.ok) throw new ExeatError([tree.problem])
  const collected: Collected = { named: new Map(), absent: new Set(), erased: new Set(), bodies: 0, written: 0 }
  for (let first = 0; first < head.size; first += TILE_WIDTH) {
    // oxlint-disable-next-line no-await-in-loop -- one bundle at a time is held
    const bundle = await tree.value.entries(first / TILE_WIDTH)
    if (!bundle.ok) throw new ExeatError([bundle.problem])
    // oxlint-disable-next-line no-await-in-loop -- likewise
    await bodiesOf(folder, first, bundle.value, client, collected)
    onProgress?.(Math.min(first + TILE_WIDTH, head.size), head.size)
  }
  const removed = [...collected.erased].filter((file) => folder.has(file))
  folder.remove(removed)
  let documents = 0
  for (const named of collected.named.values()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they may be large
    if (await documentTo(folder, named, client, collected)) documents += 1
  }
  folder.sync()
  const { bodies, written, absent, erased } = collected
  const missing = [...absent].filter((file) => !erased.has(file)).length
  return { bodies: bodies - removed.filter((file) => file.startsWith('bodies/')).length, documents, written, erased: erased.size, removed: removed.length, missing }
}

async function bodiesOf(folder: ExportFolder, first: number, entries: readonly Uint8Array[], client: ApiClient, collected: Collected): Promise<void> {
  const leaves = entries.map((bytes) => decodeLeaf(Buffer.from(bytes).toString('utf8')))
  const lacking = new Set<number>()
  for (const [i, leaf] of leaves.entries()) {
    if (leaf === undefined) throw new ExeatError([{ code: 'ENTRY_MALFORMED', message: `entry ${first + i} is none that this release knows` }])
    const own = readBody(folder.path, leaf.body)
    if (own.state === 'found') take(own.value.event, first + i, collected)
    else lacking.add(i)
  }
  for (let at = 0; at < leaves.length; at += atOnce) {
    if (![...lacking].some((i) => i >= at && i < at + atOnce)) continue
    // oxlint-disable-next-line no-await-in-loop -- the server is asked for one page at a time
    const { items } = await client.entries(first + at, Math.min(atOnce, leaves.length - at))
    for (const { index, body } of items) {
      const leaf = leaves[index - first]
      if (leaf === undefined || !lacking.delete(index - first)) continue
      if (body.state === 'kept') keep(folder, index, leaf, body, collected)
      else collected.absent.add(bodyFile(leaf.body))
    }
  }
  const [unanswered] = lacking
  if (unanswered !== undefined) throw new ExeatError([{ code: 'ENTRY_UNKNOWN', message: `the server gives no entry ${first + unanswered}, and its own log has it` }])
}

function keep(folder: ExportFolder, index: number, leaf: Leaf, { salt, event }: { readonly salt: string; readonly event: string }, collected: Collected): void {
  const [salted, body] = [new Uint8Array(Buffer.from(salt, 'base64')), new Uint8Array(Buffer.from(event, 'utf8'))]
  if (salted.length !== SALT_SIZE || commitment(salted, body, sha256) !== leaf.body) {
    throw new ExeatError([{ code: 'ENTRY_NOT_COVERED', message: `the body that the server gives for entry ${index} is not the one that the entry commits to` }])
  }
  folder.writePrivate(bodyFile(leaf.body), Buffer.concat([salted, body]))
  collected.written += 1
  take(event, index, collected)
}

function take(text: string, index: number, collected: Collected): void {
  const decoded = decodeEvent(text)
  if (!decoded.ok) throw new ExeatError([{ code: 'ENTRY_MALFORMED', message: `the body of entry ${index} is none that this release knows: ${decoded.because}` }])
  collected.bodies += 1
  for (const named of documentsNamed(decoded.event)) collected.named.set(documentFile(named), named)
  for (const file of filesErased(decoded.event)) collected.erased.add(file)
}

function filesErased({ type, data }: LogEvent): readonly string[] {
  if (type !== 'dev.exeat.body.erased.v1') return []
  return data.erased.map(({ kind, digest }) => (kind === 'event' ? bodyFile(digest) : documentFile({ kind: kind as NamedDocument['kind'], digest })))
}

/** Whether it is in the folder afterwards. */
async function documentTo(folder: ExportFolder, named: NamedDocument, client: ApiClient, collected: Collected): Promise<boolean> {
  const file = documentFile(named)
  if (collected.erased.has(file)) {
    collected.absent.add(file)
    return false
  }
  if (isHeld(folder, named)) return true
  const value = await fetched(client, named)
  if (value === undefined) {
    collected.absent.add(file)
    return false
  }
  const checked = checkContent(named, value, sha256)
  if (!checked.ok) throw new ExeatError([checked.problem])
  folder.writePrivate(file, Buffer.from(documentText(value), 'utf8'))
  collected.written += 1
  return true
}

function isHeld(folder: ExportFolder, named: NamedDocument): boolean {
  const own = readDocument(folder.path, named.kind, named.digest)
  if (own.state !== 'found') return false
  try {
    const value = JSON.parse(own.value) as Json
    return documentText(value) === own.value && checkContent(named, value, sha256).ok
  } catch {
    return false
  }
}

/** Undefined for one that is not kept, or was erased. */
export async function fetched(client: ApiClient, { kind, digest }: { readonly kind: NamedDocument['kind']; readonly digest: HexDigest }): Promise<Json | undefined> {
  try {
    return await client.document(kind, digest) as Json
  } catch (error) {
    if (error instanceof ApiError && error.problems[0].code === 'DOCUMENT_UNKNOWN') return undefined
    throw error
  }
}
