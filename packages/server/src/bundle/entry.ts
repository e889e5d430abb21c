import type { HexDigest } from '@exeat/core'
import { decodeLeaf, SALT_SIZE } from '@exeat/core/entry'
import { encodeBase64 } from '@exeat/log'
import type { BundleEntry } from '@exeat/verify'
import type { Snapshot } from '../ports/log.ts'
import { bodyKinds } from '../use/stored.ts'

/** An entry without its proof, which depends on the head. */
export type BareEntry = Omit<BundleEntry, 'proof'>

/** An entry of the log with its body, as a bundle carries it; undefined where it is not there or its body was erased. */
export async function bareEntry(snapshot: Snapshot, index: number, body: HexDigest | undefined): Promise<{ readonly type: string; readonly bare: BareEntry } | undefined> {
  const entry = await snapshot.entry(index)
  const leaf = entry === undefined ? undefined : decodeLeaf(Buffer.from(entry.entry).toString('utf8'))
  const kept = leaf === undefined ? undefined : await snapshot.body(bodyKinds.event, body ?? leaf.body)
  if (leaf === undefined || kept === undefined) return undefined
  const [salt, event] = [kept.subarray(0, SALT_SIZE), kept.subarray(SALT_SIZE)]
  return { type: leaf.type, bare: { index, actor: leaf.actor, salt: encodeBase64(salt), event: Buffer.from(event).toString('utf8') } }
}
