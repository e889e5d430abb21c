/** Everything that governs a run, read from git objects (design §1 rule 5, §4 "Protected ref") or, for authors, from the work tree. */
import { cacheRefusal, readCache, writeCache } from './cache.ts'
import { type CompiledGovernance, toGovernance } from './compiled.ts'
import { gitError, type GitProblem, shown, word } from './problem.ts'
import { type ResolvedRef, resolveProtectedRef } from './ref.ts'
import type { Governance, ReadAtRef, ReadOptions, ReadWorktree } from './types.ts'

/**
 * With a warm cache: two git starts that overlap, one file read, and neither YAML nor schemas loaded.
 * @throws {ExeatError} with every reason why the run is refused: codes of `gitCodes`, of the YAML reader and of the decoders
 */
export async function readGovernance(options: ReadOptions): Promise<Governance> {
  return options.worktree === true ? fromWorktree(options) : fromRef(options)
}

async function fromRef(options: ReadAtRef): Promise<Governance> {
  const { dir, cacheDir } = options
  const source = await resolveProtectedRef(dir, options)
  const refusal = cacheDir === undefined ? undefined : cacheRefusal(cacheDir)
  const usable = refusal === undefined ? cacheDir : undefined
  const cached = usable === undefined ? undefined : readCache(usable, source)
  const compiled = cached ?? await compileTree(dir, source.tree, options)
  if (usable !== undefined && cached === undefined) writeCache(usable, source, compiled)
  refuseOtherBranch(source, compiled)
  return {
    ...withWarning(compiled, refusal),
    source,
    label: labelOf(source),
    cache: usable === undefined ? 'off' : cached === undefined ? 'miss' : 'hit',
  }
}

// Loaded on demand: YAML and schemas cost more than all the rest of a warm run.
async function compileTree(dir: string, tree: string, { sha256 }: ReadOptions): Promise<CompiledGovernance> {
  const [{ readTree }, { compileGovernance }] = await Promise.all([import('./objects.ts'), import('./compile.ts')])
  return compileGovernance(await readTree(dir, tree), sha256)
}

async function fromWorktree({ dir, sha256 }: ReadWorktree): Promise<Governance> {
  const [{ readWorktree, worktreeRoot }, { compileGovernance }] = await Promise.all([import('./worktree.ts'), import('./compile.ts')])
  const root = await worktreeRoot(dir)
  const compiled = compileGovernance(await readWorktree(root), sha256)
  return { ...toGovernance(compiled), source: { kind: 'worktree', root }, label: `work tree \`${shown(root)}\`, committed or not`, cache: 'off' }
}

function withWarning(compiled: CompiledGovernance, warning: GitProblem | undefined): ReturnType<typeof toGovernance> {
  const governance = toGovernance(compiled)
  return warning === undefined ? governance : { ...governance, warnings: [...governance.warnings, warning] }
}

/** A branch governs only if the workspace that stands there says so: whoever names the ref must not choose the policies. */
function refuseOtherBranch(source: ResolvedRef, { workspace }: CompiledGovernance): void {
  if (source.kind === 'commit') return
  const wanted = workspace.document.spec.protectedRef.replace(/^refs\/heads\//, '')
  if (source.branch === wanted) return
  const beside = source.ref.slice(0, -source.branch.length).replace(/^refs\/(?:heads|remotes)\//, '') + wanted
  throw gitError('REF_NOT_PROTECTED', `governance was read from the branch \`${shown(source.branch)}\`, the workspace there names \`${shown(wanted)}\` as its protected ref`,
    `say \`--ref ${word(shown(beside))}\`, or correct \`protectedRef\` by a change to that branch`, workspace.origin)
}

function labelOf(source: ResolvedRef): string {
  const at = source.commit.slice(0, 12)
  return source.kind === 'ref' ? `protected ref \`${shown(source.ref)}\` at ${at}` : `commit ${at}, of no branch`
}
