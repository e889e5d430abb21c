import type { ExcusedBy, Finding, HexDigest, Instant, OptOut, Problem, Terms } from '@exeat/core'
import type { NativeCode } from './codes.ts'

/** Why a finding is excused, and the terms in force for it. */
export interface NativeExcuse {
  readonly by: ExcusedBy
  /** Absent where the document does not stand where it is looked for: an emergency whose document follows. */
  readonly spec?: OptOut['spec']
  readonly terms: Terms
}

/** A finding of the run and what the engine made of it; `excuse` is absent where it is not excused. */
export interface NativeFinding {
  readonly finding: Finding
  readonly control: string
  readonly fingerprint: HexDigest
  readonly excuse?: NativeExcuse
}

export interface NativeQuestion {
  /** Every finding of the run, blocked and passed ones too: no entry may reach them. */
  readonly findings: readonly NativeFinding[]
  readonly now: Instant
}

export interface NativeFile {
  /** Relative, `/` separated. */
  readonly path: string
  readonly content: string
}

export type LossKind = 'coarser' | 'ends-earlier' | 'not-evaluated' | 'ceiling-unwatched' | 'environment-unsaid' | 'repository-unsaid' | 'line-bound'

/** What the tool's format does not keep of an excuse. It never excuses more of this run, or for longer than the lag allows. */
export interface NativeLoss {
  readonly kind: LossKind
  readonly optOut: string
  readonly control: string
  readonly message: string
}

/** One entry of the file. */
export interface NativeEntry {
  readonly optOut: string
  readonly control: string
  readonly fingerprints: readonly HexDigest[]
  /** Of the opt-out. */
  readonly until: Instant
  /** From here on the file excuses nothing; absent where the tool knows no end. */
  readonly ends?: Instant
}

export interface NativeAnswer {
  readonly files: readonly NativeFile[]
  readonly entries: readonly NativeEntry[]
  readonly losses: readonly NativeLoss[]
  /** What could not be expressed; the findings stay blocked by the tool. */
  readonly problems: readonly Problem<NativeCode>[]
  /** When the files must have been written anew; absent where all entries end by themselves. */
  readonly exportAgainBy?: Instant
}

/** Attributes that an entry compares; what it does not name matches anything. */
export type Match = { readonly [K in 'tool' | 'path' | 'resource' | 'image' | 'line']?: Finding[K] } & { readonly rule: string }

export interface Target {
  readonly match: Match
  /** True where no other finding of the tool, now or later, can be meant. */
  readonly exact: boolean
  /** An entry that is tied to a line and a commit is void once either moves. */
  readonly lineBound?: true
  /** What the form needs besides to write the entry. */
  readonly detail?: string
}

export interface Row {
  readonly target: Target
  readonly findings: readonly NativeFinding[]
  readonly excuse: NativeExcuse
  /** From here on it must excuse nothing. */
  readonly ends: Instant
  /** When it must have been written anew. */
  readonly due?: Instant
}

export interface NativeForm {
  /** What `--to` calls it. */
  readonly name: string
  /** The canonical tool whose findings it can suppress; absent: any. */
  readonly tool?: string
  /** False: entries stay until somebody takes them out. */
  readonly selfExpiring: boolean
  /** Of a tool that counts the instant that is written too, or knows seconds alone: what is written for an end; absent: the end itself. */
  last?(ends: Instant): Instant
  /** Whether an entry reaches a finding, for tools that match otherwise than by equal attributes. */
  reaches?(match: Match, finding: Finding): boolean
  /** A record of the run that no tool acts upon: everything stays evaluated. */
  readonly record?: true
  /** The entry for an excused finding, or why there is none: a part of a sentence. */
  target(finding: Finding, excuse: NativeExcuse): Target | string
  /** Always the whole set of files, so that an export without entries takes older ones away. */
  render(rows: readonly Row[], context: RenderContext): readonly NativeFile[]
}

export interface RenderContext extends NativeQuestion {
  readonly exportAgainBy?: Instant
}
