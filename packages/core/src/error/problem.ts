/** A place in a file, 1-based. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What every error of Exeat carries (design §9). Engines return it in the answer; edges throw `ExeatError`. */
export interface Problem<Code extends string = string> {
  readonly code: Code
  /** One lower-case sentence, no full stop, user input in backticks, both sides of a comparison. */
  readonly message: string
  /** The remedy: what to write or run. */
  readonly hint?: string
  readonly at?: Place
}

/** What a code means to a shell and to HTTP. */
export interface CodeEntry {
  readonly exit: 1 | 2 | 3 | 4 | 64
  readonly http: number
  /** One line for the reference page `docs/errors.md`. */
  readonly summary: string
}

/** Thrown by use cases and edges, never by `decide` or any other engine. */
export class ExeatError extends Error {
  override readonly name = 'ExeatError'
  readonly problems: readonly [Problem, ...Problem[]]

  constructor(problems: readonly [Problem, ...Problem[]], options?: { cause?: unknown }) {
    super(problems[0].message, options)
    this.problems = problems
  }
}
