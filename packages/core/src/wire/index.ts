import type * as z from 'zod'
import type * as people from './people.ts'
import type * as schemas from './schemas.ts'

export * from './decisions.ts'
export * from './events.ts'
export * from './overview.ts'
export * from './people.ts'
export * from './runs.ts'
export type * from './scan.ts'
export * from './schemas.ts'
export * from './shadow.ts'
export * from './sinks.ts'
export { tapSchema } from './tap.ts'
export type Wire = { readonly [K in keyof typeof schemas]: (typeof schemas)[K] extends z.ZodType<infer T> ? T : never }
export type People = { readonly [K in keyof typeof people]: (typeof people)[K] extends z.ZodType<infer T> ? T : never }
export type OptOutView = Wire['optOutViewSchema']
export type ActAnswer = Wire['actAnswerSchema']
export type WireProblem = Wire['problemSchema']
export type Status = Wire['statusSchema']
