import type { Instant } from '@exeat/core'

/** Where a suppression stands: each kind is looked for in another way. */
export type SuppressionKind = 'comment' | 'ignore-file' | 'baseline' | 'configuration' | 'exemption' | 'pipeline'

/** One thing that silences a security control, as a repository holds it (design §2, shadow opt-out). */
export interface Suppression {
  /** Canonical name of the tool, or the tool's own name where the table of tools lacks it; `*` where every tool is silenced. */
  readonly tool: string
  /** The tool's rule id as written; `*` for all of them. */
  readonly rule: string
  /** 1-based. */
  readonly line: number
  readonly kind: SuppressionKind
  /** How it is spelled: `nosemgrep`, `checkov:skip`, `continue-on-error`. */
  readonly mark: string
  readonly reason?: string
  /** The end that it states; `at` is absent where the tool does not read it as one, so that it never ends. */
  readonly expires?: { readonly written: string; readonly at?: Instant }
  /** What it silences where that is not the file it stands in: paths as its tool writes them. */
  readonly paths?: readonly string[]
}

/** What a detector finds before its offset is turned into a line. */
export interface Found extends Omit<Suppression, 'line'> {
  /** UTF-16 offset of the mark in the text. */
  readonly offset: number
}
