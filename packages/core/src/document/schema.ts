/**
 * The documents of design §3, each defined once: decoder, TypeScript type and JSON Schema come from here.
 * No defaults here: the digest covers the document as decoded before defaults; `policy/` and `decide/` apply them.
 */
import * as z from 'zod'
import {
  dnsLabel, duration, evidence, fingerprint, group, imageDigest, instant, line, pattern, permitEvidence, severity, text,
} from './scalars.ts'

/** A list that, where it stands, names something: an empty list is an error (rule 9). */
const some = <T extends z.ZodType>(item: T) => z.array(item).min(1)
const optional = z.exactOptional

const apiVersion = z.literal('exeat.dev/v1')
const metadata = z.strictObject({ name: dnsLabel })
const count = z.int().min(1).max(1_000_000)

export const optOutSchema = z.strictObject({
  apiVersion,
  kind: z.literal('OptOut'),
  metadata,
  spec: z.strictObject({
    controls: some(pattern),
    targets: optional(z.strictObject({
      repositories: optional(some(line)),
      environments: optional(some(dnsLabel)),
      paths: optional(some(pattern)),
      resources: optional(some(pattern)),
      images: optional(some(imageDigest)),
      fingerprints: optional(some(fingerprint)),
    })),
    category: z.enum(['waiver', 'mitigated', 'false-positive', 'emergency']),
    reason: text,
    ticket: optional(line),
    compensatingControl: optional(text),
    owner: line,
    window: z.strictObject({ from: instant, until: instant }),
    limits: optional(z.strictObject({ findings: optional(count), uses: optional(count) })),
    renews: optional(dnsLabel),
  }),
})

const people = z.strictObject({ groups: some(group) })
const anyoneOr = z.union([z.literal('anyone'), people])
const approval = z.strictObject({ groups: some(group), count })
const condition = z.strictObject({
  at: z.enum(['request', 'approve', 'activate', 'decide']),
  expression: text,
  message: line,
})
const mfa = z.strictObject({
  evidence: permitEvidence,
  maxAge: optional(duration),
  attested: optional(z.boolean()),
  backupEligible: optional(z.boolean()),
})
const scope = {
  controls: some(pattern),
  environments: optional(some(dnsLabel)),
  severities: optional(some(severity)),
}

const permitSpec = z.strictObject({
  ...scope,
  effect: z.literal('permit'),
  request: anyoneOr,
  approve: z.union([z.literal('none'), some(approval)]),
  activate: anyoneOr,
  revoke: optional(people),
  mfa: z.union([z.literal('none'), mfa]),
  approverMayActivate: optional(z.boolean()),
  wildcards: optional(z.boolean()),
  limits: z.strictObject({
    duration,
    totalDuration: optional(duration),
    renewals: optional(z.int().min(0).max(1_000)),
    findings: optional(count),
    active: optional(count),
    uses: optional(count),
  }),
  timers: optional(z.strictObject({ approval: optional(duration), activation: optional(duration) })),
  requires: optional(z.strictObject({
    targets: optional(some(z.enum(['repositories', 'environments', 'paths', 'resources', 'images', 'fingerprints']))),
    ticket: optional(line),
    compensatingControl: optional(z.boolean()),
    impact: optional(z.boolean()),
    witness: optional(z.boolean()),
  })),
  conditions: optional(some(condition)),
  emergency: optional(z.strictObject({
    groups: some(group),
    duration,
    mfa,
    reviewers: some(group),
    reviewWithin: duration,
    offline: optional(z.boolean()),
  })),
  nativeForms: optional(z.union([
    z.literal('self-expiring'),
    z.strictObject({ allowed: z.literal(true), maxLag: duration }),
  ])),
  alerts: optional(some(line)),
})

const forbidSpec = z.strictObject({ ...scope, effect: z.literal('forbid'), message: optional(line) })

export const optOutPolicySchema = z.strictObject({
  apiVersion,
  kind: z.literal('OptOutPolicy'),
  metadata,
  spec: z.discriminatedUnion('effect', [permitSpec, forbidSpec]),
})

export const workspaceSchema = z.strictObject({
  apiVersion,
  kind: z.literal('Workspace'),
  metadata,
  spec: z.strictObject({
    /** Stable for ever: part of every uid. */
    id: line,
    /** Branch name without the remote. */
    protectedRef: line,
    sources: some(z.strictObject({
      name: line,
      forge: z.enum(['github', 'gitlab', 'none']),
      repositoryId: line,
      ref: optional(line),
      may: optional(some(z.literal('optOuts'))),
    })),
    environments: some(z.strictObject({
      name: dnsLabel,
      protected: optional(z.boolean()),
      /** What must show that a run is for this environment. */
      proof: z.enum(['asserted', 'workload', 'cluster']),
    })),
    gates: optional(some(z.strictObject({
      repositories: optional(some(line)),
      environments: optional(some(dnsLabel)),
      requiredTools: optional(some(line)),
      attested: optional(z.boolean()),
      /** A finding below the severity passes. The strictest entry that covers it wins; no entry: every finding blocks. */
      thresholds: optional(some(z.strictObject({ tools: optional(some(line)), severity }))),
    }))),
    governance: optional(z.strictObject({ approve: some(approval), evidence })),
    groups: optional(z.record(group, some(z.strictObject({ iss: line, sub: line, label: optional(line) })))),
    alerts: optional(some(z.strictObject({ name: dnsLabel, url: line }))),
    log: optional(z.strictObject({ origin: line, keys: some(line), witnesses: optional(some(line)), quorum: optional(count) })),
  }),
})

export const aliasesSchema = z.strictObject({
  apiVersion,
  kind: z.literal('Aliases'),
  metadata,
  spec: z.strictObject({
    /** Controls that are one and the same: naming one names all. */
    controls: some(z.array(line).min(2)),
  }),
})

/** Expected answer for one finding at one instant. `documents` stand beside the test's file or inline. */
export const optOutTestSchema = z.strictObject({
  apiVersion,
  kind: z.literal('OptOutTest'),
  metadata,
  spec: z.strictObject({
    cases: some(z.strictObject({
      name: line,
      now: instant,
      facts: optional(z.strictObject({
        repository: optional(line),
        environment: optional(dnsLabel),
        commit: optional(line),
        actor: optional(line),
        verified: optional(z.boolean()),
      })),
      finding: z.strictObject({
        control: line,
        severity: optional(severity),
        path: optional(line),
        line: optional(count),
        resource: optional(line),
        image: optional(imageDigest),
        message: optional(line),
      }),
      /** Opt-outs of the workspace by name; absent: all of them. */
      optOuts: optional(some(dnsLabel)),
      expect: z.strictObject({
        outcome: z.enum(['passed', 'excused', 'blocked']),
        code: optional(line),
        optOut: optional(dnsLabel),
      }),
    })),
  }),
})

export type OptOut = z.output<typeof optOutSchema>
export type OptOutPolicy = z.output<typeof optOutPolicySchema>
export type Workspace = z.output<typeof workspaceSchema>
export type Aliases = z.output<typeof aliasesSchema>
export type OptOutTest = z.output<typeof optOutTestSchema>
export type PermitSpec = z.output<typeof permitSpec>
export type ForbidSpec = z.output<typeof forbidSpec>
export type ExeatDocument = OptOut | OptOutPolicy | Workspace | Aliases | OptOutTest
export type DocumentKind = ExeatDocument['kind']
