/** One act: judged by the protected ref as it is now, under the log's lock, once for each idempotency key. */
import { type HexDigest, identityKey, type Json, type Problem, taggedDigest } from '@exeat/core'
import { decodeLeaf } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import type { Governed } from '../ports/governance.ts'
import type { Applied, Appended, Operation, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { checkActor, checkKey } from './input.ts'
import { readGoverning } from './load.ts'
import { useProblem } from './problem.ts'
import { synchronise } from './synchronise.ts'
import type { Actor, IdempotencyKey } from './types.ts'

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
}

const attempts = 5

/** Key and digest of the operation: another act, actor or content under the same key is refused by the store. */
export function operationFor({ act, actor, key, content }: Asking): Pick<Operation, 'key' | 'digest'> {
  checkActor(actor)
  checkKey(key)
  const digest: HexDigest = taggedDigest('exeat/operation/v1', { act, actor: identityKey(actor.identity), evidence: actor.evidence, content }, sha256)
  return { key: `act/${key}`, digest: new Uint8Array(Buffer.from(digest, 'hex')) }
}

/**
 * Appends what `judge` makes of the act. Whoever judged by what no longer governs judges again.
 * @throws {ExeatError} with the refusal of the judge, the governance or the store
 */
export async function perform(
  deps: UseDependencies, asking: Asking, judge: (tx: Transaction, governed: Governed) => Promise<Applied>, before?: (governed: Governed) => Promise<void>,
): Promise<Done> {
  const operation = operationFor(asking)
  const earlier = await repeated(deps, asking)
  if (earlier !== undefined) return earlier
  for (let i = 0; i < attempts; i++) {
    const { governed } = await synchronise(deps)
    await before?.(governed)
    const answer = await deps.log.append({ ...operation, apply: async (tx) => (await governs(tx, governed) ? judge(tx, governed) : { ok: false, problem: moved }) })
    if (answer.ok) return doneAt(deps, answer.value)
    if (answer.problem.code !== 'GOVERNANCE_MOVED') throw new ExeatError([answer.problem])
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
async function doneAt({ log }: UseDependencies, { index }: Appended): Promise<Done> {
  const stored = await log.entry(index)
  const uid = stored === undefined ? undefined : decodeLeaf(Buffer.from(stored.entry).toString('utf8'))?.uid
  if (uid === undefined || uid === null) throw new Error(`entry ${index} is not of an act`)
  return { uid, index }
}

const moved: Problem = useProblem('GOVERNANCE_MOVED', 'the protected ref moved while the act was judged', 'repeat it')

async function governs(tx: Transaction, { ref, commit }: Governed): Promise<boolean> {
  const now = await readGoverning(tx)
  return now?.value.commit === commit && now.value.ref === ref
}

/** Refuses with all of the problems, the first of which a repetition is told. */
export function refusedWith(problems: readonly [Problem, ...Problem[]]): never {
  throw new ExeatError(problems)
}

/** Throws where there is anything to refuse. */
export function refuseAny(problems: readonly Problem[]): void {
  const [first, ...rest] = problems
  if (first !== undefined) refusedWith([first, ...rest])
}
