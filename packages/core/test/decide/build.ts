/** A run of the decision core for tests: findings, facts, opt-outs judged by git trust, and the answer. */
import { createHash } from 'node:crypto'
import { decide } from '../../src/decide/index.ts'
import type { Decision, Facts, Finding, Instant, OptOutSet, Sha256 } from '../../src/model/index.ts'
import type { PolicySet } from '../../src/policy/types.ts'
import { judgeGitOptOuts } from '../../src/trust/index.ts'
import { at, permit, setOf, standing } from '../policy/build.ts'
import type { OptOutPart } from '../policy/build.ts'
import type { StandingOptOut } from '../../src/model/index.ts'

export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest()
export const noon = at('2026-11-23T12:00:00Z')

export const finding = (part: Partial<Finding> = {}): Finding => ({
  tool: 'trivy', rule: 'CVE-2021-44228', severity: 'high', title: 'log4shell', path: 'services/ledger/pom.xml', ...part,
})

export const staging: Facts = {
  repository: { value: { name: 'acme/payments', id: '1' }, provenance: 'asserted', from: 'test' },
  environment: { value: 'staging', provenance: 'asserted', from: 'test' },
  commit: { value: 'a'.repeat(40), provenance: 'asserted', from: 'test' },
}

/** Permits what the tests opt out of, without people, factor or impact. */
export const open = (): PolicySet => setOf([permit('open', { requires: { impact: false }, wildcards: true, controls: ['trivy/*', 'semgrep/*'] })])

export const stands = (part: OptOutPart = {}, impact: ReadonlySet<string> | null = null): StandingOptOut => ({
  ...standing({ targets: { environments: ['staging'] }, ...part }, impact), uid: (part.name ?? 'hotfix').padEnd(64, '0'),
})

export interface Run {
  readonly set?: PolicySet
  readonly optOuts?: readonly StandingOptOut[]
  readonly findings?: readonly Finding[]
  readonly facts?: Facts
  readonly now?: Instant
}

export function optOutSet({ set = open(), optOuts = [stands()], now = noon }: Run): OptOutSet {
  return judgeGitOptOuts(set, optOuts, now)
}

export function run(input: Run = {}): readonly Decision[] {
  const { set = open(), findings = [finding()], facts = staging, now = noon } = input
  return decide(set, optOutSet({ ...input, set }), findings, facts, now, { sha256 })
}

export const outcomes = (input: Run = {}): readonly string[] => run(input).map(({ outcome }) => outcome)
/** First reason's code of the first decision. */
export const firstCode = (input: Run = {}): string | undefined => run(input)[0]?.reasons[0]?.code
