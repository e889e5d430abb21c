/** What a run is decided by: the bundle that any point is given, verified as any point verifies it, and the policies of the very commit that it is of. */
import type { HexDigest, Instant, OptOutSet, RefusedOptOut, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { isProtected, notActive, strangers } from '@exeat/core/run'
import { evidenceDeps } from '@exeat/git/crypto'
import { type BundleContext, bundlePins, type Dsse, type VerifiedBundle, verifyBundle } from '@exeat/verify'
import { saidBy } from '../bundle/index.ts'
import type { Governed } from '../ports/governance.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { useError } from '../use/problem.ts'
import type { UseCases } from '../use/types.ts'
import type { PlacedFacts } from './types.ts'

export interface ViewDependencies {
  readonly useCases: Pick<UseCases, 'bundle' | 'bundleSays'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds that what governs may be old; absent: it is read anew. */
  readonly within?: number
  /** Shared by all that answer of one log; absent: each bundle is made and verified anew. */
  readonly verify?: VerifyOwn
}

/** `says`: what a bundle would say now; `make` is called where none is kept that does. @throws {ExeatError} PINS_INVALID, BUNDLE_* */
export type VerifyOwn = (says: HexDigest, make: () => Promise<Dsse>, governed: Governed, context: BundleContext) => Promise<VerifiedBundle>

export interface BundleView {
  readonly governed: Governed
  readonly bundle: VerifiedBundle
  /** In a protected environment, or in one that nobody names. */
  readonly closed: boolean
  /** The run's one instant. */
  readonly now: Instant
}

export interface View<F extends PlacedFacts = PlacedFacts> extends BundleView {
  readonly facts: F
}

/** How often the protected ref may move between the reading of the policies and the making of the bundle. */
const mostAttempts = 3

/** @throws {ExeatError} GOVERNANCE_MOVED, PINS_INVALID, BUNDLE_*, and whatever `factsIn` throws */
export function viewOf<F extends PlacedFacts>(deps: ViewDependencies, factsIn: (workspace: Workspace) => F): Promise<View<F>> {
  return bundleView(deps, (workspace) => {
    const facts = factsIn(workspace)
    return { facts, audience: facts.repository.value.id, closed: isProtected(workspace, facts) }
  })
}

/** For whoever `readerIn` says. @throws {ExeatError} GOVERNANCE_MOVED, PINS_INVALID, BUNDLE_*, and whatever `readerIn` throws */
export async function bundleView<R extends { readonly audience: string; readonly closed: boolean }>({ useCases, now, within = 0, verify = anew }: ViewDependencies, readerIn: (workspace: Workspace) => R): Promise<BundleView & R> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- each attempt sees what the one before missed
    const { governed, says } = await useCases.bundleSays(attempt === 0 ? within : 0)
    const workspace = governed.governance.workspace.document
    const reader = readerIn(workspace)
    const { audience, closed } = reader
    const context = { now: now() as Instant, audience, protectedEnvironment: closed }
    // oxlint-disable-next-line no-await-in-loop
    const bundle = await verify(says, () => useCases.bundle({ audience, protected: closed ? 'true' : 'false' }), governed, context)
    if (bundle.commit === governed.commit) return { ...reader, governed, bundle, now: context.now }
  }
  throw useError('GOVERNANCE_MOVED', `the protected ref moved ${mostAttempts} times while a run was decided`, 'ask again')
}

/** The server believes of its own bundle what a point would believe, and nothing more. @throws {ExeatError} PINS_INVALID, BUNDLE_* */
function verified(envelope: Dsse, { governance }: Governed, context: BundleContext): VerifiedBundle {
  const pins = bundlePins(governance.workspace.document, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const answer = verifyBundle(Buffer.from(JSON.stringify(envelope)), pins.value, context, { sha256, verify: verifySignature, evidence: evidenceDeps })
  if (!answer.ok) throw new ExeatError([answer.problem])
  return answer.value
}

const anew: VerifyOwn = async (_, make, governed, context) => verified(await make(), governed, context)

/** Verified bundles that are kept, one for each audience. */
const mostKept = 64

/**
 * Making and verifying cost most of an answer, so a bundle that was verified serves again, as it does at a point: for half of its own life, by the same commit, and only
 * while the server would say the very same. What ended in between is for `decide`, which looks at the clock itself.
 */
export function rememberingVerifier(): VerifyOwn {
  const kept = new Map<string, { readonly says: string; readonly bundle: VerifiedBundle }>()
  return async (says, make, governed, context) => {
    const key = JSON.stringify([governed.commit, context.audience, context.protectedEnvironment])
    const last = kept.get(key)
    if (last?.says === says && isYoung(last.bundle, context.now)) return last.bundle
    const envelope = await make()
    const bundle = verified(envelope, governed, context)
    kept.delete(key)
    // It may say more than was asked for: an act came in between.
    kept.set(key, { says: saidBy(envelope), bundle })
    for (const oldest of kept.keys()) if (kept.size > mostKept) kept.delete(oldest)
    return bundle
  }
}

const isYoung = ({ issuedAt, notAfter }: VerifiedBundle, now: Instant): boolean => issuedAt <= now && now < issuedAt + (notAfter - issuedAt) / 2

/** What stands at the protected ref and not in the log excuses nothing; it is told as what almost applied. */
export function withStanding({ bundle: { optOuts }, governed: { governance } }: View): OptOutSet {
  const origin = governance.workspace.document.spec.log?.origin ?? ''
  const strange = strangers(optOuts, governance.optOuts).map((optOut): RefusedOptOut => ({ ...optOut, because: [notActive(optOut.document.metadata.name, origin)] }))
  return { ...optOuts, refused: [...optOuts.refused, ...strange] }
}
