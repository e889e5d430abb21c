/** Decides a run as a gate does: by the bundle that any point is given, verified as any point verifies it, and by the policies of the very commit that it is of. */
import { type ActiveOptOut, decide, type Decision, judgeReports, type OptOutSet } from '@exeat/core'
import { blockedControls, concernedBy, concerning, countUses, summarise, type UseClaim, useOf } from '@exeat/core/run'
import type { SignerKey } from '@exeat/log'
import { sha256 } from '../store/ed25519.ts'
import type { UseCases } from '../use/types.ts'
import { runFacts } from './facts.ts'
import { readSent, type SentReports } from './reports.ts'
import { signDecision } from './sign.ts'
import type { DecideRun, Requester, RunFacts } from './types.ts'
import { type View, type ViewDependencies, viewOf, withStanding } from './view.ts'

export interface DecisionDependencies extends ViewDependencies {
  readonly useCases: Pick<UseCases, 'bundle' | 'bundleSays' | 'claimUses'>
  /** The key that the delegation in force names for bundles; asked for at each signature, as it may be replaced. */
  readonly bundleKey: () => SignerKey
}

export function decisionMaker(deps: DecisionDependencies): DecideRun {
  return async (asked, requester) => {
    const sent = readSent(asked)
    const run: Run = { sent, ...await viewOf(deps, (workspace) => runFacts(asked, requester, workspace)) }
    const { governed, facts } = run
    const decisions = await decided(run, requester, deps)
    const blocks = judgeReports(governed.policySet, sent.reports, facts)
    const summary = summarise(decisions, blocks, sent.reports)
    const decision = signDecision({ ...run, requester, decisions, blocks, summary, nonce: asked.nonce ?? null }, deps.bundleKey())
    return { decision, blocked: blockedControls(decisions, run.now) }
  }
}

export interface Run extends View<RunFacts> {
  readonly sent: SentReports
}

async function decided({ sent: { reports }, ...view }: Run, requester: Requester, { useCases }: DecisionDependencies): Promise<readonly Decision[]> {
  const { governed, facts, now } = view
  const { policySet } = governed
  const findings = reports.flatMap((report) => report.findings)
  const judge = (optOuts: OptOutSet): readonly Decision[] => decide(policySet, optOuts, findings, facts, now, { sha256 })
  const whole = concernedBy(withStanding(view), concerning(findings, policySet))
  if (requester.preview) return judge(whole)
  // The log is at hand, so every use is counted before it excuses, whether the terms ask for that or not.
  const { claiming = (uses, _, claim) => claim(uses) } = requester
  const claim: Claim = (uses) => claiming(uses, governed.governance.workspace.document, (allowed) => useCases.claimUses([...allowed]))
  const { optOuts } = await countUses<UseClaim>(whole, { decide: judge, mustCount: () => true, claim: (asked) => claimed(asked, facts, claim) })
  return judge(optOuts)
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
