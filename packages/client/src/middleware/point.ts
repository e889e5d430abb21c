/** An enforcement point in an API: decides a denial locally, by a bundle that was verified, and fails closed. */
import { type ActiveOptOut, decide, type Decision, type Instant, type OptOutSet, type Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { concernedBy, concerning, countUses, type RunUse, type UseClaim } from '@exeat/core/run'
import type { VerifyDeps } from '@exeat/verify'
import { apiClient } from '../api/index.ts'
import { type Held, heldBundle } from './held-bundle.ts'
import { blockedProblem, unknownProblem } from './problem.ts'
import type { Denial, Point, PointOptions, Verdict } from './types.ts'
import { type Uses, usesOf } from './uses.ts'

/** Every runtime has it and `lib: ES2024` does not. */
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }

/** Findings of one denial. */
const mostFindings = 1000

interface Deciding extends Required<Pick<PointOptions, 'facts' | 'point' | 'now'>> {
  readonly current: () => Promise<Held>
  readonly uses: Uses
  readonly sha256: VerifyDeps['sha256']
}

export function excusePoint(options: PointOptions): Point {
  const { server, pins, crypto: evidence, facts, now = () => Date.now(), random = () => crypto.getRandomValues(new Uint8Array(16)), report = () => undefined } = options
  const client = apiClient(server)
  const deps: VerifyDeps = { sha256: evidence.sha256, verify: (point, message, signature) => evidence.verify('ed25519', { kind: 'ed25519', point }, message, signature), evidence }
  const uses = usesOf(client, report)
  const deciding: Deciding = {
    facts, now, uses, sha256: evidence.sha256, current: heldBundle({ client, server, pins, facts, deps, random, now, report }),
    point: options.point ?? `api/${facts.repository.value.id}/${facts.environment?.value ?? '-'}`,
  }
  return {
    decide: async (denial) => {
      try {
        return await decided(denial, deciding)
      } catch (error) {
        for (const problem of problemsOf(error)) report(problem)
        return { allowed: false, problem: unknownProblem(), decisions: [] }
      }
    },
    flush: uses.flush,
  }
}

const problemsOf = (error: unknown): readonly Problem[] =>
  error instanceof ExeatError ? error.problems : [{ code: 'EXCUSE_UNKNOWN', message: `the middleware failed: ${error instanceof Error ? error.message : String(error)}` }]

async function decided(denial: Denial, { facts, point, now, current, uses, sha256 }: Deciding): Promise<Verdict> {
  const { findings, subject } = checked(denial)
  const held = await current()
  const { policySet, bundle, closed } = held
  const whole = concernedBy(bundle.optOuts, concerning(findings, policySet))
  const judgeAt = (at: Instant) => (set: OptOutSet): readonly Decision[] => (set === whole ? held.decide(findings, facts, at, { sha256 }) : decide(policySet, set, findings, facts, at, { sha256 }))
  const first = now() as Instant
  const before = judgeAt(first)(whole)
  // Where it blocks whatever is counted, nothing is used.
  if (!allowing(before, findings.length)) return refused(before, first)
  const claim = (optOuts: readonly ActiveOptOut[]): Promise<readonly UseClaim[]> => uses.claim(optOuts.map(useOf))
  const useOf = ({ uid }: ActiveOptOut): RunUse => ({ uid, point, subject })
  const { optOuts, claims, others } = await countUses<UseClaim>(whole, { decide: judgeAt(first), mustCount: ({ met }) => closed || met.log?.uses !== undefined, claim })
  // INVARIANT: a claim takes time, and time always wins: what let the request in is judged at the end, by a bundle that still holds (test/middleware/point.test.ts).
  const last = now() as Instant
  const decisions = judgeAt(last)(optOuts)
  if (!(last >= first && last < bundle.notAfter)) throw new ExeatError([{ code: 'BUNDLE_STALE', message: 'the bundle ended while a use was counted' }])
  if (!allowing(decisions, findings.length)) return refused(decisions, last)
  uses.tell(others.map(useOf))
  const counted = claims.filter(({ state }) => state === 'counted')
  return { allowed: true, decisions, now: last, uses: [...counted.map(({ uid }) => ({ uid, state: 'counted' as const })), ...others.map(({ uid }) => ({ uid, state: 'waiting' as const }))] }
}

const refused = (decisions: readonly Decision[], now: Instant): Verdict => ({ allowed: false, problem: blockedProblem(decisions, now), decisions })

/** Stated as what grants: a finding that was not decided lets nothing in. */
const allowing = (decisions: readonly Decision[], findings: number): boolean =>
  findings > 0 && decisions.length === findings && decisions.every(({ outcome }) => outcome === 'excused' || outcome === 'passed')

/** @throws {ExeatError} DENIAL_INVALID */
function checked(denial: Denial): Denial {
  const invalid = (message: string): ExeatError => new ExeatError([{ code: 'DENIAL_INVALID', message, hint: 'a denial has 1 to 1,000 findings with tool, rule and title, and a subject of one line' }])
  const { findings, subject } = denial
  if (!Array.isArray(findings) || findings.length === 0 || findings.length > mostFindings) throw invalid(`the denial has ${Array.isArray(findings) ? findings.length : 'no list of'} findings`)
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- what calls may be JavaScript
  if (!findings.every((each) => typeof each?.tool === 'string' && typeof each.rule === 'string' && typeof each.title === 'string')) throw invalid('a finding of the denial has no tool, rule or title')
  if (typeof subject !== 'string' || subject.trim() === '' || subject.length > 512 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(subject)) throw invalid('the subject of the denial is not one line')
  return denial
}
