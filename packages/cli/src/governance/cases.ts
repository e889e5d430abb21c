/** Cases of OptOutTest documents, each judged by the same code as the gate, at its own clock. */
import {
  canonicalControl, decide, type Decision, type Fact, type Facts, type Finding, judgeGitOptOuts, type Origin, type OptOutTest, type PolicySet, type Provenance, splitControl,
} from '@exeat/core'
import type { Governance } from '@exeat/git'
import { sha256 } from './load.ts'
import { reasonText } from '../text/reason.ts'

type Case = OptOutTest['spec']['cases'][number]

export interface CaseResult {
  readonly test: string
  readonly name: string
  readonly origin: Origin
  readonly ok: boolean
  /** What differs: expected against got. */
  readonly failures: readonly string[]
  readonly outcome: Decision['outcome']
  readonly codes: readonly string[]
  /** Reasons in words. */
  readonly told: readonly string[]
  /** Policies that cover the case's control. */
  readonly touched: readonly string[]
}

export function runCases(governance: Governance, policySet: PolicySet): readonly CaseResult[] {
  return governance.tests.flatMap(({ document, origin }) => document.spec.cases.map((each) => runCase(each, document.metadata.name, origin, governance, policySet)))
}

function runCase(each: Case, test: string, origin: Origin, governance: Governance, policySet: PolicySet): CaseResult {
  const facts = factsOf(each, governance)
  const finding = findingOf(each)
  const wanted = each.optOuts === undefined ? undefined : new Set(each.optOuts)
  const standing = governance.optOuts.filter(({ document }) => wanted === undefined || wanted.has(document.metadata.name))
  const missing = [...wanted ?? []].filter((name) => !standing.some(({ document }) => document.metadata.name === name))
  const [decision] = decide(policySet, judgeGitOptOuts(policySet, standing, each.now), [finding], facts, each.now, { sha256 })
  if (decision === undefined) throw new Error('one finding has one decision')
  const codes = decision.reasons.map(({ code }) => code)
  const failures = [...missing.map((name) => `no opt-out \`${name}\` stands`), ...differences(each.expect, decision, codes)]
  const { environment, repository } = facts
  const touched = policySet.covering({
    control: decision.control,
    ...(environment === undefined ? {} : { environment: environment.value }),
    ...(repository === undefined ? {} : { repository: repository.value.name }),
    ...(finding.severity === undefined ? {} : { severity: finding.severity }),
  }).map(({ policy }) => policy)
  return {
    test, name: each.name, origin, ok: failures.length === 0, failures, outcome: decision.outcome, codes, touched,
    told: decision.reasons.map((reason) => reasonText(reason, each.now)),
  }
}

function differences({ outcome, code, optOut }: Case['expect'], decision: Decision, codes: readonly string[]): readonly string[] {
  return [
    ...(decision.outcome === outcome ? [] : [`expected \`${outcome}\`, got \`${decision.outcome}\``]),
    ...(code === undefined || codes.some((known) => known === code) ? [] : [`expected the code \`${code}\`, got ${codes.map((known) => `\`${known}\``).join(', ')}`]),
    ...(optOut === undefined || decision.optOut?.name === optOut ? [] : [`expected opt-out \`${optOut}\`, got ${decision.optOut === undefined ? 'none' : `\`${decision.optOut.name}\``}`]),
  ]
}

function factsOf({ facts }: Case, governance: Governance): Facts {
  if (facts === undefined) return {}
  const provenance: Provenance = facts.verified === true ? 'verified' : 'asserted'
  const fact = <T>(value: T): Fact<T> => ({ value, provenance, from: 'test case' })
  const { repository, environment, commit, actor } = facts
  const id = governance.workspace.document.spec.sources.find(({ name }) => name === repository)?.repositoryId
  return {
    ...(repository === undefined ? {} : { repository: fact({ name: repository, id: id ?? repository }) }),
    ...(environment === undefined ? {} : { environment: fact(environment) }),
    ...(commit === undefined ? {} : { commit: fact(commit) }),
    ...(actor === undefined ? {} : { actor: fact(actor) }),
  }
}

function findingOf({ finding: { control, ...rest } }: Case): Finding {
  const parts = splitControl(canonicalControl(control)) ?? { tool: '', rule: control }
  return { ...parts, title: rest.message ?? '', ...rest }
}

/** Policies that no case touches. */
export function untouched(governance: Governance, results: readonly CaseResult[]): Governance['policies'] {
  const touched = new Set(results.flatMap((result) => result.touched))
  return governance.policies.filter(({ document }) => !touched.has(document.metadata.name))
}
