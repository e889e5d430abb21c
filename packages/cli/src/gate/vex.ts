/** What VEX says of a finding's vulnerability: context for whoever fixes or asks, never an excuse (rule 7). */
import type { Finding, Report, VexStatement } from '@exeat/core'

export interface Said extends VexStatement {
  /** The report that says so. */
  readonly input: string
}

/** Statements about the rule or another id that the tool gives it, and about the finding's resource where both name one. */
export function statementsOn({ rule, aliases = [], resource }: Finding, reports: readonly Report[]): readonly Said[] {
  const ids = new Set([rule, ...aliases])
  return reports.flatMap(({ input, statements }) => statements
    .filter(({ vulnerability, products }) => ids.has(vulnerability) && concerns(products, resource))
    .map((statement) => ({ ...statement, input })))
}

/** A product may be a whole image or repository, which no finding names: only two different packages are told apart. */
function concerns(products: readonly string[], resource: string | undefined): boolean {
  const packages = products.filter((product) => product.startsWith('pkg:'))
  if (packages.length < products.length || packages.length === 0 || resource === undefined || !resource.startsWith('pkg:')) return true
  return packages.some((product) => bare(product) === bare(resource))
}

/** Without qualifiers and subpath (package URL specification). */
const bare = (packageUrl: string): string => packageUrl.replace(/[?#].*$/, '')
