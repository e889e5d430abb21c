/** One scan: the tree, its suppressions, who wrote them, what covers them, and which a change adds. */
import { formatInstant, type Instant } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ScannedSuppression, ScanResult } from '@exeat/core/wire'
import { gitFacts } from '@exeat/git'
import type { Blamed } from '@exeat/git/scan'
import { cliError } from '../edge/problem.ts'
import { summaryOf } from './answer.ts'
import { blameHits } from './blame.ts'
import { coverOf, type Declarations, readDeclarations } from './cover.ts'
import { addedSince, type Difference } from './diff.ts'
import { listTree } from './files.ts'
import { findInTree, type Hit } from './find.ts'

export interface ScanOptions {
  readonly path: string
  readonly diff?: string
  readonly fail: boolean
  /** Undefined: as many files as a run that did not ask may take. */
  readonly blame?: boolean
  readonly vendored: boolean
  readonly repo?: string
}

export type Progress = (what: string, done: number, all: number) => void

/** @throws {ExeatError} SCAN_PATH, SCAN_NO_BASE, and every reason why the base or `.exeat/` cannot be read */
export async function scan(cwd: string, options: ScanOptions, now: Instant, progress: Progress): Promise<ScanResult> {
  const tree = await listTree(cwd, options.path)
  if (options.diff !== undefined && !tree.git) throw cliError('SCAN_NO_BASE', '`--diff` compares with a commit, and this is no work tree of git', 'leave it out, or run it in a clone')
  const { hits, counts } = findInTree(tree, options.vendored, (done, all) => { progress('files', done, all) })
  const difference = options.diff === undefined ? undefined : await addedSince(tree.root, options.diff, hits, tree.paths, options.vendored)
  const blame = tree.git && options.blame !== false ? await blameHits(tree.root, hits, options.blame === true, (done, all) => { progress('blamed', done, all) }) : undefined
  // A change is judged by what stands where it wants to go, never by what it brings (design, rule 5).
  const declarations = await readDeclarations(tree.root, difference?.tip)
  const repository = options.repo ?? (tree.git ? await nameOf(tree.root) : undefined) ?? declarations.source
  const suppressions = hits.map((hit) => told(hit, { blamed: blame?.of(hit), declarations, repository, now, difference }))
  const summary = summaryOf(suppressions, now, difference !== undefined)
  const exit = (summary.added ?? 0) > 0 || (options.fail && summary.uncovered > 0) ? 2 : 0
  return {
    schemaVersion: 1, kind: 'ScanResult', exit, at: formatInstant(now), root: tree.root, git: tree.git,
    ...(difference === undefined || options.diff === undefined ? {} : { base: { ref: options.diff, tip: difference.tip, mergeBase: difference.mergeBase } }),
    suppressions, summary, scanned: { ...counts, unblamed: blame?.left ?? 0 },
  }
}

async function nameOf(root: string): Promise<string | undefined> {
  try {
    return (await gitFacts(root)).repository?.value.name
  } catch (error) {
    if (error instanceof ExeatError) return undefined
    throw error
  }
}

interface Context {
  readonly blamed: Blamed | undefined
  readonly declarations: Declarations
  readonly repository: string | undefined
  readonly now: Instant
  readonly difference: Difference | undefined
}

function told(hit: Hit, { blamed, declarations, repository, now, difference }: Context): ScannedSuppression {
  const { tool, rule, path, line, kind, mark, reason, expires, paths } = hit
  const optOut = coverOf(hit, declarations, repository, now)
  return {
    tool, rule, path, line, kind, mark,
    ...(reason === undefined ? {} : { reason }),
    ...(expires === undefined ? {} : { expires: { written: expires.written, ...(expires.at === undefined ? {} : { at: formatInstant(expires.at) }) } }),
    ...(paths === undefined ? {} : { paths: [...paths] }),
    ...(blamed === undefined ? {} : { author: blamed.author, commit: blamed.commit, since: formatInstant(blamed.at) }),
    ...(optOut === undefined ? {} : { optOut }),
    ...(difference === undefined ? {} : { added: difference.added.has(hit) }),
  }
}
