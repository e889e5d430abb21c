export { evaluationAnswerSchema } from './answer.ts'
export { evaluate, evaluateAll, evaluationsSchema } from './evaluations.ts'
export { evaluationSchema } from './question.ts'
