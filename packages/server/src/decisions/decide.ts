/** Decides a run as a gate does: by the bundle that any point is given, verified as any point verifies it, and by the policies of the very commit that it is of. */
import { type ActiveOptOut, decide, type Decision, type Instant, judgeReports, type OptOutSet, type RefusedOptOut } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { concernedBy, concerning, countUses, isProtected, notActive, strangers, summarise, type UseClaim, useOf } from '@exeat/core/run'
import type { DecisionRequest } from '@exeat/core/wire'
import { evidenceDeps } from '@exeat/git/crypto'
import type { SignerKey } from '@exeat/log'
import { type BundleContext, bundlePins, type VerifiedBundle, verifyBundle } from '@exeat/verify'
import type { Governed, GovernanceSource } from '../ports/governance.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { useError } from '../use/problem.ts'
import type { UseCases } from '../use/types.ts'
import { blockedControls } from './explain.ts'
import { runFacts } from './facts.ts'
import { readSent, type SentReports } from './reports.ts'
import { signDecision } from './sign.ts'
import type { DecideRun, Requester, RunFacts } from './types.ts'

export interface DecisionDependencies {
  readonly useCases: Pick<UseCases, 'bundle' | 'claimUses'>
  readonly governance: GovernanceSource
  /** The key that the delegation in force names for bundles; asked for at each signature, as it may be replaced. */
  readonly bundleKey: () => SignerKey
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function decisionMaker(deps: DecisionDependencies): DecideRun {
  return async (asked, requester) => {
    const sent = readSent(asked)
    const run: Run = { sent, ...await governing(deps, asked, requester) }
    const { governed, facts } = run
    const decisions = await decided(run, requester, deps)
    const blocks = judgeReports(governed.policySet, sent.reports, facts)
    const summary = summarise(decisions, blocks, sent.reports)
    const decision = signDecision({ ...run, requester, decisions, blocks, summary, nonce: asked.nonce ?? null }, deps.bundleKey())
    return { decision, blocked: blockedControls(decisions, run.now) }
  }
}

export interface Run {
  readonly governed: Governed
  readonly bundle: VerifiedBundle
  readonly facts: RunFacts
  readonly sent: SentReports
  /** In a protected environment, or in one that nobody names. */
  readonly closed: boolean
  /** The run's one instant. */
  readonly now: Instant
}

/** How often the protected ref may move between the reading of the policies and the making of the bundle. */
const mostAttempts = 3

async function governing({ useCases, governance, now }: DecisionDependencies, asked: DecisionRequest, requester: Requester): Promise<Omit<Run, 'sent'>> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- each attempt sees what the one before missed
    const governed = await governance.current()
    const workspace = governed.governance.workspace.document
    const facts = runFacts(asked, requester, workspace)
    const closed = isProtected(workspace, facts)
    const context = { now: now() as Instant, audience: facts.repository.value.id, protectedEnvironment: closed }
    // oxlint-disable-next-line no-await-in-loop
    const envelope = await useCases.bundle({ audience: context.audience, protected: closed ? 'true' : 'false' })
    const bundle = verified(Buffer.from(JSON.stringify(envelope)), governed, context)
    if (bundle.commit === governed.commit) return { governed, bundle, facts, closed, now: context.now }
  }
  throw useError('GOVERNANCE_MOVED', `the protected ref moved ${mostAttempts} times while a run was decided`, 'ask again')
}

/** The server believes of its own bundle what a point would believe, and nothing more. @throws {ExeatError} PINS_INVALID, BUNDLE_* */
function verified(bytes: Uint8Array, { governance }: Governed, context: BundleContext): VerifiedBundle {
  const pins = bundlePins(governance.workspace.document, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const answer = verifyBundle(bytes, pins.value, context, { sha256, verify: verifySignature, evidence: evidenceDeps })
  if (!answer.ok) throw new ExeatError([answer.problem])
  return answer.value
}

async function decided({ governed, bundle, facts, sent: { reports }, now }: Run, requester: Requester, { useCases }: DecisionDependencies): Promise<readonly Decision[]> {
  const { policySet } = governed
  const findings = reports.flatMap((report) => report.findings)
  const judge = (optOuts: OptOutSet): readonly Decision[] => decide(policySet, optOuts, findings, facts, now, { sha256 })
  const whole = concernedBy(withStanding(bundle, governed), concerning(findings, policySet))
  if (requester.preview) return judge(whole)
  // The log is at hand, so every use is counted before it excuses, whether the terms ask for that or not.
  const { claiming = (uses, _, claim) => claim(uses) } = requester
  const claim: Claim = (uses) => claiming(uses, governed.governance.workspace.document, (allowed) => useCases.claimUses([...allowed]))
  const { optOuts } = await countUses<UseClaim>(whole, { decide: judge, mustCount: () => true, claim: (asked) => claimed(asked, facts, claim) })
  return judge(optOuts)
}

/** What stands at the protected ref and not in the log excuses nothing; it is told as what almost applied. */
function withStanding({ optOuts }: VerifiedBundle, { governance }: Governed): OptOutSet {
  const origin = governance.workspace.document.spec.log?.origin ?? ''
  const strange = strangers(optOuts, governance.optOuts).map((optOut): RefusedOptOut => ({ ...optOut, because: [notActive(optOut.document.metadata.name, origin)] }))
  return { ...optOuts, refused: [...optOuts.refused, ...strange] }
}

/** As many as one claim of uses may hold. */
const batch = 100

type Claim = (uses: readonly Use[]) => ReturnType<UseCases['claimUses']>
type Use = Parameters<UseCases['claimUses']>[0][number]

/** @throws {ExeatError} where the log cannot be written: then nothing is decided */
async function claimed(optOuts: readonly ActiveOptOut[], facts: RunFacts, claim: Claim): Promise<readonly UseClaim[]> {
  const claims: UseClaim[] = []
  for (let at = 0; at < optOuts.length; at += batch) {
    // oxlint-disable-next-line no-await-in-loop -- a batch after the other
    const { results } = await claim(optOuts.slice(at, at + batch).map(({ uid }) => useOf(uid, facts)))
    claims.push(...results.map(claimOf))
  }
  return claims
}

type Result = Awaited<ReturnType<UseCases['claimUses']>>['results'][number]

const claimOf = ({ uid, outcome, code, message }: Result): UseClaim =>
  (outcome === 'counted' ? { uid, state: 'counted' } : { uid, state: 'refused', spent: true, message: `the server did not count its use: ${message ?? code ?? 'it gave no reason'}` })
