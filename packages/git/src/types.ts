/** What the git reader answers. `ExeatError` carries every reason a run is refused, with codes of `codes.ts` and of the readers. */
import type {
  Aliases, Fact, HexDigest, OptOutPolicy, OptOutTest, Origin, Problem, Repository, Sha256, StandingOptOut, Workspace,
} from '@exeat/core'

/** A decoded document with its digest, and where it stands. */
export interface PlacedDocument<T> {
  readonly document: T
  readonly digest: HexDigest
  readonly origin: Origin
}

/** A document of kind OptOut that is wrong: refused alone (rule 8). */
export interface RefusedOptOutDocument {
  /** As far as it could be read. */
  readonly name?: string
  readonly origin: Origin
  readonly problems: readonly [Problem, ...Problem[]]
}

/** The branch that governs, at one commit. */
export interface ProtectedRef {
  /** Full name, symbolic refs followed: `refs/remotes/origin/main`. */
  readonly ref: string
  /** Without the remote: `main`. */
  readonly branch: string
  readonly commit: string
  /** Tree id of the folder `.exeat` at that commit. */
  readonly tree: string
}

export type GovernanceSource =
  | ({ readonly kind: 'ref' } & ProtectedRef)
  /** Named by id, no branch: previews alone. */
  | { readonly kind: 'commit'; readonly commit: string; readonly tree: string }
  /** Files as they lie there, committed or not: never authoritative. */
  | { readonly kind: 'worktree'; readonly root: string }

/** All that governs a run. Nothing in it depends on the time of the run. */
export interface Governance {
  readonly source: GovernanceSource
  /** For people: ``protected ref `refs/remotes/origin/main` at 0123456789ab``. */
  readonly label: string
  readonly workspace: PlacedDocument<Workspace>
  readonly policies: readonly PlacedDocument<OptOutPolicy>[]
  readonly aliases: readonly PlacedDocument<Aliases>[]
  readonly tests: readonly PlacedDocument<OptOutTest>[]
  /** Whatever their window says. */
  readonly optOuts: readonly StandingOptOut[]
  readonly refused: readonly RefusedOptOutDocument[]
  /** Problems that refuse no run: impacts that do not count, files that nothing reads, a cache that is not used. */
  readonly warnings: readonly Problem[]
  readonly cache: 'hit' | 'miss' | 'off'
}

interface ReadCommon {
  /** Any folder inside the repository, or a bare repository. */
  readonly dir: string
  readonly sha256: Sha256
}

export interface ReadAtRef extends ReadCommon {
  readonly worktree?: false
  /** `main`, `origin/main` or a full name; absent: what `refs/remotes/origin/HEAD` points at. */
  readonly ref?: string
  /** Lets `ref` be a commit id, for previews. */
  readonly allowCommit?: boolean
  /** Folder of the compiled cache (see `cacheDirectory`); absent: no cache. */
  readonly cacheDir?: string
}

export interface ReadWorktree extends ReadCommon {
  readonly worktree: true
}

export type ReadOptions = ReadAtRef | ReadWorktree

/** What the repository says of a run. Absent: unknown. */
export interface GitFacts {
  /** `verified` where HEAD is the commit of the protected ref, else `asserted`. */
  readonly commit?: Fact<string>
  /** Full name of the branch that is checked out; absent when HEAD is detached. */
  readonly ref?: Fact<string>
  /** Guess from the URL of the remote `origin`: always `asserted`, and its id is the name. */
  readonly repository?: Fact<Repository>
  /** Only where asked for: tracked files differ from HEAD. */
  readonly dirty?: boolean
}

export interface GitFactsOptions {
  /** Commit of the protected ref, where it has been resolved. */
  readonly protectedCommit?: string
  /** Compares tracked files with HEAD, which takes time in a large tree. */
  readonly dirty?: boolean
  /** False: the repository is known already, which saves a git start. */
  readonly repository?: boolean
}
