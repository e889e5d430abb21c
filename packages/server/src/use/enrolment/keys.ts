/** The keys that people act with, as the log's entries add up to them, read at a moment. */
import { type HexDigest, type Identity, sameIdentity, type Workspace } from '@exeat/core'
import type { EnrolledKey, EnrolmentEntry, EnrolmentLedger } from '@exeat/core/enrolment'
import { ExeatError } from '@exeat/core/error'
import { evidenceDeps } from '@exeat/git/crypto'
import { bundlePins } from '@exeat/verify'
import { type EnrolmentPins, enrolmentPins, type EvidenceContext, verifyEnrolments } from '@exeat/verify/evidence'
import type { StateReader } from '../../ports/log.ts'
import { sha256, verifySignature } from '../../store/ed25519.ts'
import type { UseDependencies } from '../context.ts'
import { recordsOf } from '../load.ts'
import { fromBytes, recordKinds, type StoredEnrolment } from '../stored.ts'
import { synchronise } from '../synchronise.ts'

/** In the order of the log. */
export async function storedEnrolments(reader: StateReader): Promise<readonly StoredEnrolment[]> {
  const found: StoredEnrolment[] = []
  for await (const { value } of recordsOf(reader, recordKinds.enrolment)) found.push(fromBytes<StoredEnrolment>(value))
  return found
}

/** Where the workspace pins no log, no root key speaks for anybody. */
export function pinsOf(workspace: Workspace): EnrolmentPins {
  const pins = workspace.spec.log === undefined ? undefined : bundlePins(workspace, sha256)
  if (pins?.ok === false) throw new ExeatError([pins.problem])
  return enrolmentPins(workspace, pins?.value.roots ?? [])
}

export const ledgerFrom = (entries: readonly EnrolmentEntry[], workspace: Workspace): EnrolmentLedger =>
  verifyEnrolments(entries, pinsOf(workspace), evidenceDeps, verifySignature)

/** What was verified last under a workspace: entries only ever come behind those that stand. */
const folded = new WeakMap<Workspace, { readonly last: HexDigest | undefined; readonly ledger: EnrolmentLedger }>()

/** Whose keys count, by the log as the reader sees it. Verified again only where an entry came, or something else governs. */
export async function keysAt(reader: StateReader, workspace: Workspace): Promise<EnrolmentLedger> {
  const stored = await storedEnrolments(reader)
  const last = stored.at(-1)?.body
  const before = folded.get(workspace)
  if (before !== undefined && before.last === last) return before.ledger
  const ledger = ledgerFrom(stored.map(({ entry }) => entry), workspace)
  folded.set(workspace, { last, ledger })
  return ledger
}

/** By what governs now, asking nobody where that was read before. */
export async function keysNow(deps: UseDependencies): Promise<EnrolmentLedger> {
  const governed = deps.governance.latest() ?? (await synchronise(deps)).governed
  return keysAt(deps.log, governed.governance.workspace.document)
}

export const contextOf = (ledger: EnrolmentLedger, { spec: { identity } }: Workspace): EvidenceContext => ({ ledger, identity, deps: evidenceDeps })

/** Those of a person that were not removed. */
export const standingKeysOf = ({ keys }: EnrolmentLedger, person: Identity): readonly EnrolledKey[] =>
  keys.filter((key) => key.person !== undefined && sameIdentity(key.person, person) && key.removedAt === undefined)
