/** One act: judged by the protected ref as it is now, once for the challenge of a second factor, and again under the log's lock, once for each idempotency key. */
import {
  applied, type HexDigest, type Identity, identityKey, type Instant, type Json, type LifecycleEvent, type OptOutRecord, type Problem, taggedDigest, type Verdict,
} from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { Governed } from '../ports/governance.ts'
import type { Applied, Appended, Operation, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { entryAt } from './entry-at.ts'
import { alarmFor } from './alarm.ts'
import { enter, type Entering, envelopeOf, newNonce, type Particulars } from './enter.ts'
import { checkKey } from './input.ts'
import { forget, type Moment, type Over, readGoverning, type Versioned } from './load.ts'
import { known, type Known } from './people.ts'
import { useProblem } from './problem.ts'
import { checkActor, type Shown, tapOf, verifyTap } from './shown.ts'
import { type StoredOptOut } from './stored.ts'
import { synchronise } from './synchronise.ts'
import type { Actor, IdempotencyKey, Mfa, Prepared } from './types.ts'

/** Who asks for what, as the caller sent it: what an idempotency key stands for. */
export interface Asking {
  readonly act: string
  readonly actor: Actor
  readonly key: IdempotencyKey
  readonly content: Json
}

export interface Done {
  readonly uid: HexDigest
  /** Of the act's first entry. */
  readonly index: number
  /** What the act rests on, as it was recorded. */
  readonly strength: string
}

/** What an act is judged by, at whatever moment. */
export interface Judging {
  readonly moment: Moment
  readonly governed: Governed
  readonly people: Known
  readonly by: Identity
  readonly shown: Shown
}

/** What the judge makes of an act. */
export interface Outcome {
  readonly verdict: Verdict
  /** Undefined for an opt-out that is asked for. */
  readonly before: Versioned<StoredOptOut> | undefined
  readonly particulars: Particulars
  /** What the terms ask of the second factor. */
  readonly mfa: Mfa
  readonly over?: Over
  /** Of an emergency: the sinks of the workspace that its terms name. */
  readonly alerts?: readonly string[]
  /** What the workspace's incident system answered, where it has one. */
  readonly incident?: Entering['incident']
  /** What shows an emergency that was granted offline, in place of what whoever enters it showed. */
  readonly offline?: Entering['offline']
  /** Beside a refusal, where the judge knows better than the lifecycle what helps. */
  readonly hint?: string
  /** What is kept beside the entries. */
  readonly keep?: (tx: Transaction) => Promise<void>
}

/** An act, before it is known when it is judged, and for whom. */
export interface Act {
  /** Whether it takes a second factor of whoever signed in: a request may turn out to be a renewal. */
  readonly tap: 'needed' | 'taken'
  /** Reads beside the log what the judge will need. Asked anew whenever something else governs. */
  readonly look: (governed: Governed) => Promise<void>
  /** Whose groups the judge will ask for, as far as that is known before. */
  readonly people: readonly Identity[]
  readonly judge: (judging: Judging) => Promise<Outcome>
}

const attempts = 5

/** Key and digest of the operation: another act, actor or content under the same key is refused by the store. What was tapped, and when somebody signed in, makes no other. */
export function operationFor({ act, actor, key, content }: Asking): Pick<Operation, 'key' | 'digest'> {
  checkActor(actor)
  checkKey(key)
  const { evidence } = actor
  const shown = evidence.strength === 'operator-asserted' ? evidence : { strength: evidence.strength }
  const digest: HexDigest = taggedDigest('exeat/operation/v1', { act, actor: identityKey(actor.identity), evidence: shown, content }, sha256)
  return { key: `act/${key}`, digest: new Uint8Array(Buffer.from(digest, 'hex')) }
}

/**
 * Appends what the judge makes of the act. Whoever judged by what no longer governs judges again.
 * @throws {ExeatError} with the refusal of the judge, the governance, the second factor or the store
 */
export async function perform(deps: UseDependencies, asking: Asking, act: Act): Promise<Done> {
  const operation = operationFor(asking)
  const earlier = await repeated(deps, asking)
  if (earlier !== undefined) return earlier
  const { actor } = asking
  const tap = await tapOf(actor, act.tap)
  return judgedAnew(deps, actor, act, async (governed, people) => {
    const answer = await deps.log.append({
      ...operation,
      apply: async (tx) => {
        if (!await governs(tx, governed)) return { ok: false, problem: moved }
        const shown = await verifyTap(tx, governed.governance.workspace.document, actor, tap)
        return entered(tx, deps, { moment: tx, governed, people, by: actor.identity, shown }, act)
      },
    })
    if (!answer.ok) return { ok: false, problem: answer.problem }
    return { ok: true, value: await doneAt(deps, answer.value) }
  })
}

async function entered(tx: Transaction, deps: UseDependencies, judging: Judging, act: Act): Promise<Applied> {
  const { governed, by, shown } = judging
  const outcome = await judged(judging, act)
  if (outcome === undefined) return { ok: false, problem: moved }
  await forget(tx, outcome.over ?? [])
  const { verdict, before, particulars, alerts, incident, hint, offline } = outcome
  const alarm = alerts === undefined ? undefined : alarmFor(governed, alerts)
  const done = await enter(tx, deps, { verdict, by, shown, workspace: workspaceOf(governed), before, particulars, alarm, incident, offline })
  if (done.ok) await outcome.keep?.(tx)
  return done.ok || hint === undefined ? done : { ...done, problem: { ...done.problem, hint } }
}

/** Undefined where somebody's groups were asked for and not known: by too little nothing is decided, neither way. */
async function judged(judging: Judging, act: Act): Promise<Outcome | undefined> {
  const { missing } = judging.people
  try {
    const outcome = await act.judge(judging)
    return missing.length > 0 ? undefined : outcome
  } catch (error) {
    if (missing.length > 0) return undefined
    throw error
  }
}

/**
 * What the act would be recorded under now, for a second factor to sign.
 * @throws {ExeatError} what the act would be refused with
 */
export async function prepared(deps: UseDependencies, actor: Actor, act: Act): Promise<Prepared> {
  checkActor(actor)
  return judgedAnew(deps, actor, act, (governed, people) => deps.log.snapshot(async (reader) => {
    const { at: newest } = await reader.head()
    const at = Math.max(deps.now(), newest)
    const shown: Shown = { evidence: actor.evidence, ...best, second: { identity: 'whoever', ...best } }
    const outcome = await judged({ moment: { record: reader.record, records: reader.records, body: reader.body, at }, governed, people, by: actor.identity, shown }, act)
    if (outcome === undefined) return { ok: false, problem: moved }
    const { verdict, before, particulars, mfa, hint } = outcome
    if (!verdict.ok) throw new ExeatError([hint === undefined ? verdict.refusal : { ...verdict.refusal, hint }])
    const stored = before?.value
    for (const event of verdict.events) {
      const record = recordAfter(stored?.record, event)
      const subject = { by: actor.identity, workspace: workspaceOf(governed), particulars }
      const envelope = record === undefined ? undefined : envelopeOf(event, record, stored?.envelopes ?? [], subject, { nonce: newNonce(deps), at: at as Instant })
      if (envelope !== undefined) return { ok: true, value: { envelope, mfa } }
    }
    throw new Error('an act would be entered without an envelope')
  }))
}

/** Until there is a second factor it is taken for the best that there could be: what it is, is judged when it is shown. */
const best: Pick<Shown, 'strength' | 'factor'> = { strength: 'user-signed', factor: { attested: true, backupEligible: false, age: 0 as never } }

const recordAfter = (before: OptOutRecord | undefined, event: LifecycleEvent): OptOutRecord | undefined => (event.type === 'use.claimed' ? before : applied(before, event))
const workspaceOf = ({ governance }: Governed): string => governance.workspace.document.spec.id

type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem<string> }

