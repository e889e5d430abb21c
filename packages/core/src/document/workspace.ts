import * as z from 'zod'
import { apiVersion, kindOf, metadata } from './common.ts'
import { report } from './fault.ts'
import { exactControl } from './patterns.ts'
import { count, dnsLabel, evidence, group, identifier, line, optional, severity, some } from './scalars.ts'

const source = z.strictObject({
  name: identifier.meta({ description: 'As documents name the repository: `acme/payments`.' }),
  forge: z.enum(['github', 'gitlab', 'none']),
  repositoryId: identifier.meta({ description: 'The forge\'s numeric id in quotes, or any stable string where `forge: none`.' }),
  ref: optional(identifier),
  may: optional(some(z.literal('optOuts')).meta({ description: 'What it may bring besides forbids for itself.' })),
})

const environment = z.strictObject({
  name: dnsLabel,
  protected: optional(z.boolean().meta({ description: 'Default false. Where true, nobody may be waved through: no `anyone`, no `none`.' })),
  proof: z.enum(['asserted', 'workload', 'cluster']).meta({ description: 'What must show that a run is for it; `asserted` takes a flag\'s word.' }),
}).check((payload) => {
  const { protected: closed, proof } = payload.value
  if (closed !== true || proof !== 'asserted') return
  report(payload, proof, {
    code: 'ENVIRONMENT_UNPROVEN', message: 'is `asserted` where `protected: true`: anybody could claim the environment', hint: 'write `workload` or `cluster`',
  }, ['proof'])
})

const gate = z.strictObject({
  repositories: optional(some(identifier)),
  environments: optional(some(dnsLabel)),
  requiredTools: optional(some(identifier).meta({ description: 'Tools that must report, or the run blocks.' })),
  attested: optional(z.boolean().meta({ description: 'Reports must carry an attestation.' })),
  thresholds: optional(some(z.strictObject({
    tools: optional(some(identifier)),
    severity: severity.meta({ description: 'Findings below it pass. The strictest entry wins; without one every finding blocks.' }),
  }))),
})

const approval = z.strictObject({ groups: some(group), count })
const member = z.strictObject({ iss: identifier, sub: identifier, label: optional(line) })

export const workspaceSchema = z.strictObject({
  apiVersion,
  kind: kindOf('Workspace'),
  metadata,
  spec: z.strictObject({
    id: identifier.meta({ description: 'Stable for ever: part of the identity of every opt-out.' }),
    protectedRef: identifier.meta({ description: 'Branch that governs, without the remote: `main`.' }),
    sources: some(source).meta({ description: 'Repositories of the workspace.' }),
    environments: some(environment),
    gates: optional(some(gate)),
    governance: optional(z.strictObject({ approve: some(approval), evidence }).meta({ description: 'What a change of these documents takes.' })),
    groups: optional(z.record(group, some(member)).meta({ description: 'Members of groups that no identity provider gives.' })),
    alerts: optional(some(z.strictObject({ name: dnsLabel, url: identifier }))),
    log: optional(z.strictObject({ origin: identifier, keys: some(line), witnesses: optional(some(line)), quorum: optional(count) })),
  }),
}).meta({ title: 'Exeat workspace', description: 'What is governed: repositories, environments, gates, groups. One for each governance repository.' })

export const aliasesSchema = z.strictObject({
  apiVersion,
  kind: kindOf('Aliases'),
  metadata,
  spec: z.strictObject({
    controls: some(z.array(exactControl).min(2)).meta({ description: 'Controls that are one and the same: naming one names all.' }),
  }),
}).meta({ title: 'Exeat aliases', description: 'Which controls of different tools or catalogues are the same.' })

export type Workspace = z.output<typeof workspaceSchema>
export type Aliases = z.output<typeof aliasesSchema>
