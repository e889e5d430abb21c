/**
 * A compiled pattern of the dialect of design §9: `*`, `**`, `?`, `{a,b}`; everything else is literal; case-sensitive.
 * In paths `*` and `?` stop at `/` and `**` crosses it; rule ids and resources have no separator, so `*` takes any run.
 */
export interface Pattern {
  readonly source: string
  matches(text: string): boolean
}
