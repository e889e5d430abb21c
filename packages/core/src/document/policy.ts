import * as z from 'zod'
import { apiVersion, kindOf, metadata } from './common.ts'
import { duration } from './instants.ts'
import { forbidControl, permitControl } from './patterns.ts'
import { count, dnsLabel, group, line, optional, permitEvidence, severity, some, text } from './scalars.ts'

const people = z.strictObject({ groups: some(group) })
const anyoneOr = z.union([z.literal('anyone'), people])
const approval = z.strictObject({
  groups: some(group).meta({ description: 'Members of any of these count.' }),
  count: count.meta({ description: 'How many distinct people.' }),
})
const condition = z.strictObject({
  at: z.enum(['request', 'approve', 'activate', 'decide']).meta({ description: 'When it is judged.' }),
  expression: text.meta({ description: 'CEL; true lets it pass.' }),
  message: line.meta({ description: 'Said where it is not true.' }),
})
const mfa = z.strictObject({
  evidence: permitEvidence.meta({ description: 'Weakest second factor that will do.' }),
  maxAge: optional(duration.meta({ description: 'How old the second factor may be.' })),
  attested: optional(z.boolean().meta({ description: 'The authenticator must be attested.' })),
  backupEligible: optional(z.boolean().meta({ description: 'Keys that can be copied to another device will do.' })),
})
const environments = optional(some(dnsLabel).meta({ description: 'Absent: all.' }))
const severities = optional(some(severity).meta({ description: 'Absent: all.' }))

const limits = z.strictObject({
  duration: duration.meta({ description: 'Longest window.' }),
  totalDuration: optional(duration.meta({ description: 'Longest time with all renewals.' })),
  renewals: optional(z.int().min(0).max(1_000).meta({ description: 'How often it may be renewed.' })),
  findings: optional(count.meta({ description: 'Most findings that one opt-out may excuse.' })),
  active: optional(count.meta({ description: 'Most active opt-outs a repository.' })),
  uses: optional(count.meta({ description: 'Most uses of one opt-out.' })),
})
const requires = z.strictObject({
  targets: optional(some(z.enum(['repositories', 'environments', 'paths', 'resources', 'images', 'fingerprints'])).meta({ description: 'Targets that an opt-out must name.' })),
  ticket: optional(line.meta({ description: 'RE2 regular expression that the ticket must match.' })),
  compensatingControl: optional(z.boolean()),
  impact: optional(z.boolean().meta({ description: 'Default true: what may be excused is what was shown. False: the targets decide, and `limits.findings` is mandatory.' })),
  witness: optional(z.boolean()),
})
const emergency = z.strictObject({
  groups: some(group).meta({ description: 'Who may act without approval.' }),
  duration: duration.meta({ description: 'At most 4h.' }),
  mfa,
  reviewers: some(group).meta({ description: 'Who reviews afterwards.' }),
  reviewWithin: duration,
  offline: optional(z.boolean().meta({ description: 'Two people may grant it for an hour, with hardware keys, while the server is down.' })),
})

export const permitSpec = z.strictObject({
  controls: some(permitControl).meta({ description: 'Controls it covers: `trivy/*`, `{trivy,grype}/CVE-*`.' }),
  environments,
  severities,
  effect: z.literal('permit'),
  request: anyoneOr.meta({ description: 'Who may ask: `groups`, or the word `anyone` for unprotected environments.' }),
  approve: z.union([z.literal('none'), some(approval)]).meta({ description: 'Who must approve, or the word `none` for unprotected environments.' }),
  activate: anyoneOr.meta({ description: 'Who may activate: `groups`, or the word `anyone` for unprotected environments.' }),
  revoke: optional(people.meta({ description: 'Who may revoke.' })),
  mfa: z.union([z.literal('none'), mfa]).meta({ description: 'The second factor that activates, or the word `none` for unprotected environments.' }),
  approverMayActivate: optional(z.boolean().meta({ description: 'Default false: a counted approver does not activate.' })),
  wildcards: optional(z.boolean().meta({ description: 'Default false: opt-outs name controls in full.' })),
  limits,
  timers: optional(z.strictObject({ approval: optional(duration), activation: optional(duration) })),
  requires: optional(requires),
  conditions: optional(some(condition)),
  emergency: optional(emergency),
  nativeForms: optional(z.union([
    z.literal('self-expiring'),
    z.strictObject({ allowed: z.literal(true), maxLag: duration }),
  ]).meta({ description: 'Whether exceptions may be written in a tool\'s own format.' })),
  alerts: optional(some(dnsLabel).meta({ description: 'Alert sinks of the workspace.' })),
})

export const forbidSpec = z.strictObject({
  controls: some(forbidControl).meta({ description: 'Controls it covers; `*` is every control.' }),
  environments,
  severities,
  effect: z.literal('forbid'),
  message: optional(line.meta({ description: 'Said to whoever asks.' })),
})

export const optOutPolicySchema = z.strictObject({
  apiVersion,
  kind: kindOf('OptOutPolicy'),
  metadata,
  spec: z.discriminatedUnion('effect', [permitSpec, forbidSpec]).meta({ description: 'A permit states its terms; a forbid wins over every permit.' }),
}).meta({ title: 'Exeat opt-out policy', description: 'Which opt-outs may exist and on what terms. What no policy permits is denied.' })

export type OptOutPolicy = z.output<typeof optOutPolicySchema>
export type PermitSpec = z.output<typeof permitSpec>
export type ForbidSpec = z.output<typeof forbidSpec>
