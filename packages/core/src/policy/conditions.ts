/** Conditions of a policy set: compiled once, judged for each stage, remembered for a run where they read no finding. */
import type { Condition, ConditionAnswer, ConditionEngine, Stage, StageInput } from '../condition/types.ts'
import type { TermRefusal } from '../model/decision.ts'
import type { OptOut, Workspace } from '../document/schema.ts'
import { provenFacts } from './facts.ts'
import type { Sourced, Terms } from './types.ts'
import { type PlacedPolicy, type PolicyProblem, problemAt } from './validate.ts'

type Stated = Terms['conditions'][number]

export interface CompiledConditions {
  /** The stage's conditions that are not true, as refusals. */
  judge(terms: Terms, stage: Stage, input: StageInput): readonly TermRefusal[]
}

export interface ConditionsAnswer {
  /** Refuses what it could not compile. */
  readonly conditions: CompiledConditions
  readonly problems: readonly PolicyProblem[]
}

const keyOf = (stage: Stage, expression: string): string => `${stage} ${expression}`

export function compileConditions(policies: readonly PlacedPolicy[], workspace: Workspace, engine: ConditionEngine | undefined): ConditionsAnswer {
  const compiled = new Map<string, Condition>()
  const problems = policies.flatMap((placed) => {
    const { spec } = placed.document
    return spec.effect === 'forbid' ? [] : (spec.conditions ?? []).flatMap(({ at, expression }, index) => {
      const path = ['spec', 'conditions', index, 'expression']
      if (engine === undefined) return [problemAt(placed, path, 'POLICY_ENGINE_MISSING', 'the policy states conditions, and no condition engine was loaded')]
      const answer = engine.compile(expression, at)
      if (answer.ok) compiled.set(keyOf(at, expression), answer.condition)
      return answer.ok ? [] : answer.problems.map((problem) => problemAt(placed, path, problem.code, problem.message, problem.hint))
    })
  })
  return { conditions: judgeOf(compiled, workspace), problems }
}

/** What one run asked last of an opt-out: the inputs that an answer without a finding depends on, by identity. */
interface Remembered {
  readonly input: StageInput
  readonly answers: Map<Condition, ConditionAnswer>
}

function judgeOf(compiled: ReadonlyMap<string, Condition>, workspace: Workspace): CompiledConditions {
  const runs = new WeakMap<OptOut, Remembered>()
  const evaluate = (condition: Condition, input: StageInput): ConditionAnswer =>
    condition.evaluate(input.facts === undefined ? input : { ...input, facts: provenFacts(workspace, input.facts) })

  function answer(condition: Condition, input: StageInput): ConditionAnswer {
    if (condition.readsFinding) return evaluate(condition, input)
    let run = runs.get(input.optOut)
    if (run === undefined || !sameRun(run.input, input)) {
      run = { input, answers: new Map() }
      runs.set(input.optOut, run)
    }
    let known = run.answers.get(condition)
    if (known === undefined) {
      known = evaluate(condition, input)
      run.answers.set(condition, known)
    }
    return known
  }

  return {
    judge: (terms, stage, input) => terms.conditions.filter((stated) => stated.value.at === stage).flatMap((stated) => {
      const condition = compiled.get(keyOf(stage, stated.value.expression))
      return condition === undefined ? [foreign(stated)] : refusalOf(stated, input.optOut, answer(condition, input))
    }),
  }
}

const sameRun = (a: StageInput, b: StageInput): boolean =>
  a.facts === b.facts && a.now === b.now && a.requester === b.requester && a.approver === b.approver && a.activator === b.activator

const termOf = (stated: Stated): string => `conditions (${stated.value.at})`
const names = (stated: Sourced<unknown>): string => stated.policies.map((name) => `\`${name}\``).join(', ')

/** Terms of another set: nothing was checked, so nothing is granted. */
const foreign = (stated: Stated): TermRefusal => ({
  code: 'CONDITION_ERROR', term: termOf(stated), message: `the condition \`${stated.value.expression}\` is not one of this policy set`, policies: stated.policies,
})

function refusalOf(stated: Stated, optOut: OptOut, answer: ConditionAnswer): TermRefusal[] {
  const term = termOf(stated)
  const { policies, value: { message, at } } = stated
  const subject = `opt-out \`${optOut.metadata.name}\``
  switch (answer.kind) {
    case 'true': return []
    case 'false': return [{
      code: 'CONDITION_FALSE', term, policies, message: `${message} (for ${subject} \`${answer.conjunct}\` is false; ${names(stated)})`,
    }]
    case 'unknown': return [{
      code: 'FACT_UNKNOWN', term, policies, message: `a condition of ${names(stated)} at ${at} reads \`${answer.variable}\`, which nothing shows for ${subject}`,
      hint: at === 'decide' ? 'give the gate what the condition reads, proven as the workspace asks' : 'only signatures or the log show it; in this mode a policy with the condition permits nothing',
    }]
    case 'error': return [{
      code: 'CONDITION_ERROR', term, policies, message: `a condition of ${names(stated)} cannot be evaluated for ${subject}: ${answer.message}`,
      hint: `guard what may be missing with \`has()\`; the condition means: ${message}`,
    }]
  }
}
