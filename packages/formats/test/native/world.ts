/** Findings and excuses for the native forms. */
import type { Duration, ExcusedBy, Finding, Instant, OptOut, Terms } from '@exeat/core'
import type { NativeExcuse, NativeFinding } from '../../src/native/index.ts'

export const now = Date.UTC(2026, 10, 23, 12) as Instant
export const until = Date.UTC(2026, 11, 31) as Instant
export const day = 86_400_000 as Duration

export interface How {
  readonly name?: string
  readonly until?: Instant
  readonly reason?: string
  readonly controls?: OptOut['spec']['controls']
  readonly category?: ExcusedBy['category']
  readonly targets?: OptOut['spec']['targets']
  readonly limits?: OptOut['spec']['limits']
  /** Of `nativeForms: allowed`; absent: self-expiring. */
  readonly maxLag?: Duration
  readonly impact?: boolean
  readonly atDecide?: boolean
  readonly unlogged?: true
}

const sourced = <T>(value: T): { readonly value: T; readonly policies: readonly string[] } => ({ value, policies: ['policy'] })

export function excuse(how: How = {}): NativeExcuse {
  const { name = 'hotfix', category = 'waiver', reason = 'the fix is being rebuilt' } = how
  const by: ExcusedBy = {
    name, uid: 'a'.repeat(64) as ExcusedBy['uid'], until: how.until ?? until, category, reason, owner: 'alice@acme.example', evidence: 'user-signed',
    origin: { file: '.exeat/hotfix.yaml', line: 1, column: 1 }, ...(how.unlogged === undefined ? {} : { unlogged: how.unlogged }),
  }
  const spec: OptOut['spec'] = {
    controls: how.controls ?? ['trivy/*'], category: category as OptOut['spec']['category'], reason, owner: by.owner, window: { from: 0 as Instant, until: by.until },
    ...(how.targets === undefined ? {} : { targets: how.targets }), ...(how.limits === undefined ? {} : { limits: how.limits }),
  }
  return { by, spec, terms: terms(how) }
}

export const terms = ({ maxLag, impact = false, atDecide = false }: How): Terms => ({
  policies: ['policy'], request: sourced('anyone'), approve: [], activate: sourced('anyone'), mfa: sourced('none'), approverMayActivate: sourced(false), wildcards: sourced(false),
  limits: { duration: sourced(day) }, timers: {},
  requires: { targets: sourced([]), tickets: [], compensatingControl: sourced(false), impact: sourced(impact), findingsLimit: sourced(!impact), witness: sourced(false) },
  conditions: atDecide ? [sourced({ at: 'decide', expression: 'true', message: 'always' })] : [],
  nativeForms: sourced(maxLag === undefined ? 'self-expiring' : { allowed: true, maxLag }), alerts: [],
})

let count = 0
export function native(part: Partial<Finding>, granted?: NativeExcuse): NativeFinding {
  const finding: Finding = { tool: 'trivy', rule: 'CVE-2021-44228', title: 'a flaw', ...part }
  const fingerprint = (count++).toString(16).padStart(64, '0') as NativeFinding['fingerprint']
  return { finding, control: `${finding.tool}/${finding.rule}`, fingerprint, ...(granted === undefined ? {} : { excuse: granted }) }
}
