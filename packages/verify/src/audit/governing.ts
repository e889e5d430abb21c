/** What governs by the log: who founded it, to whom they delegate, and the workspace at each commit. */
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import { documentDigest, type ExeatDocument, type HexDigest, type Json } from '@exeat/core'
import type { EventData } from '@exeat/core/entry'
import { decodeBase64, formatVerifierKey, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { bundlePins } from '../bundle/pins.ts'
import { decode } from '../bundle/documents.ts'
import { refuse } from '../codes.ts'
import { verifyDelegations } from '../delegation/chain.ts'
import { jsonOf } from '../delegation/text.ts'
import { delegationSchema } from '../delegation/types.ts'
import { documentOf, type Founders, type Kind, mismatch, type Reading, wrong } from './reading.ts'

type Changed = EventData['dev.exeat.workspace.changed.v1']

export async function addWorkspace(reading: Reading, index: number, data: Changed): Promise<void> {
  if ('delegation' in data) {
    if (index === 0) reading.founders = foundersOf(reading, data.delegation.payload)
    reading.delegations.push({ index, envelope: data.delegation })
    return
  }
  const document = await checkedDocument(reading, 'Workspace', data.workspace, index)
  reading.workspace = document?.kind === 'Workspace' ? document : undefined
  if (reading.workspace === undefined) return
  const { identity } = reading.workspace.spec
  const party = identity?.relyingParty
  reading.governed.push({ index, commit: data.commit, workspace: data.workspace, ...(party === undefined ? {} : { relyingParty: party.id }), origins: party?.origins ?? [] })
  checkPins(reading, index)
}

/** What entry 0 states; whether the root keys signed it is told at the end, when all delegations are known. */
function foundersOf({ pins, deps }: Reading, payload: string): Founders | undefined {
  const stated = delegationSchema.safeParse(jsonOf(decodeBase64(payload)))
  if (!stated.success) return undefined
  const own = stated.data.roots.flatMap(({ key }): VerifierKey[] => {
    const parsed = parseVerifierKey(deps.sha256, key)
    return parsed.ok ? [parsed.value] : []
  })
  return { workspace: stated.data.workspace, roots: pins.roots ?? own }
}

/** The workspace pins the log that this is, once it pins one. */
function checkPins(reading: Reading, index: number): void {
  const { workspace, founders, pins: { origin }, deps: { sha256 } } = reading
  if (workspace === undefined || founders === undefined) return
  if (workspace.spec.id !== founders.workspace) wrong(reading, index, refuse('DELEGATION_INVALID', `what governs from entry ${index} on is the workspace \`${workspace.spec.id}\`, and the log was founded for \`${founders.workspace}\``).problem)
  if (workspace.spec.log === undefined) return
  const pinned = bundlePins(workspace, sha256)
  if (!pinned.ok) wrong(reading, index, pinned.problem)
  else if (pinned.value.origin !== origin || texts(pinned.value.roots) !== texts(founders.roots)) {
    wrong(reading, index, refuse('DELEGATION_INVALID', `the workspace that governs from entry ${index} on pins another log, or other founders, than entry 0 states`).problem)
  }
}

const texts = (keys: readonly VerifierKey[]): string => keys.map(formatVerifierKey).sort().join(' ')

/** All of them follow upon one another, under the founders' keys, and the log's key is the one that signed the checkpoint. */
export function checkDelegations(reading: Reading): void {
  const { founders, delegations, pins: { origin, log }, deps } = reading
  const last = delegations.at(-1)?.index ?? 0
  if (founders === undefined) {
    wrong(reading, 0, refuse('DELEGATION_INVALID', 'entry 0 of the log holds no delegation that can be read').problem)
    return
  }
  const verified = verifyDelegations(delegations, { ...founders, origin }, deps)
  if (!verified.ok) wrong(reading, last, verified.problem)
  else if (!log.some((key) => formatVerifierKey(key) === formatVerifierKey(verified.value.current.log))) {
    wrong(reading, last, refuse('DELEGATION_INVALID', `the founders delegate to \`${formatVerifierKey(verified.value.current.log)}\`, and another key signed the checkpoint`).problem)
  }
}

export async function addPolicies(reading: Reading, index: number, { changes }: EventData['dev.exeat.policy.changed.v1']): Promise<void> {
  for (const { kind, digest } of changes) if (digest !== null) await checkedDocument(reading, kind, digest, index)
}

/** A document that is there, can be read and has this digest; anything else is noted. */
export async function checkedDocument(reading: Reading, kind: Exclude<Kind, 'Impact'>, digest: HexDigest, index: number): Promise<ExeatDocument | undefined> {
  const value = await documentOf(reading, kind, digest, index)
  if (value === undefined) return undefined
  const read = decode({ document: value as Readonly<Record<string, Json>>, origin: { file: `${kind}/${digest}`, line: 1, column: 1 } })
  const problem = !read.ok ? read.problems[0].message : read.kind !== kind ? `it is of kind ${read.kind}` : undefined
  if (!read.ok || problem !== undefined) {
    wrong(reading, index, mismatch(kind, digest, problem ?? 'it cannot be read'))
    return undefined
  }
  const own = documentDigest(read.document, reading.deps.sha256)
  if (own !== digest) {
    wrong(reading, index, mismatch(kind, digest, `its digest is \`${own}\``))
    return undefined
  }
  reading.held += 1
  return read.document
}

/** The fingerprints of an impact that is there and has this digest. */
export async function checkedImpact(reading: Reading, digest: HexDigest, index: number): Promise<readonly HexDigest[] | undefined> {
  const value = await documentOf(reading, 'Impact', digest, index)
  if (value === undefined) return undefined
  const read = decodeImpact(value, `Impact/${digest}`)
  const own = read.ok ? impactDigest(read.impact, reading.deps.sha256) : undefined
  if (read.ok && own === digest) {
    reading.held += 1
    return read.impact.fingerprints
  }
  wrong(reading, index, mismatch('Impact', digest, read.ok ? `its digest is \`${own ?? ''}\`` : read.problem.message))
  return undefined
}
