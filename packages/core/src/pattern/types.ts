/**
 * A compiled pattern of the dialect of design §9: `*`, `**`, `?`, `{a,b}`; everything else is literal (also `[`, `(`, `!`, `\`, which rule
 * ids, Terraform addresses and paths really contain); case-sensitive; `?` takes one code point; braces are not nested.
 * In paths `*` and `?` stop at `/`, and `**` stands alone between slashes and takes any number of segments; `a/**` is what lies under `a`.
 * Names (rule ids, resources) have no separator: `*` takes any run, and `**` says no more than `*`.
 */
export interface Pattern {
  readonly source: string
  readonly kind: 'name' | 'path'
  /** The alternatives of its braces; one where it has none. */
  readonly alternatives: readonly string[]
  matches(text: string): boolean
}
