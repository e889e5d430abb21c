/** Rejecting, withdrawing, revoking: acts that only take away, which go on where the clock is behind, and where the protected ref cannot be read. */
import { type ActFacts, type Identity, type Instant, type OptOutRecord, transition, type Verdict, type Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { reasonSchema } from '@exeat/core/wire'
import { type StoreCode, storeCodes } from '../codes.ts'
import type { Applied, StateReader, Transaction } from '../ports/log.ts'
import { type Asking, doneAt, type Done, operationFor, repeated } from './act.ts'
import type { UseDependencies } from './context.ts'
import { enter, particularsOf } from './enter.ts'
import { shaped } from './input.ts'
import { groupsIn } from './judge.ts'
import { ledgerOf, optOutOf, recordedWorkspace, type Versioned } from './load.ts'
import type { PendingRevocations } from './pending.ts'
import { useProblem } from './problem.ts'
import type { StoredOptOut } from './stored.ts'
import { synchronise } from './synchronise.ts'
import type { Actor, IdempotencyKey } from './types.ts'

export type Ending = 'reject' | 'withdraw' | 'revoke'

export async function end(deps: UseDependencies, pending: PendingRevocations, kind: Ending, actor: Actor, id: string, reason: string, key: IdempotencyKey): Promise<Done> {
  shaped(reasonSchema, { reason })
  const { uid } = (await optOutOf(deps.log, id)).value.record
  const ending: EndingAct = { kind, uid, reason, asking: { act: kind, actor, key, content: { uid, reason } } }
  const before = await repeated(deps, ending.asking)
  if (before !== undefined) return before
  const beside = await lookBeside(deps, actor)
  const answer = await append(deps, ending, beside)
  if (answer.ok) return doneAt(deps, answer.value)
  if (kind !== 'revoke' || !isUnwritable(answer.problem.code)) throw new ExeatError([answer.problem])
  const verdict = await revokeHere(deps, pending, ending, beside)
  // Over already: perhaps by this very act, whose answer was lost.
  if (!verdict.ok) throw new ExeatError([verdict.refusal.code === 'WRONG_PHASE' ? answer.problem : verdict.refusal])
  throw new ExeatError([useProblem('REVOCATION_QUEUED', `\`${id}\` is revoked on this server, and the log could not record it: ${answer.problem.message}`,
    'it is tried again; repeat it with the same key until it is answered')])
}

interface EndingAct {
  readonly kind: Ending
  readonly uid: string
  readonly reason: string
  readonly asking: Asking
}

/** What was read beside the log. */
interface Beside {
  /** Undefined, so that what the log has recorded of it counts, where it cannot be read or recorded: a repository that does not answer must not keep an excuse alive. */
  readonly workspace: Workspace | undefined
  /** The actor's, as an identity provider gives them. */
  readonly groups: readonly string[]
}

async function lookBeside(deps: UseDependencies, { identity }: Actor): Promise<Beside> {
  const workspace = await synchronise(deps).then(({ governed }) => governed.governance.workspace.document, () => undefined)
  return { workspace, groups: await deps.directory.groupsOf(identity).catch(() => []) }
}

function append(deps: UseDependencies, ending: EndingAct, beside: Beside): ReturnType<UseDependencies['log']['append']> {
  return deps.log.append({ ...operationFor(ending.asking), restricts: true, apply: (tx) => judge(tx, deps, ending, beside) })
}

async function judge(tx: Transaction, deps: UseDependencies, ending: EndingAct, beside: Beside): Promise<Applied> {
  const before = await optOutOf(tx, ending.uid)
  const workspace = beside.workspace ?? await governing(tx)
  const verdict = verdictOn(before, ending, { ...beside, workspace }, tx.at as Instant)
  const { identity, evidence } = ending.asking.actor
  const shown = { evidence, strength: evidence.strength }
  return enter(tx, deps, { verdict, by: identity, shown, workspace: workspace.spec.id, before, particulars: particularsOf(before.value) })
}

/** Nothing was ever asked for before something governed. */
async function governing(reader: StateReader): Promise<Workspace> {
  const workspace = await recordedWorkspace(reader)
  if (workspace === undefined) throw new Error('the log has no workspace recorded')
  return workspace
}

type Governing = Beside & { readonly workspace: Workspace }

function verdictOn({ value }: Versioned<StoredOptOut>, { kind, uid, reason, asking: { actor } }: EndingAct, governing: Governing, at: Instant) {
  return transition(ledgerOf([value.record]), { kind, uid, reason }, factsOf(value.record, actor, governing), at)
}

function factsOf({ binding, terms }: OptOutRecord, { identity, evidence }: Actor, { workspace, groups }: Governing): ActFacts {
  const groupsOf = (person: Identity): readonly string[] => groupsIn(workspace, person)
  return { actor: identity, groups: [...new Set([...groupsOf(identity), ...groups])].sort(), evidence: evidence.strength, binding, terms, groupsOf }
}

/** The store cannot write, whatever the act; a log that is closed is shutting down, and takes nothing more. */
const isUnwritable = (code: string): code is StoreCode => Object.hasOwn(storeCodes, code) && /^(?:STORE|HEAD)_/.test(code) && code !== 'STORE_CLOSED'

/** Judged by what can still be read; entered with the same people and groups as soon as the log can be written. */
async function revokeHere(deps: UseDependencies, pending: PendingRevocations, ending: EndingAct, beside: Beside): Promise<Verdict> {
  const reader: StateReader = deps.log
  const before = await optOutOf(reader, ending.uid)
  const workspace = beside.workspace ?? await governing(reader)
  const now = deps.now() as Instant
  const verdict = verdictOn(before, ending, { ...beside, workspace }, now)
  if (verdict.ok) {
    pending.add(ending.uid, now, async () => {
      const answer = await append(deps, ending, { ...beside, workspace })
      // Any refusal but that it is over, as of a key that was used for something else, leaves it revoked here.
      return answer.ok || (!isUnwritable(answer.problem.code) && (await optOutOf(reader, ending.uid)).value.record.ended !== undefined)
    })
  }
  return verdict
}
