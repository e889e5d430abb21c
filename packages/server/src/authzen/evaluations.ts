/** Several evaluations in one request, and what each of the three semantics leaves of their answers (AuthZEN 1.0, section 7). */
import type { Problem } from '@exeat/core'
import * as z from 'zod'
import { serverProblem } from '../config/codes.ts'
import type { Answer, AskExcuses, Question } from '../decisions/ask.ts'
import type { Requester } from '../decisions/types.ts'
import { answered, type EvaluationAnswer, failed } from './answer.ts'
import { type Evaluation, evaluationSchema, questionOf } from './question.ts'

export const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
export type Semantic = (typeof semantics)[number]

/** Evaluations of one request. */
export const mostEvaluations = 1000

const part = z.exactOptional(z.record(z.string(), z.unknown()))

/** What stands beside `evaluations` is the default of each. */
export const evaluationsSchema = z.looseObject({
  subject: part, action: part, resource: part, context: part,
  options: z.exactOptional(z.looseObject({ evaluations_semantic: z.exactOptional(z.enum(semantics)) })),
  evaluations: z.exactOptional(z.array(z.record(z.string(), z.unknown())).max(mostEvaluations)),
}).meta({ id: 'AuthzenEvaluations' })

export type Evaluations = z.output<typeof evaluationsSchema>

type Asking = Pick<Requester, 'proven' | 'preview'>

export async function evaluate(evaluation: Evaluation, requester: Asking, ask: AskExcuses): Promise<EvaluationAnswer> {
  const [answer] = await answersOf([evaluation], requester, ask)
  return answer ?? failed(serverProblem('SERVER_FAILED', 'the evaluation was not answered'))
}

export async function evaluateAll({ evaluations = [], options, ...defaults }: Evaluations, requester: Asking, ask: AskExcuses): Promise<readonly EvaluationAnswer[]> {
  const { subject, action, resource, context } = defaults
  // A member replaces the default as a whole; nothing is merged within it.
  const whole = evaluations.map((each) => ({ ...(subject && { subject }), ...(action && { action }), ...(resource && { resource }), ...(context && { context }), ...each }))
  return cut(await answersOf(whole, requester, ask), options?.evaluations_semantic ?? 'execute_all')
}

/** In the order of the request. What decides is the same whatever the semantic: it says where to stop telling. */
export function cut(answers: readonly EvaluationAnswer[], semantic: Semantic): readonly EvaluationAnswer[] {
  const last = semantic === 'execute_all' ? -1 : answers.findIndex(({ decision }) => decision === (semantic === 'permit_on_first_permit'))
  return last < 0 ? answers : answers.slice(0, last + 1)
}

async function answersOf(evaluations: readonly unknown[], requester: Asking, ask: AskExcuses): Promise<readonly EvaluationAnswer[]> {
  const read = evaluations.map(readOne)
  const questions = read.flatMap((each) => (each.ok ? [each.value] : []))
  const answers = new Map<Question, Answer | Problem>((await ask(questions, requester)).map((answer, i) => [questions[i] as Question, answer]))
  return read.map((each) => {
    const answer = each.ok ? answers.get(each.value) : each.problem
    if (answer === undefined) return failed(serverProblem('SERVER_FAILED', 'the evaluation was not answered'))
    return 'decision' in answer ? answered(answer) : failed(answer)
  })
}

function readOne(evaluation: unknown): ReturnType<typeof questionOf> {
  const parsed = evaluationSchema.safeParse(evaluation)
  if (parsed.success) return questionOf(parsed.data)
  const [issue] = parsed.error.issues
  return { ok: false, problem: serverProblem('EVALUATION_INVALID', `the evaluation is wrong at \`${(issue?.path ?? []).join('.').slice(0, 200)}\`: ${(issue?.message ?? 'it is invalid').slice(0, 300)}`) }
}
