/** Whose word an auditor takes: a pinned key of the log, or a clone whose protected branch pins its founders. */
import type { Verifier } from '@exeat/client/log'
import { decodeLeaf } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { readGovernance } from '@exeat/git'
import { decodeBundle, type VerifierKey } from '@exeat/log'
import { bundlePins, readEntry, verifyDelegation } from '@exeat/verify'
import { resolve } from 'node:path'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { sha256, verifySignature } from './crypto.ts'
import type { EvidencePlace } from './evidence-place.ts'
import { type TrustFlags, verifierOf } from './trust.ts'

export interface EvidenceTrustFlags extends Omit<TrustFlags, 'key'> {
  readonly key?: readonly string[]
  readonly clone?: string
  readonly ref?: string
}

export interface EvidenceTrust {
  readonly verifier: Verifier
  /** The founders' keys, where the auditor has them from elsewhere than from the log. */
  readonly roots?: readonly VerifierKey[]
}

/** @throws {ExeatError} USAGE, what is wrong with the clone, DELEGATION_* and ENTRY_* where the log is not the one that it pins */
export async function evidenceTrust(flags: EvidenceTrustFlags, place: EvidencePlace, io: Io): Promise<EvidenceTrust> {
  const { key = [], clone, ref } = flags
  if (clone === undefined) {
    if (key.length === 0) throw cliError('USAGE', 'neither a key of the log nor a clone is named', 'pin one: `--key`, as `exeat log key` prints it, or `--clone FOLDER`')
    return { verifier: verifierOf({ ...flags, key }) }
  }
  const { workspace: { document } } = await readGovernance({ dir: resolve(io.cwd, clone), sha256, ...(ref === undefined ? {} : { ref }) })
  const pins = bundlePins(document, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const { origin, roots, witnesses } = pins.value
  const stated = key.length === 0 ? undefined : verifierOf({ ...flags, key })
  const log = stated?.trust.log ?? [await delegatedKey(place, { workspace: document.spec.id, origin, roots })]
  return { verifier: { sha256, verify: verifySignature, trust: { origin, log, witnesses: (flags.witness ?? []).length === 0 ? witnesses : stated?.trust.witnesses ?? witnesses } }, roots }
}

/** The log's key by the founders' own signatures. That entry 0 stands in the tree is proven later, under this key. */
async function delegatedKey(place: EvidencePlace, pins: Parameters<typeof verifyDelegation>[1]): Promise<VerifierKey> {
  const wrong = (because: string): Error => cliError('EVIDENCE_FROM', `\`${place.log.name}\` does not begin as a log with bodies does: ${because}`, 'export it with `--bodies`')
  const leaf = await firstLeaf(place)
  const decoded = leaf === undefined ? undefined : decodeLeaf(leaf)
  if (leaf === undefined || decoded === undefined) throw wrong('its entry 0 cannot be read')
  const body = await place.body(0, decoded.body)
  if (body.state !== 'found') throw wrong(body.state === 'absent' ? 'the body of entry 0 is not there' : body.because)
  const entry = readEntry({ leaf, body: body.value }, sha256)
  if (!entry.ok) throw new ExeatError([entry.problem])
  const { event } = entry.value
  if (event?.type !== 'dev.exeat.workspace.changed.v1' || !('delegation' in event.data)) throw wrong('entry 0 holds no delegation')
  const delegation = verifyDelegation(event.data.delegation, pins, { sha256, verify: verifySignature })
  if (!delegation.ok) throw new ExeatError([delegation.problem])
  return delegation.value.log
}

const widest = 256

/** By its full bundle, or by whichever partial one there is. */
async function firstLeaf({ log }: EvidencePlace): Promise<string | undefined> {
  const checkpoint = await log.read('checkpoint', 65_536)
  const size = Number(Buffer.from(checkpoint ?? []).toString('latin1').split('\n')[1])
  if (!Number.isSafeInteger(size) || size < 1) return undefined
  const width = Math.min(size, widest)
  const bytes = await log.readTile(width === widest ? 'tile/entries/000' : `tile/entries/000.p/${width}`)
  const entries = bytes === undefined ? undefined : decodeBundle(bytes, width)
  const [first] = entries?.ok === true ? entries.value : []
  return first === undefined ? undefined : Buffer.from(first).toString('utf8')
}
