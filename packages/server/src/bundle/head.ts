/** The checkpoint that a bundle's proofs are under: the newest, or the newest that enough witnesses signed where the workspace asks for them. */
import type { Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { openCheckpoint, type TreeHead, type VerifierKey } from '@exeat/log'
import { type BundlePins, bundlePins } from '@exeat/verify'
import type { Snapshot } from '../ports/log.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'

export interface BundleHead extends TreeHead {
  /** The signed note, cosignatures included. */
  readonly note: Uint8Array
}

/** @throws {ExeatError} WITNESS_QUORUM where witnesses are asked for and too few have signed any checkpoint yet; PINS_INVALID */
export async function bundleHead(snapshot: Snapshot, workspace: Workspace, log: VerifierKey, known: BundleHead | undefined): Promise<BundleHead> {
  const { size, root, checkpoint } = await snapshot.head()
  const witnesses = witnessesOf(workspace)
  if (witnesses.atLeast === 0) return { size, root, note: checkpoint }
  const newest = await snapshot.latestCosigned()
  const note = newest === undefined ? undefined : cosigned(newest.checkpoint, newest.lines.map(({ line }) => line))
  const opened = note === undefined ? undefined : openCheckpoint(note, { origin: log.name, log: [log], witnesses }, verifySignature)
  if (note !== undefined && opened?.ok === true) return { size: opened.value.checkpoint.size, root: opened.value.checkpoint.root, note }
  if (known !== undefined) return known
  throw new ExeatError([{
    code: 'WITNESS_QUORUM', message: `fewer than ${witnesses.atLeast} of the workspace's witnesses have signed a checkpoint of the log yet`,
    hint: 'see that the witnesses answer; nothing is excused before they do',
  }])
}

function witnessesOf(workspace: Workspace): BundlePins['witnesses'] {
  if (workspace.spec.log === undefined) return { atLeast: 0, keys: [] }
  const pins = bundlePins(workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  return pins.value.witnesses
}

/** A signed note grows by lines at its end. */
const cosigned = (checkpoint: Uint8Array, lines: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.concat([checkpoint, Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8')]))
