/** What a decision would say of single findings: by the same view and the same `decide`, with nothing counted and nothing signed. */
import { type ActiveOptOut, decide, type Decision, type Finding, fingerprints, type HexDigest, type Instant, type OptOutSet, type Problem, type Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { concernedBy, concerning, countUses, type UseClaim } from '@exeat/core/run'
import { longestDecision, longestLife } from '@exeat/verify'
import { serverError, serverProblem } from '../config/codes.ts'
import { identityProblem } from '../identity/codes.ts'
import { sha256 } from '../store/ed25519.ts'
import { placedFacts, type Said } from './facts.ts'
import type { PlacedFacts, Requester } from './types.ts'
import { type View, type ViewDependencies, viewOf, withStanding } from './view.ts'

/** Whether this finding may be excused, in a run of which this is said. */
export interface Question {
  /** As the caller calls whatever has the finding; where it is the name of a source it must be that of the repository. */
  readonly subject: string
  readonly said: Said
  readonly finding: Finding
  /** As the caller computed it: another than the server computes is no answer's. */
  readonly fingerprint?: HexDigest
}

export interface Answer {
  readonly decision: Decision
  readonly fingerprint: HexDigest
  /** The instant of the answer, and the one from which on nobody may hold on to it. */
  readonly now: Instant
  readonly notAfter: Instant
}

/**
 * Answers in the order of the questions; a problem where one cannot be decided. Those of the same facts are one run, so that ceilings on findings hold over them
 * together; the same question twice is one finding.
 * @throws {ExeatError} whatever keeps a bundle from being made
 */
export type AskExcuses = (questions: readonly Question[], requester: Pick<Requester, 'proven' | 'preview'>) => Promise<readonly (Answer | Problem)[]>

/** Runs that one request may ask about: each may take a bundle of its own. */
export const mostRuns = 16

export function excuseAsker(deps: ViewDependencies): AskExcuses {
  return async (questions, requester) => {
    const answers = new Map<Question, Answer | Problem>()
    const runs = Map.groupBy(questions, ({ subject, said: { repository, commit, environment, ref, actor } }) => JSON.stringify([subject, repository, commit, environment, ref, actor]))
    if (runs.size > mostRuns) throw serverError('REQUEST_INVALID', `the evaluations are of ${runs.size} subjects, environments and commits, more than ${mostRuns}`, 'ask about fewer at once')
    for (const run of runs.values()) {
      // oxlint-disable-next-line no-await-in-loop -- one view is in memory at a time
      for (const [question, answer] of await answersOf(run, requester, deps)) answers.set(question, answer)
    }
    return questions.flatMap((question) => answers.get(question) ?? [])
  }
}

async function answersOf(questions: readonly Question[], requester: Pick<Requester, 'proven' | 'preview'>, deps: ViewDependencies): Promise<ReadonlyMap<Question, Answer | Problem>> {
  const same = (problem: Problem): ReadonlyMap<Question, Problem> => new Map(questions.map((question) => [question, problem]))
  if (requester.preview) return same(identityProblem('WORKLOAD_PREVIEW', 'a job of a change that is not merged is granted nothing', 'it is told what would be by POST /v1/decisions'))
  try {
    return await decided(questions, await viewOf(deps, (workspace) => factsOf(questions[0], requester, workspace)))
  } catch (error) {
    // Of this run alone; everything else is of the server, and of the whole request.
    if (error instanceof ExeatError && error.problems[0].code === 'DECISION_FACTS') return same(error.problems[0])
    throw error
  }
}

function factsOf(question: Question | undefined, requester: Pick<Requester, 'proven'>, workspace: Workspace): PlacedFacts {
  const { subject, said } = question ?? { subject: '', said: {} }
  const facts = placedFacts(said, requester, workspace)
  const { name } = facts.repository.value
  if (subject !== name && workspace.spec.sources.some((source) => source.name === subject)) {
    throw serverError('DECISION_FACTS', `the subject is \`${subject}\`, and the repository is \`${name}\``, 'ask about the one or the other')
  }
  return facts
}

async function decided(questions: readonly Question[], view: View): Promise<ReadonlyMap<Question, Answer | Problem>> {
  const { facts, now, closed } = view
  const distinct = Map.groupBy(questions, ({ finding }) => JSON.stringify(Object.entries(finding).sort(([a], [b]) => (a < b ? -1 : 1))))
  const findings = [...distinct.values()].flatMap(([first]) => first?.finding ?? [])
  const decisions = await decisionsOf(findings, view)
  const fingerprintAt = fingerprints(findings, facts.repository.value.id, sha256)
  return new Map([...distinct.values()].flatMap((asking, index) => asking.map((question): [Question, Answer | Problem] => {
    const decision = decisions[index]
    const fingerprint = fingerprintAt(index)
    if (decision === undefined) throw new Error('a finding was not decided')
    if (question.fingerprint !== undefined && question.fingerprint !== fingerprint) return [question, otherFingerprint(question.fingerprint, fingerprint)]
    const end = now + Math.min(longestDecision, closed ? longestLife.protected : Infinity, (decision.optOut?.until ?? Infinity) - now)
    return [question, { decision, fingerprint, now, notAfter: end as Instant }]
  })))
}

const otherFingerprint = (said: HexDigest, computed: HexDigest): Problem =>
  serverProblem('EVALUATION_FINGERPRINT', `the finding is said to have the fingerprint ${said.slice(0, 12)}, and what is said of it has ${computed.slice(0, 12)}`, 'send the tool, rule, path, resource, and the snippet or message, as the report has them')

/** What must be counted before it excuses is not counted by asking, and so excuses nothing. */
async function decisionsOf(findings: readonly Finding[], view: View): Promise<readonly Decision[]> {
  const { governed: { policySet }, facts, now, closed } = view
  const judge = (optOuts: OptOutSet): readonly Decision[] => decide(policySet, optOuts, findings, facts, now, { sha256 })
  const whole = concernedBy(withStanding(view), concerning(findings, policySet))
  const { optOuts } = await countUses<UseClaim>(whole, { decide: judge, mustCount: ({ met }) => closed || met.log?.uses !== undefined, claim: async (asked) => asked.map((optOut) => uncounted(optOut, closed)) })
  return judge(optOuts)
}

const uncounted = ({ uid, document: { metadata: { name } } }: ActiveOptOut, closed: boolean): UseClaim => ({
  uid, state: 'refused',
  message: `${closed ? 'the environment is protected' : `the uses of \`${name}\` are limited`}, so that each use is counted before it excuses, and asking counts none: POST /v1/decisions counts and decides, POST /v1/uses counts for whoever decides by a bundle`,
})
