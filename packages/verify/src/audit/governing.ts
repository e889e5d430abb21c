/** What governs by the log: who founded it, to whom they delegate, and the workspace at each commit. */
import type { ExeatDocument, HexDigest } from '@exeat/core'
import type { EventData, LogEvent } from '@exeat/core/entry'
import { decodeBase64, formatVerifierKey, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { bundlePins } from '../bundle/pins.ts'
import { refuse } from '../codes.ts'
import { verifyDelegations } from '../delegation/chain.ts'
import { jsonOf } from '../delegation/text.ts'
import { delegationSchema } from '../delegation/types.ts'
import { checkDocument, checkFingerprints, documentsNamed, type NamedDocument } from './content.ts'
import { rereadKeys } from './keys.ts'
import { documentOf, type Founders, held, type Reading, wrong } from './reading.ts'

type Changed = EventData['dev.exeat.workspace.changed.v1']

export async function addWorkspace(reading: Reading, index: number, data: Changed): Promise<void> {
  if ('delegation' in data) {
    if (index === 0) reading.founders = foundersOf(reading, data.delegation.payload)
    reading.delegations.push({ index, envelope: data.delegation })
    return
  }
  const document = await documentAt(reading, { kind: 'Workspace', digest: data.workspace }, index)
  reading.workspace = document?.kind === 'Workspace' ? document : undefined
  if (reading.workspace === undefined) return
  if (reading.governed.at(-1)?.workspace === data.workspace) return
  const { identity } = reading.workspace.spec
  const party = identity?.relyingParty
  reading.governed.push({ index, commit: data.commit, workspace: data.workspace, ...(party === undefined ? {} : { relyingParty: party.id }), origins: party?.origins ?? [] })
  rereadKeys(reading)
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
  const { founders, delegations, delegationsLost, pins: { origin, log }, deps } = reading
  // That they could not be read is told already; what is left of them proves nothing.
  if (delegationsLost) return
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

export async function addPolicies(reading: Reading, index: number, event: LogEvent): Promise<void> {
  for (const named of documentsNamed(event)) await documentAt(reading, named, index)
}

/** A document that is there and is that; anything else is noted. */
export async function documentAt(reading: Reading, named: NamedDocument, index: number): Promise<ExeatDocument | undefined> {
  const value = await documentOf(reading, named, index)
  const document = value === undefined ? undefined : held(reading, index, checkDocument(named, value, reading.deps.sha256))
  if (document !== undefined) reading.held.add(`${named.kind} ${named.digest}`)
  return document
}

/** The fingerprints of an impact likewise. */
export async function impactAt(reading: Reading, digest: HexDigest, index: number): Promise<readonly HexDigest[] | undefined> {
  const value = await documentOf(reading, { kind: 'Impact', digest }, index)
  const fingerprints = value === undefined ? undefined : held(reading, index, checkFingerprints(digest, value, reading.deps.sha256))
  if (fingerprints !== undefined) reading.held.add(`Impact ${digest}`)
  return fingerprints
}
