import { openCheckpoint, openTree, type Ed25519Verify, type Sha256, type Trust, type TrustedCheckpoint, type VerifiedTree } from '@exeat/log'
import type { LogAnswer } from './codes.ts'
import { readCheckpoint, type LogSource } from './source.ts'

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

/** The log's head now, believed because of its signatures alone. */
export async function readHead(source: LogSource, { verify, trust }: Verifier): Promise<LogAnswer<SignedHead>> {
  const bytes = await readCheckpoint(source)
  if (!bytes.ok) return bytes
  const trusted = openCheckpoint(bytes.value, trust, verify)
  return trusted.ok ? { ok: true, value: { ...trusted.value, bytes: bytes.value } } : trusted
}

/** Head and tiles: everything that the tree answers is proven up to the head. */
export async function openRemoteLog(source: LogSource, verifier: Verifier): Promise<LogAnswer<OpenedLog>> {
  const head = await readHead(source, verifier)
  if (!head.ok) return head
  const tree = await openTree(verifier.sha256, source, head.value.checkpoint)
  return tree.ok ? { ok: true, value: { head: head.value, tree: tree.value } } : tree
}
