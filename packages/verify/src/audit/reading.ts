/** What an audit knows after so many entries, and how it takes note of what is wrong or not there. */
import type { HexDigest, Identity, Json, Ledger, Workspace } from '@exeat/core'
import { emptyLedger } from '@exeat/core'
import { type EnrolmentEntry, type EnrolmentFold, enrolmentFold } from '@exeat/core/enrolment'
import type { VerifierKey } from '@exeat/log'
import type { Answer, VerifyProblem } from '../codes.ts'
import type { VerifyDeps } from '../bundle/verified.ts'
import type { RecordedDelegation } from '../delegation/chain.ts'
import { type ActsBefore, noActs } from '../history/acts.ts'
import type { Raised } from './hearing.ts'
import { documentValue, mismatch, type NamedDocument } from './content.ts'
import type { AuditedAct, AuditFault, AuditPins, DocumentReader, Governed } from './evidence-types.ts'

/** One opt-out, as far as it was read. */
export interface Life {
  readonly ledger: Ledger
  readonly before: ActsBefore
  /** With which key each approver tapped, by `identityKey`. */
  readonly taps: Map<string, number>
  repositoryIds: readonly string[]
  /** Why nothing more can be said of it. */
  lost: string | undefined
}

export interface Founders {
  readonly workspace: string
  readonly roots: readonly VerifierKey[]
}

export interface Reading {
  readonly pins: AuditPins
  readonly deps: VerifyDeps
  readonly documents: DocumentReader
  readonly acts: AuditedAct[]
  readonly faults: AuditFault[]
  readonly delegations: RecordedDelegation[]
  /** Some of them may stand in what could not be read. */
  delegationsLost: boolean
  readonly governed: Governed[]
  /** Whose keys count, by the workspace that governs. */
  keys: EnrolmentFold
  /** Entries about keys, in the order of the log. */
  readonly enrolments: EnrolmentEntry[]
  /** Why the keys are not known as a whole any more. */
  keysLost: string | undefined
  founders: Founders | undefined
  workspace: Workspace | undefined
  readonly lives: Map<HexDigest, Life>
  /** Of every opt-out that the log has so far. */
  readonly uids: Set<HexDigest>
  readonly names: Map<string, HexDigest>
  /** Alarms of emergencies and drills, by the index of the entry. */
  readonly raised: Map<number, Raised>
  /** Some of them may stand in what could not be read. */
  raisedLost: boolean
  /** What other systems reported and is not gone, by what it is: index of the entry that told of it last. */
  readonly shadows: Map<HexDigest, number>
  /** Some of them may stand in what could not be read. */
  shadowsLost: boolean
  /** What was sought in vain. `act`: position of the act that stands on it. */
  readonly absent: { readonly kind: string; readonly digest: HexDigest; readonly index: number; readonly act?: number; readonly erasable: boolean }[]
  /** `kind digest` of what entries say was erased. */
  readonly erased: Set<string>
  /** `kind digest` of what was read and is right. */
  readonly held: Set<string>
}

export function newReading(pins: AuditPins, documents: DocumentReader, deps: VerifyDeps): Reading {
  return {
    pins, documents, deps, acts: [], faults: [], delegations: [], delegationsLost: false, governed: [], lives: new Map(), uids: new Set(), names: new Map(), absent: [], erased: new Set(), held: new Set(), raised: new Map(), raisedLost: false, shadows: new Map(), shadowsLost: false,
    enrolments: [], keys: enrolmentFold({ sha256: deps.sha256, holds: () => false }), keysLost: undefined, founders: undefined, workspace: undefined,
  }
}

export const newLife = (): Life => ({ ledger: emptyLedger(), before: noActs(), taps: new Map(), repositoryIds: [], lost: undefined })

export const contextOf = ({ keys: { ledger }, workspace, deps }: Reading) => ({ ledger, identity: workspace?.spec.identity, deps: deps.evidence })

export function wrong(reading: Reading, index: number, { code, message, hint }: VerifyProblem): void {
  reading.faults.push({ kind: 'wrong', index, code, message, ...(hint === undefined ? {} : { hint }) })
}

/** An act that does not hold is told as such, and counts for nothing in what follows. */
export function wrongAct(reading: Reading, act: Omit<AuditedAct, 'state'>, problem: VerifyProblem): void {
  reading.acts.push({ ...act, state: 'wrong', problem })
  wrong(reading, act.index, problem)
}

/** A document as JSON; undefined where there is none, which is noted. Whether it has this digest is for the caller to see. */
export async function documentOf(reading: Reading, named: NamedDocument, index: number): Promise<Json | undefined> {
  const { kind, digest } = named
  const sought = await reading.documents(kind, digest)
  if (sought.state === 'absent') notThere(reading, named, index)
  else if (sought.state === 'unreadable') unread(reading, index, `the ${kind} \`${digest}\` cannot be read: ${sought.because}`)
  else if (sought.state === 'broken') held(reading, index, mismatch(named, sought.because))
  return sought.state === 'found' ? held(reading, index, documentValue(named, sought.value)) : undefined
}

/** Told once, however many entries name it. */
function notThere({ absent }: Reading, { kind, digest }: NamedDocument, index: number): void {
  const isKnown = absent.some((each) => each.kind === kind && each.digest === digest)
  if (!isKnown) absent.push({ kind, digest, index, erasable: kind === 'OptOut' || kind === 'Impact' })
}

/** What is right, or a note of what is wrong. */
export function held<T>(reading: Reading, index: number, answer: Answer<T>): T | undefined {
  if (answer.ok) return answer.value
  wrong(reading, index, answer.problem)
  return undefined
}

export function unread(reading: Reading, index: number, message: string): void {
  reading.faults.push({ kind: 'unread', index, code: 'AUDIT_MISSING', message })
}

export const personOf = (person: Identity | undefined): Pick<AuditedAct, 'name'> => (person === undefined ? {} : { name: person.sub })
