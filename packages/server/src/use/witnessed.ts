/** How far the workspace's witnesses have seen the log: what `requires.witness` asks of the approvals before an opt-out may be activated. */
import type { Problem, Workspace } from '@exeat/core'
import { openNote } from '@exeat/log'
import { bundlePins } from '@exeat/verify'
import type { LogReader } from '../ports/log.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { useProblem } from './problem.ts'

export interface WitnessedHead {
  /** Entries that a quorum has cosigned; 0 where none has, or the workspace names none. */
  readonly size: number
  readonly quorum: number
  /** Names of those that have not cosigned the newest checkpoint which any has. */
  readonly missing: readonly string[]
}

/** Cosignatures only ever come: what is read before an act's lock still holds under it. */
export async function witnessedHead(reader: LogReader, workspace: Workspace): Promise<WitnessedHead> {
  const pins = workspace.spec.log === undefined ? undefined : bundlePins(workspace, sha256)
  const { atLeast: quorum, keys } = pins?.ok === true ? pins.value.witnesses : { atLeast: 0, keys: [] }
  const all = keys.map(({ name }) => name)
  const newest = quorum === 0 ? undefined : await reader.latestCosigned()
  if (newest === undefined) return { size: 0, quorum, missing: all }
  const note = Buffer.concat([newest.checkpoint, Buffer.from(newest.lines.map(({ line }) => `${line}\n`).join(''), 'utf8')])
  const opened = openNote(new Uint8Array(note), keys, verifySignature)
  const signed = new Set(opened.ok ? opened.value.verified.map(({ key }) => key.name) : [])
  return { size: signed.size >= quorum ? newest.size : 0, quorum, missing: all.filter((name) => !signed.has(name)) }
}

/** Why an entry does not count as witnessed; undefined where a quorum has seen it. */
export function notWitnessed({ size, quorum, missing }: WitnessedHead, entry: number): Problem | undefined {
  if (quorum > 0 && entry < size) return undefined
  if (quorum === 0) return useProblem('WITNESS_NEEDED', 'the terms ask for witnesses, and the workspace asks for none', 'state `log.witnesses` and `log.quorum` in the workspace, and start the server with --witness')
  return useProblem('WITNESS_NEEDED', `the terms ask that ${quorum} witnesses have seen entry ${entry}, and they have seen ${size} entries${missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`}`, 'the server asks them as the log grows; repeat it in a moment, or see why they do not answer: exeat status')
}
