/** One statement about a key: judged under the log's lock, entered, and kept beside the log in its order. */
import { type Identity, identityKey, type Instant, type Json, type Problem, taggedDigest } from '@exeat/core'
import type { EnrolmentEntry, EnrolmentLedger } from '@exeat/core/enrolment'
import { type EnrolEnvelope } from '@exeat/core/envelope'
import { ExeatError } from '@exeat/core/error'
import type { Governed } from '../../ports/governance.ts'
import type { Applied, Transaction } from '../../ports/log.ts'
import { sha256 } from '../../store/ed25519.ts'
import { governs, moved, operationFor } from '../act.ts'
import type { UseDependencies } from '../context.ts'
import { newNonce } from '../enter.ts'
import type { Moment } from '../load.ts'
import { known } from '../people.ts'
import { demand } from '../problem.ts'
import { checkTapped, type Shown, tapOf, verifyTap } from '../shown.ts'
import { recordKinds, type StoredEnrolment, toBytes } from '../stored.ts'
import { synchronise } from '../synchronise.ts'
import type { Actor, IdempotencyKey } from '../types.ts'
import { writeEvents } from '../write.ts'
import { keysAt, ledgerFrom, storedEnrolments } from './keys.ts'

export type Said = EnrolmentEntry extends infer E ? E extends EnrolmentEntry ? Pick<E, 'type' | 'data'> : never : never

export interface KeyJudging {
  readonly moment: Moment
  readonly governed: Governed
  readonly keys: EnrolmentLedger
  readonly by: Identity
  readonly groups: readonly string[]
  readonly shown: Shown
}

export interface KeyAct {
  readonly name: string
  readonly content: Json
  readonly tap: 'needed' | 'taken' | 'none'
  /** What is entered. Throws what it refuses. */
  readonly judge: (judging: KeyJudging) => Said
  /** Whether the entry, once it stands, does what it was made for: one that changes nothing is not entered. */
  readonly takesEffect: (before: EnrolmentLedger, after: EnrolmentLedger) => Problem | undefined
}

const attempts = 5

/**
 * Answers the index of the entry.
 * @throws {ExeatError} with the refusal of the judge, the second factor, the governance or the store
 */
export async function enterKeyAct(deps: UseDependencies, actor: Actor, key: IdempotencyKey, act: KeyAct): Promise<number> {
  const operation = operationFor({ act: act.name, actor, key, content: act.content })
  const earlier = await deps.log.operationOf(operation.key)
  const tap = earlier === undefined ? await tapOf(actor, act.tap) : undefined
  for (let i = 0; i < attempts; i++) {
    const { governed } = await synchronise(deps)
    const { document: workspace } = governed.governance.workspace
    const groups = (await known(deps.directory, workspace, [actor.identity])).groupsOf(actor.identity)
    const answer = await deps.log.append({
      ...operation,
      apply: async (tx) => {
        if (!await governs(tx, governed)) return { ok: false, problem: moved }
        const shown = await verifyTap(tx, workspace, actor, tap)
        const keys = await keysAt(tx, workspace)
        const said = act.judge({ moment: tx, governed, keys, by: actor.identity, groups, shown })
        return enterKey(tx, deps, actor.identity, governed, keys, said, act)
      },
    })
    if (answer.ok) return answer.value.index
    if (answer.problem.code !== 'GOVERNANCE_MOVED') throw new ExeatError([answer.problem])
  }
  throw new ExeatError([moved])
}

async function enterKey(tx: Transaction, deps: UseDependencies, by: Identity, governed: Governed, before: EnrolmentLedger, said: Said, act: Pick<KeyAct, 'takesEffect'>): Promise<Applied> {
  const entry = { ...said, index: tx.index, at: tx.at as Instant } as EnrolmentEntry
  const stored = await storedEnrolments(tx)
  const after = ledgerFrom([...stored.map((each) => each.entry), entry], governed.governance.workspace.document)
  const problem = act.takesEffect(before, after)
  if (problem !== undefined) return { ok: false, problem }
  const { entries, bodies: [body = ''] } = await writeEvents(tx, deps, by, [{ ...said, subject: null }])
  const value: StoredEnrolment = { entry, body }
  demand(await tx.put(recordKinds.enrolment, String(entry.index).padStart(12, '0'), toBytes(value), 0))
  return { ok: true, entries }
}

/** The envelope of a statement about a credential: what was tapped, held against what it must be, or one of this moment that nothing signs. */
export function envelopeAbout(deps: UseDependencies, about: string, { governed, by, shown, moment }: Pick<KeyJudging, 'governed' | 'by' | 'shown' | 'moment'>): EnrolEnvelope {
  const at = moment.at as Instant
  const made = newEnvelope(deps, about, governed, by, at)
  if (shown.tap === undefined) return made
  checkTapped(shown.tap.envelope, made, at)
  return { ...made, nonce: shown.tap.envelope.nonce, at: shown.tap.envelope.at }
}

export const newEnvelope = (deps: UseDependencies, about: string, { governance }: Governed, actor: Identity, at: Instant): EnrolEnvelope =>
  ({ schema: 'exeat/act/v1', purpose: 'enrol', workspace: governance.workspace.document.spec.id, about, actor, nonce: newNonce(deps), at })

/** Names an operation of the server itself, by what it is about. */
export const serverOperation = (act: string, content: Json) =>
  ({ key: `${act}/${taggedDigest('exeat/operation/v1', { act, content }, sha256)}`, digest: new Uint8Array(Buffer.from(taggedDigest('exeat/operation/v1', { act, content, by: identityKey({ iss: 'exeat:server', sub: act }) }, sha256), 'hex')) })

export { enterKey }
