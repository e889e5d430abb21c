/** Documents as decoders give them, for tests that need no YAML. */
import type { OptOut, OptOutPolicy, PermitSpec, Workspace } from '../../src/document/schema.ts'
import { parseDuration, parseInstant } from '../../src/document/time.ts'
import type { Duration, Instant } from '../../src/model/instant.ts'
import type { Met, StandingOptOut } from '../../src/model/optout.ts'
import type { PolicySet, Terms } from '../../src/policy/types.ts'
import { compilePolicySet, type PolicySource } from '../../src/policy/compile.ts'
import type { Placed, PlacedPolicy } from '../../src/policy/validate.ts'
import { celEngine } from '../../src/condition/cel.ts'
import { re2Engine } from '../../src/condition/re2.ts'

export const at = (text: string): Instant => {
  const value = parseInstant(text)
  if (value === undefined) throw new Error(`no instant: ${text}`)
  return value
}

export const lasting = (text: string): Duration => {
  const value = parseDuration(text)
  if (value === undefined) throw new Error(`no duration: ${text}`)
  return value
}

export type PermitPart = Partial<Omit<PermitSpec, 'effect'>>

export const openSpec: PermitSpec = {
  effect: 'permit', controls: ['trivy/*'], environments: ['staging'], request: 'anyone', approve: 'none', activate: 'anyone', mfa: 'none',
  limits: { duration: lasting('14d') },
}

export const strictSpec: PermitSpec = {
  effect: 'permit', controls: ['trivy/*'], environments: ['production'], request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 1 }],
  activate: { groups: ['engineering', 'sre'] }, mfa: { evidence: 'user-signed' }, limits: { duration: lasting('14d') },
}

const placed = <T>(document: T, name: string): Placed<T> => ({ document, digest: '0'.repeat(64), origin: { file: `.exeat/policies/${name}.yaml`, line: 1, column: 1 } })

const policy = (name: string, spec: OptOutPolicy['spec']): PlacedPolicy =>
  placed({ apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name }, spec }, name)

/** A permit for staging that asks for nothing but a duration, changed as told. */
export const permit = (name: string, part: PermitPart = {}): PlacedPolicy => policy(name, { ...openSpec, ...part })
/** A permit for production that asks for people and a factor, changed as told. */
export const strict = (name: string, part: PermitPart = {}): PlacedPolicy => policy(name, { ...strictSpec, ...part })
export const forbid = (name: string, part: Partial<Extract<OptOutPolicy['spec'], { effect: 'forbid' }>> = {}): PlacedPolicy =>
  policy(name, { effect: 'forbid', controls: ['trivy/*'], ...part })

export const workspace = (part: Partial<Workspace['spec']> = {}): Placed<Workspace> => placed({
  apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'acme' },
  spec: {
    id: 'acme', protectedRef: 'main', sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1', may: ['optOuts'] }],
    environments: [
      { name: 'production', protected: true, proof: 'workload' },
      { name: 'staging', proof: 'asserted' },
      { name: 'test', proof: 'asserted' },
      { name: 'canary', proof: 'workload' },
    ],
    ...part,
  },
}, 'workspace')

export const aliases = (name: string, controls: string[][]): NonNullable<PolicySource['aliases']>[number] =>
  placed({ apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name }, spec: { controls } }, name)

export const compile = (policies: readonly PlacedPolicy[], part: Partial<PolicySource> = {}) =>
  compilePolicySet({ workspace: workspace(), policies, conditionEngine: celEngine(), regexEngine: re2Engine, ...part })

export function setOf(policies: readonly PlacedPolicy[], part: Partial<PolicySource> = {}): PolicySet {
  const answer = compile(policies, part)
  if (!answer.ok) throw new Error(answer.problems.map((problem) => `${problem.code}: ${problem.message}`).join('\n'))
  return answer.set
}

export type OptOutPart = Partial<OptOut['spec']> & { readonly name?: string }

export function optOut(part: OptOutPart = {}): OptOut {
  const { name = 'hotfix', ...spec } = part
  return {
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
    spec: {
      controls: ['trivy/CVE-2021-44228'], targets: { environments: ['staging'] }, category: 'waiver', reason: 'The fix breaks start-up', owner: 'alice@acme.example',
      window: { from: at('2026-11-22T10:00:00Z'), until: at('2026-11-24T10:00:00Z') }, limits: { findings: 3 }, ...spec,
    },
  }
}

export const standing = (part: OptOutPart = {}, impact: ReadonlySet<string> | null = new Set()): StandingOptOut => ({
  document: optOut(part), digest: 'a'.repeat(64), uid: 'b'.repeat(64), origin: { file: '.exeat/opt-outs.yaml', line: 1, column: 1 }, ...(impact === null ? {} : { impact }),
})

export const nobody: Met = { evidence: 'none', approvers: [], requester: [], activator: [] }

/** Terms for the subject, which must be permitted. */
export function termsOf(set: PolicySet, subject: Parameters<PolicySet['termsFor']>[0]): Terms {
  const answer = set.termsFor(subject)
  if (answer.kind !== 'permitted') throw new Error(`${answer.because.code}: ${answer.because.message}`)
  return answer.terms
}
