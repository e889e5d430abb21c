/** The bundle that a point decides by: verified, no older than half of its life where the server answers, and never honoured beyond its end. */
import { compileWithEngines, type Decider, decider, type Instant, type PolicySet, type Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { isProtected } from '@exeat/core/run'
import { openTree } from '@exeat/log'
import { type BundleContext, type SeenHead, type VerifiedBundle, verifyBundle, type VerifyDeps } from '@exeat/verify'
import { type ApiClient, isAway } from '../api/index.ts'
import { httpLog } from '../log/source.ts'
import type { PointOptions } from './types.ts'

export interface Held {
  readonly bundle: VerifiedBundle
  readonly policySet: PolicySet
  readonly decide: Decider
  /** In a protected environment, or in one that nobody names. */
  readonly closed: boolean
}

/** Between two attempts to fetch, in milliseconds: a server that is away is not asked by every request. */
const pause = 1000

export interface HeldOptions extends Pick<PointOptions, 'server' | 'pins' | 'facts'> {
  readonly client: Pick<ApiClient, 'bundle'>
  readonly deps: VerifyDeps
  readonly random: () => Uint8Array
  readonly now: () => number
  readonly report: (problem: Problem) => void
}

/** Answers a bundle that holds at this instant. @throws {ExeatError} where there is none: nothing is excused */
export function heldBundle(options: HeldOptions): () => Promise<Held> {
  const { now, report } = options
  let held: Held | undefined
  let last: SeenHead | undefined
  let running: Promise<Held> | undefined
  let failed: { readonly at: number; readonly error: unknown } | undefined

  async function fetched(): Promise<Held> {
    try {
      const next = await obtain(options, last)
      last = next.seen
      failed = undefined
      return held = next.held
    } catch (error) {
      failed = { at: now(), error }
      throw error
    } finally {
      running = undefined
    }
  }

  return async () => {
    const at = now()
    if (held !== undefined && isFresh(held, at)) return held
    try {
      if (failed !== undefined && running === undefined && at >= failed.at && at - failed.at < pause) throw failed.error
      return await (running ??= fetched())
    } catch (error) {
      // The last good one stands in until its own end, but never in a protected environment, and for no refusal.
      if (held === undefined || held.closed || !isAway(error) || !isHonoured(held, now())) throw error
      report({ code: 'POINT_BUNDLE_KEPT', message: `no new bundle could be had, and the last one stands in until its end: ${error instanceof Error ? error.message : String(error)}` })
      return held
    }
  }
}

const isHonoured = ({ bundle: { issuedAt, notAfter } }: Held, now: number): boolean => issuedAt - 60_000 <= now && now < notAfter
const isFresh = (held: Held, now: number): boolean => isHonoured(held, now) && now < held.bundle.issuedAt + (held.bundle.notAfter - held.bundle.issuedAt) / 2

interface Obtained {
  readonly held: Held
  readonly seen: SeenHead | undefined
}

/**
 * As protected until the bundle says which environments are, as only its workspace can: a bundle that was asked for so is honoured anywhere.
 */
async function obtain(options: HeldOptions, last: SeenHead | undefined): Promise<Obtained> {
  const { client, pins, facts, deps, random, now, report } = options
  const nonce = Array.from(random(), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const audience = facts.repository.value.id
  const bytes = await client.bundle({ audience, protected: 'true', nonce })
  const context: BundleContext = { now: now() as Instant, audience, protectedEnvironment: true, nonce, ...(last === undefined ? {} : { last }) }
  const bundle = honoured(bytes, pins, context, deps)
  const closed = isProtected(bundle.workspace.document, facts)
  const unproven = await proveSuccession(bytes, bundle, context, options)
  if (unproven !== undefined) {
    if (closed) throw new ExeatError([unproven])
    report(unproven)
  }
  const policySet = await compiled(bundle)
  return { held: { bundle, policySet, decide: decider(policySet, bundle.optOuts), closed }, seen: unproven === undefined ? bundle.seen : last }
}

/** @throws {ExeatError} BUNDLE_*, PINS_INVALID */
function honoured(bytes: Uint8Array, pins: PointOptions['pins'], context: BundleContext, deps: VerifyDeps): VerifiedBundle {
  const answer = verifyBundle(bytes, pins, context, deps)
  if (!answer.ok) throw new ExeatError([answer.problem])
  return answer.value
}

/**
 * Where the log has grown since the head seen last, its tiles must prove that it extends that head; answers what is wrong where they show nothing.
 * @throws {ExeatError} BUNDLE_SPLIT_VIEW
 */
async function proveSuccession(bytes: Uint8Array, { seen }: VerifiedBundle, context: BundleContext, { server, pins, deps }: HeldOptions): Promise<Problem | undefined> {
  const { last } = context
  if (last === undefined || last.size === 0 || last.size === seen.size) return undefined
  const unproven = (why: string): Problem => ({ code: 'POINT_LOG_UNPROVEN', message: `the log has ${seen.size} entries and does not show that it extends the ${last.size} seen before: ${why}`, hint: 'check it: exeat log verify' })
  try {
    const { base, transport, timeout = 10_000 } = server
    const tree = await openTree(deps.sha256, httpLog(`${base.replace(/\/+$/, '')}/log`, transport, { timeout }), { size: seen.size, root: seen.root })
    if (!tree.ok) return unproven(tree.problem.message)
    const proof = await tree.value.consistencyProof(last.size)
    if (!proof.ok) return unproven(proof.problem.message)
    honoured(bytes, pins, { ...context, last: { ...last, proof: proof.value } }, deps)
    return undefined
  } catch (error) {
    if (error instanceof ExeatError && error.problems[0].code.startsWith('BUNDLE_')) throw error
    return unproven(error instanceof Error ? error.message : String(error))
  }
}

/** @throws {ExeatError} with every problem of the policies: one that cannot be asked refuses all */
async function compiled(bundle: VerifiedBundle): Promise<PolicySet> {
  const answer = await compileWithEngines(bundle)
  if (!answer.ok) throw new ExeatError(answer.problems)
  return answer.set
}