/** Judges until nothing moved meanwhile: neither what governs, nor whom the act turned out to be about. */
async function judgedAnew<T>(deps: UseDependencies, actor: Actor, act: Act, judge: (governed: Governed, people: Known) => Promise<Tried<T>>): Promise<T> {
  const about: Identity[] = [actor.identity, ...act.people]
  for (let i = 0; i < attempts; i++) {
    const { governed } = await synchronise(deps)
    await act.look(governed)
    const people = await known(deps.directory, governed.governance.workspace.document, about)
    const tried = await judge(governed, people)
    if (tried.ok) return tried.value
    if (tried.problem.code !== 'GOVERNANCE_MOVED') throw new ExeatError([tried.problem])
    about.push(...people.missing)
  }
  throw new ExeatError([moved])
}

/**
 * What an act came to that stands under its key already, whatever governs now; undefined where none does.
 * @throws {ExeatError} APPEND_KEY_REUSED, and the refusal that was recorded
 */
export async function repeated(deps: UseDependencies, asking: Asking): Promise<Done | undefined> {
  const operation = operationFor(asking)
  if (await deps.log.operationOf(operation.key) === undefined) return undefined
  // The store answers, and not what was just read: only it knows whether the head outside covers the entry yet.
  const answer = await deps.log.append({ ...operation, restricts: true, apply: () => { throw new Error('an operation that stands was applied again') } })
  if (!answer.ok) throw new ExeatError([answer.problem])
  return doneAt(deps, answer.value)
}

/** The entries of an act are about one opt-out. */
export async function doneAt({ log }: UseDependencies, { index }: Pick<Appended, 'index'>): Promise<Done> {
  const { leaf, decoded } = await entryAt(log, index) ?? {}
  const uid = leaf?.uid ?? null
  if (uid === null) throw new Error(`entry ${index} is not of an act`)
  const data = decoded?.ok === true ? decoded.event.data : {}
  return { uid, index, strength: 'evidence' in data ? (data.evidence as { readonly strength: string }).strength : 'none' }
}

export const moved: Problem = useProblem('GOVERNANCE_MOVED', 'the protected ref moved while the act was judged', 'repeat it')

export async function governs(tx: Transaction, { ref, commit }: Governed): Promise<boolean> {
  const now = await readGoverning(tx)
  return now?.value.commit === commit && now.value.ref === ref
}

/** Throws where there is anything to refuse. */
export function refuseAny(problems: readonly Problem[]): void {
  const [first, ...rest] = problems
  if (first !== undefined) throw new ExeatError([first, ...rest])
}
