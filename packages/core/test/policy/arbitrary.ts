/** Random policies, for properties of their merge. */
import fc from 'fast-check'
import type { PermitSpec } from '../../src/document/schema.ts'
import type { Duration } from '../../src/model/instant.ts'
import { severities } from '../../src/model/finding.ts'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { forbid, permit, strict } from './build.ts'

const groups = fc.uniqueArray(fc.constantFrom('security', 'sre', 'engineering', 'owners'), { minLength: 1, maxLength: 3 })
const hours = fc.integer({ min: 1, max: 96 }).map((count) => count * 3_600_000 as Duration)
const count = fc.integer({ min: 1, max: 4 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Members that are undefined are left out, as decoders do. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model).map((value) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T)

const mfa = record<Exclude<PermitSpec['mfa'], 'none'>>({
  evidence: fc.constantFrom('user-signed', 'idp-signed', 'server-asserted', 'forge-asserted'),
  maxAge: optional(hours) as fc.Arbitrary<Duration>,
  attested: optional(fc.boolean()) as fc.Arbitrary<boolean>,
  backupEligible: optional(fc.boolean()) as fc.Arbitrary<boolean>,
})
const people = fc.oneof(fc.constant('anyone' as const), fc.record({ groups }))
const condition = fc.record({
  at: fc.constantFrom('request' as const, 'decide' as const),
  expression: fc.constantFrom('optOut.category == "waiver"', 'optOut.owner != ""'),
  message: fc.constantFrom('only waivers', 'name an owner'),
})

export const arbitrarySpec: fc.Arbitrary<PermitSpec> = record<PermitSpec>({
  effect: fc.constant('permit'),
  controls: fc.constant(['trivy/*']),
  request: people,
  approve: fc.oneof(fc.constant('none' as const), fc.uniqueArray(fc.record({ groups, count }), { minLength: 1, maxLength: 3, selector: (entry) => [...entry.groups].sort().join() })),
  activate: people,
  revoke: optional(fc.record({ groups })) as fc.Arbitrary<{ groups: string[] }>,
  mfa: fc.oneof(fc.constant('none' as const), mfa),
  approverMayActivate: optional(fc.boolean()) as fc.Arbitrary<boolean>,
  wildcards: optional(fc.boolean()) as fc.Arbitrary<boolean>,
  limits: record<PermitSpec['limits']>({
    duration: hours,
    totalDuration: optional(hours) as fc.Arbitrary<Duration>,
    renewals: optional(fc.integer({ min: 0, max: 3 })) as fc.Arbitrary<number>,
    findings: optional(count) as fc.Arbitrary<number>,
    active: optional(count) as fc.Arbitrary<number>,
    uses: optional(count) as fc.Arbitrary<number>,
  }),
  timers: optional(record<NonNullable<PermitSpec['timers']>>({ approval: optional(hours) as fc.Arbitrary<Duration>, activation: optional(hours) as fc.Arbitrary<Duration> })) as fc.Arbitrary<object>,
  requires: optional(record<NonNullable<PermitSpec['requires']>>({
    targets: optional(fc.uniqueArray(fc.constantFrom('repositories' as const, 'environments' as const, 'paths' as const), { minLength: 1 })) as fc.Arbitrary<('repositories' | 'environments' | 'paths')[]>,
    ticket: optional(fc.constantFrom('^INC', '^SEC')) as fc.Arbitrary<string>,
    compensatingControl: optional(fc.boolean()) as fc.Arbitrary<boolean>,
    impact: optional(fc.boolean()) as fc.Arbitrary<boolean>,
    witness: optional(fc.boolean()) as fc.Arbitrary<boolean>,
  })) as fc.Arbitrary<object>,
  conditions: optional(fc.array(condition, { minLength: 1, maxLength: 2 })) as fc.Arbitrary<NonNullable<PermitSpec['conditions']>>,
  emergency: optional(record<NonNullable<PermitSpec['emergency']>>({
    groups, duration: fc.constantFrom(3_600_000 as Duration, 7_200_000 as Duration), mfa, reviewers: groups, reviewWithin: hours, offline: optional(fc.boolean()) as fc.Arbitrary<boolean>,
  })) as fc.Arbitrary<NonNullable<PermitSpec['emergency']>>,
  nativeForms: optional(fc.oneof(fc.constant('self-expiring' as const), fc.record({ allowed: fc.constant(true as const), maxLag: hours }))) as fc.Arbitrary<NonNullable<PermitSpec['nativeForms']>>,
  alerts: optional(fc.uniqueArray(fc.constantFrom('pager', 'chat'), { minLength: 1 })) as fc.Arbitrary<string[]>,
})

const scope = {
  controls: fc.uniqueArray(fc.constantFrom('trivy/*', 'trivy/CVE-1', 'trivy/CVE-2', 'grype/*', '{trivy,grype}/CVE-*', 'grype/CVE-1'), { minLength: 1, maxLength: 2 }),
  environments: optional(fc.uniqueArray(fc.constantFrom('production', 'staging', 'test'), { minLength: 1, maxLength: 2 })),
  severities: optional(fc.uniqueArray(fc.constantFrom(...severities), { minLength: 1, maxLength: 2 })),
}
const present = <T extends object>(part: T) => Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }

/** A policy set's worth of valid policies with names of their own. */
export const arbitraryPolicies: fc.Arbitrary<PlacedPolicy[]> = fc.array(fc.record({
  kind: fc.constantFrom('permit', 'permit', 'permit', 'permit', 'strict', 'strict', 'strict', 'forbid'), scope: fc.record(scope), loose: fc.record({ hours, findings: optional(count), wildcards: fc.boolean() }),
}), { maxLength: 6 }).map((parts) => parts.map(({ kind, scope: { environments, ...rest }, loose }, index) => {
  const name = `policy-${index}`
  const limits = { duration: loose.hours, ...(loose.findings === undefined ? {} : { findings: loose.findings }) }
  const terms = { ...present(rest), limits, wildcards: loose.wildcards, requires: { impact: false } }
  if (kind === 'forbid') return forbid(name, present({ ...rest, environments }))
  if (kind === 'strict') return strict(name, { ...terms, ...(environments === undefined ? {} : { environments }) })
  return permit(name, { ...terms, environments: (environments ?? ['staging']).map((environment) => (environment === 'production' ? 'test' : environment)) })
}))
