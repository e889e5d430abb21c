/** Entries as this browser proves them: read from tiles that lead to the signed root, and bodies that fit the commitment in their leaf. */
import { type LogAnswer, saysTampered } from '@exeat/client/log'
import { utf8 } from '@exeat/core'
import { commitment, decodeEvent, decodeLeaf, type Leaf, type LogEvent } from '@exeat/core/entry'
import { entryViewSchema, optOutViewSchema } from '@exeat/core/wire'
import { decodeBase64, leafHash, type VerifiedTree, verifyInclusion } from '@exeat/log'
import { get, Refused } from '../api.ts'
import { sha256 } from '../crypto.ts'
import { raise } from './watched.ts'

export interface ProvedEntry {
  readonly index: number
  readonly leaf: Leaf
  /** The entry's bytes, as they are hashed. */
  readonly bytes: Uint8Array
}

/** What the entry committed to; `erased`: that is gone, and the entry stands. */
export type Body = { readonly kind: 'kept'; readonly event: LogEvent } | { readonly kind: 'erased' } | { readonly kind: 'wrong'; readonly because: string }

/** @throws {Refused} where the log's files do not lead to the root that it signed */
export async function provedEntry(tree: VerifiedTree, index: number): Promise<ProvedEntry> {
  const entry = await tree.entry(index)
  if (!entry.ok) throw refusedLog(entry.problem)
  const leaf = decodeLeaf(new TextDecoder().decode(entry.value))
  if (leaf === undefined) throw new Refused({ code: 'ENTRY_UNKNOWN', detail: `entry ${index} is none that this release knows` })
  return { index, leaf, bytes: entry.value }
}

/** Where the log's files do not fit its head, every page says so from then on. */
export function refusedLog(problem: Extract<LogAnswer<unknown>, { readonly ok: false }>['problem']): Refused {
  if (saysTampered(problem.code)) raise(problem)
  return new Refused({ code: problem.code, detail: problem.message, ...(problem.hint === undefined ? {} : { hint: problem.hint }) })
}

const bodies = new Map<string, Body>()
/** Bodies remembered before all are forgotten. */
const mostRemembered = 2_000

/** Asked for once a page, as long as it was not erased. */
export async function bodyOf({ index, leaf }: ProvedEntry): Promise<Body> {
  const known = bodies.get(leaf.body)
  if (known !== undefined) return known
  const { body } = await get(`/v1/entries/${index}`, entryViewSchema)
  if (body.state === 'erased') return { kind: 'erased' }
  const salt = decodeBase64(body.salt)
  const bytes = utf8(body.event)
  if (salt?.length !== 32 || commitment(salt, bytes, sha256) !== leaf.body) return { kind: 'wrong', because: 'what the server shows of it is not what it committed to' }
  const decoded = decodeEvent(body.event)
  if (!decoded.ok) return { kind: 'wrong', because: `it is none that this release knows: ${decoded.because}` }
  const found: Body = { kind: 'kept', event: decoded.event }
  if (bodies.size >= mostRemembered) bodies.clear()
  bodies.set(leaf.body, found)
  return found
}

const names = new Map<string, Promise<string | undefined>>()

/** The name of an opt-out; undefined where nobody tells. Asked for once a page. */
export function nameOf(uid: string): Promise<string | undefined> {
  const known = names.get(uid) ?? get(`/v1/opt-outs/${uid}`, optOutViewSchema).then(({ name }) => name, () => undefined)
  names.set(uid, known)
  return known
}

export interface InclusionShown {
  readonly leaf: Uint8Array
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
  readonly size: number
}

/** The proof itself (RFC 6962, section 2.1.1), made of verified tiles and verified once more as anybody would. @throws {Refused} where it does not lead to the root */
export async function inclusionOf(tree: VerifiedTree, { index, bytes }: ProvedEntry): Promise<InclusionShown> {
  const proof = await tree.inclusionProof(index)
  const leaf = leafHash(sha256, bytes)
  const { size, root } = tree.head
  const verdict = proof.ok ? verifyInclusion(sha256, { index, size, leaf, proof: proof.value, root }) : proof
  if (!proof.ok || !verdict.ok) throw new Refused({ code: 'LOG_PROOF', detail: verdict.ok ? 'there is no proof' : verdict.problem.message })
  return { leaf, path: proof.value, root, size }
}

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
