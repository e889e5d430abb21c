/** A bundle for Open Policy Agent: active opt-outs as data, and the helper that reads them. */
import type { ActiveOptOut, Instant, PolicySet } from '@exeat/core'
import { helper } from './rego.ts'
import { type Placed, rowsOf } from './rows.ts'

export interface OpaQuestion {
  readonly policySet: PolicySet
  readonly active: readonly ActiveOptOut[]
  /** A repository's id, or `*` for all. */
  readonly audience: string
  readonly origin: string
  /** Entries of the log, and the commit of the policies, that it rests on. */
  readonly size: number
  readonly commit: string
  readonly issuedAt: Instant
  readonly notAfter: Instant
}

export interface OpaFile {
  readonly path: string
  readonly content: string
}

/** Rows of one bundle: OPA holds all of them in memory. */
export const mostRows = 100_000

export type OpaAnswer = { readonly ok: true; readonly files: readonly OpaFile[] } | { readonly ok: false; readonly rows: number }

export function opaFiles({ policySet, active, audience, origin, size, commit, issuedAt, notAfter }: OpaQuestion): OpaAnswer {
  const { id, sources } = policySet.workspace.spec
  const ids = audience === '*' ? undefined : new Set([audience])
  const omitted: { readonly opt_out: string; readonly because: string }[] = []
  const rows: Placed[] = []
  for (const optOut of [...active].sort(byName)) {
    const own = rowsOf(policySet, optOut, ids)
    if (typeof own === 'string') omitted.push({ opt_out: optOut.document.metadata.name, because: own })
    else rows.push(...own)
    if (rows.length > mostRows) return { ok: false, rows: rows.length }
  }
  const repositories = Object.fromEntries(sources.filter(({ repositoryId }) => ids?.has(repositoryId) !== false).map(({ name, repositoryId }) => [name, repositoryId]))
  const bundle = { workspace: id, origin, audience, size, commit, issued_at: issuedAt, not_after: notAfter }
  return { ok: true, files: [
    file('.manifest', { revision: `${commit}.${size}`, roots: ['exeat'], rego_version: 1 }),
    file('exeat/data.json', { bundle, repositories, opt_outs: nested(rows), omitted }),
    { path: 'exeat/exeat.rego', content: helper },
  ] }
}

const byName = (a: ActiveOptOut, b: ActiveOptOut): number => (a.document.metadata.name < b.document.metadata.name ? -1 : 1)

const file = (path: string, value: object): OpaFile => ({ path, content: `${JSON.stringify(value)}\n` })

function nested(rows: readonly Placed[]): object {
  const by = (group: readonly Placed[], key: 'repository' | 'environment' | 'control', then: (inner: readonly Placed[]) => unknown): object =>
    Object.fromEntries([...Map.groupBy(group, (each) => each[key])].map(([name, inner]) => [name, then(inner)]))
  return by(rows, 'repository', (inRepository) => by(inRepository, 'environment', (inEnvironment) => by(inEnvironment, 'control', (inControl) => inControl.map(({ row }) => row))))
}
