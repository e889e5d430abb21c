import type { Instant } from './instant.ts'

/** Whose report it is. */
export const observationSources = ['github', 'gitlab', 'kubernetes'] as const
export type ObservationSource = (typeof observationSources)[number]

/**
 * What another system reported: that something makes a control weaker (`opened`), or no longer does (`closed`). An absent member is unknown. Texts are the source's, cut
 * and on one line; one that had to be changed is no text to match by, and is left out of `control`, `path` and `resource`.
 */
export interface Observation {
  readonly source: ObservationSource
  readonly change: 'opened' | 'closed'
  /** `code-scanning.dismissed`: of a closed vocabulary, in printable ASCII without spaces. */
  readonly what: string
  /** What it is at its source, the same in every report of it: `code-scanning/1001/7`. Bounded, and unambiguous whatever its parts hold. */
  readonly thing: string
  /** What it now does, where it can change while it stands: another content is told of anew. */
  readonly content?: string
  /** `tool/rule`, the tool as findings spell it; `tool/*`: all of its rules. */
  readonly control?: string
  readonly repository?: { readonly id: string; readonly name?: string }
  readonly environment?: string
  readonly path?: string
  /** Kubernetes `kind/namespace/name`. */
  readonly resource?: string
  readonly actor?: string
  /** The source's own word from its own list: `false positive`. */
  readonly reason?: string
  /** When it happened, as the source dates it; undefined where it does not. */
  readonly at?: Instant
  /** When it ends by itself. */
  readonly ends?: Instant
}
