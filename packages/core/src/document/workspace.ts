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

const https = identifier.refine((text) => /^https:\/\/[^/?#]+(?:\/[^?#]*)?$/.test(text) || /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/[^?#]*)?$/.test(text), 'must be an https URL without query, or a loopback one')

const incidents = z.strictObject({
  url: identifier.refine((text) => text.split('{ticket}').length === 2 && /^(?:https:\/\/[^/?#{}]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)\/[^#]*$/.test(text), 'must be an https URL, or a loopback one, with `{ticket}` once behind its host')
    .meta({ description: 'Answers GET with JSON: `https://incidents.acme.example/api/{ticket}`.' }),
  field: identifier.meta({ description: 'Where the state stands in the answer, by names with dots between: `incident.status`.' }),
  open: some(line).meta({ description: 'Its values that mean an open incident.' }),
})

const person = z.strictObject({
  label: line,
  identities: z.array(z.strictObject({ iss: identifier, sub: identifier })).min(2)
    .meta({ description: 'Of one and the same person. What a commit names is `iss: git` with the mail address as `sub`; an account of a forge is the forge\'s `iss` with its number; whoever types a name at the administrative socket is `iss: exeat:operator`.' }),
})

/** Who people and jobs are, and what their second factors are made for. All of it stands here, and not at the server, so that points and auditors can check what was signed. */
const identity = z.strictObject({
  relyingParty: optional(z.strictObject({
    id: identifier.meta({ description: 'WebAuthn relying party: the host that passkeys are made for, `exeat.acme.example`.' }),
    origins: some(https).meta({ description: 'Exactly where people tap: `https://exeat.acme.example`.' }),
  })),
  providers: optional(some(z.strictObject({
    name: dnsLabel,
    issuer: https,
    clientId: identifier,
    stepUp: optional(z.strictObject({
      acr: optional(some(identifier)).meta({ description: 'Values of `acr` that will do; asked for in this order.' }),
      amr: optional(some(identifier)).meta({ description: 'At least one of these must stand in `amr`.' }),
    })),
    groups: optional(z.strictObject({
      claim: identifier,
      map: z.record(identifier, group).meta({ description: 'Group of Exeat by the value that the provider states. What is not named here gives no group.' }),
    })),
  }))),
  workloads: optional(some(z.strictObject({
    name: dnsLabel,
    kind: z.enum(['github', 'gitlab', 'kubernetes']),
    issuer: https,
    audience: identifier,
    owners: optional(some(identifier)).meta({ description: 'Numeric ids of the owners or namespaces whose jobs are believed. Repositories are the workspace\'s sources.' }),
    events: optional(some(identifier)).meta({ description: 'What may have started the job. Default: push, merge_group, workflow_dispatch, deployment.' }),
    workflows: optional(some(z.strictObject({ ref: identifier, sha: optional(some(identifier)) }))).meta({ description: 'Reusable workflows that are pinned: `job_workflow_ref`, and the commits of it that will do.' }),
    runners: optional(some(z.enum(['github-hosted', 'gitlab-hosted', 'self-hosted']))).meta({ description: 'Runners that are believed (`runner_environment`). Default: any.' }),
    environments: optional(z.record(identifier, dnsLabel)).meta({ description: 'Environment of the workspace by what the token states, for a cluster by its namespace; without it those of a forge have one name, and a cluster none.' }),
    serviceAccounts: optional(some(identifier)).meta({ description: 'Kubernetes: `namespace:name`, bound to the object\'s uid where it is written behind another colon.' }),
  }))),
  people: optional(some(person).meta({ description: 'People who are known under several identities: none of them approves what another of theirs wrote or asked for, or fills a quorum twice. It gives nobody anything.' })),
  forges: optional(some(z.strictObject({
    kind: z.enum(['github', 'gitlab']),
    issuer: https.meta({ description: '`iss` of its people, whose `sub` is the number of their account: `https://github.com`.' }),
    teams: optional(z.record(identifier, group)).meta({ description: 'Group of Exeat by team: `acme/security`. Their members\' reviews of a change count for it.' }),
  }))),
}).check((payload) => {
  const listed = (payload.value.people ?? []).flatMap(({ identities }, person) => identities.map(({ iss, sub }, at) => ({ person, at, key: JSON.stringify([iss, sub.toLowerCase()]) })))
  const seen = new Set<string>()
  for (const { person, at, key } of listed) {
    if (seen.has(key)) report(payload, payload.value.people?.[person]?.identities[at], { code: 'PERSON_TWICE', message: 'stands there twice: an identity is one person\'s', hint: 'name it once, with everything else that the person is known as' }, ['people', person, 'identities', at])
    seen.add(key)
  }
})

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
    identity: optional(identity.meta({ description: 'How people sign in and tap, and which jobs are believed.' })),
    alerts: optional(some(z.strictObject({ name: dnsLabel, url: identifier })).meta({ description: 'Whom emergencies and drills are told to, by HTTP POST.' })),
    incidents: optional(incidents.meta({ description: 'Where it is asked whether the `ticket` of an emergency is an open incident. Without it nobody is asked.' })),
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
