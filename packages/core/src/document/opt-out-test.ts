import * as z from 'zod'
import { apiVersion, kindOf, metadata } from './common.ts'
import { instant } from './instants.ts'
import { anyControl } from './patterns.ts'
import { count, dnsLabel, identifier, imageDigest, line, optional, severity, some } from './scalars.ts'

const testCase = z.strictObject({
  name: line,
  now: instant.meta({ description: 'The instant at which it is judged.' }),
  facts: optional(z.strictObject({
    repository: optional(identifier),
    environment: optional(dnsLabel),
    commit: optional(identifier),
    actor: optional(line),
    verified: optional(z.boolean().meta({ description: 'Whether the facts are shown by a workload token, the protected ref or the like.' })),
  })),
  finding: z.strictObject({
    control: anyControl,
    severity: optional(severity),
    path: optional(line),
    line: optional(count),
    resource: optional(line),
    image: optional(imageDigest),
    message: optional(line),
  }),
  optOuts: optional(some(dnsLabel).meta({ description: 'Opt-outs of the workspace by name. Absent: all of them.' })),
  expect: z.strictObject({
    outcome: z.enum(['passed', 'excused', 'blocked']),
    code: optional(identifier.meta({ description: 'A reason code that must be among the reasons.' })),
    optOut: optional(dnsLabel),
  }),
})

export const optOutTestSchema = z.strictObject({
  apiVersion,
  kind: kindOf('OptOutTest'),
  metadata,
  spec: z.strictObject({ cases: some(testCase) }),
}).meta({ title: 'Exeat opt-out test', description: 'Cases with a fixed clock, run by `exeat test`.' })

export type OptOutTest = z.output<typeof optOutTestSchema>
