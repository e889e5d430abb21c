import { MAX_NOTE_SIZE, openCheckpoint, openTree, type Ed25519Verify, type Sha256, type Trust, type TrustedCheckpoint, type VerifiedTree } from '@exeat/log'
import type { LogAnswer } from './codes.ts'
import { COSIGNED_PATH, readCheckpoint, type LogSource } from './source.ts'

/** What verifying takes: hashing and signatures as the runtime has them, and whose word is enough. */
export interface Verifier {
  readonly sha256: Sha256
  readonly verify: Ed25519Verify
  readonly trust: Trust
}

export interface SignedHead extends TrustedCheckpoint {
  /** The signed note, as it was read. */
  readonly bytes: Uint8Array
}

export interface OpenedLog {
  readonly head: SignedHead
  readonly tree: VerifiedTree
}

/** The newest head that the log signed, and the newest that enough witnesses signed too: the same one where none are asked for. */
export interface SignedHeads {
  readonly newest: SignedHead
  readonly cosigned: SignedHead
}

/**
 * The log's heads now, believed because of their signatures alone. Witnesses may lag behind: where the newest head lacks their signatures, the one that
 * Exeat's server shows as cosigned counts for the quorum. `WITNESS_QUORUM` where that one does not do either.
 */
export async function readHeads(source: LogSource, { verify, trust }: Verifier): Promise<LogAnswer<SignedHeads>> {
  const bytes = await readCheckpoint(source)
  if (!bytes.ok) return bytes
  const trusted = open(bytes.value, trust, verify)
  if (trusted.ok) return { ok: true, value: { newest: trusted.value, cosigned: trusted.value } }
  if (trusted.problem.code !== 'WITNESS_QUORUM') return trusted
  const newest = open(bytes.value, { ...trust, witnesses: { ...trust.witnesses, atLeast: 0 } }, verify)
  const cosigned = await readCosigned(source, trust, verify)
  if (!newest.ok || cosigned === undefined) return trusted
  const later = cosigned.checkpoint.size > newest.value.checkpoint.size ? cosigned : newest.value
  return { ok: true, value: { newest: later, cosigned } }
}

/** The head to rely on: the newest that is signed by all who are asked for. */
export async function readHead(source: LogSource, verifier: Verifier): Promise<LogAnswer<SignedHead>> {
  const heads = await readHeads(source, verifier)
  return heads.ok ? { ok: true, value: heads.value.cosigned } : heads
}

async function readCosigned(source: LogSource, trust: Trust, verify: Ed25519Verify): Promise<SignedHead | undefined> {
  try {
    const bytes = await source.read(COSIGNED_PATH, MAX_NOTE_SIZE)
    const opened = bytes === undefined ? undefined : open(bytes, trust, verify)
    return opened?.ok === true ? opened.value : undefined
  } catch {
    // A log elsewhere need not have such a thing; what is wrong with the newest head is then said.
    return undefined
  }
}

function open(bytes: Uint8Array, trust: Trust, verify: Ed25519Verify): LogAnswer<SignedHead> {
  const opened = openCheckpoint(bytes, trust, verify)
  return opened.ok ? { ok: true, value: { ...opened.value, bytes } } : opened
}

/** Head and tiles: everything that the tree answers is proven up to the head. */
export async function openRemoteLog(source: LogSource, verifier: Verifier): Promise<LogAnswer<OpenedLog>> {
  const head = await readHead(source, verifier)
  if (!head.ok) return head
  const tree = await openTree(verifier.sha256, source, head.value.checkpoint)
  return tree.ok ? { ok: true, value: { head: head.value, tree: tree.value } } : tree
}
