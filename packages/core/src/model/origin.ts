/** Where a document stands, for people: every reason names the document it comes from. */
export interface Origin {
  /** Path inside the repository: `.exeat/policies/production.yaml`. */
  readonly file: string
  /** 1-based. */
  readonly line: number
  /** 1-based, in characters. */
  readonly column: number
  /** Name of the source repository; absent for the governance repository. */
  readonly source?: string
}
