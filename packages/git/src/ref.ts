/** The protected ref (design §4): which branch governs, and what stands there. */
import type { ProtectedRef } from './types.ts'
import { gitFailure, missingRef, refetchCommand } from './diagnose.ts'
import { gitError, shown } from './problem.ts'
import { branchOf, originHead, type Wanted, wantedRef } from './ref-name.ts'
import { runGit } from './run.ts'
import { ExeatError } from '@exeat/core/error'

export interface RefOptions {
  /** `main`, `origin/main` or a full name; absent: what `refs/remotes/origin/HEAD` points at. */
  readonly ref?: string
  /** Lets `ref` be a commit id, for previews. */
  readonly allowCommit?: boolean
}

export type ResolvedRef = ({ readonly kind: 'ref' } & ProtectedRef) | { readonly kind: 'commit'; readonly commit: string; readonly tree: string }

/**
 * Resolves the branch once, so that a fetch in between changes nothing, and finds the tree of `.exeat` in its commit.
 * Two git starts that overlap; more only to explain a failure.
 * @throws {ExeatError} any of `gitCodes` that speaks of git, the repository, the ref, or `.exeat` itself
 */
export async function resolveProtectedRef(dir: string, options: RefOptions = {}): Promise<ResolvedRef> {
  const wanted = wantedRef(options.ref)
  if (wanted.kind === 'refused') throw new ExeatError([wanted.problem])
  if (wanted.kind === 'commit') {
    if (options.allowCommit !== true) {
      throw gitError('REF_NOT_A_BRANCH', `\`${wanted.id}\` is a commit id, not a branch`, 'name the branch that governs: `--ref main`; only a preview takes a commit id')
    }
    return { kind: 'commit', commit: wanted.id, tree: await governanceTree(dir, Promise.resolve(wanted.id)) }
  }
  const found = findBranch(dir, wanted)
  const [tip, tree] = await Promise.all([found, governanceTree(dir, found.then(({ commit }) => commit))])
  return { kind: 'ref', ...tip, tree }
}

interface Ref {
  readonly name: string
  readonly id: string
  readonly type: string
  readonly target: string
}

async function findBranch(dir: string, { given, candidates }: Wanted & { kind: 'branch' }): Promise<Omit<ProtectedRef, 'tree'>> {
  const answer = await runGit(dir, ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(objecttype)%00%(symref)', '--', ...candidates])
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const refs = answer.stdout.toString('utf8').split('\n').filter((line) => line !== '').map((line): Ref => {
    const [name = '', id = '', type = '', target = ''] = line.split('\0')
    return { name, id, type, target }
  }).filter(({ name }) => candidates.includes(name))
  const [found, other] = refs
  if (found === undefined) throw await missingRef(dir, given)
  if (other !== undefined) {
    throw gitError('REF_AMBIGUOUS', `\`${shown(given)}\` is a local branch and a remote one`, `write \`${shown(found.name)}\` or \`${shown(other.name)}\``)
  }
  return tipOf(found)
}

function tipOf({ name, id, type, target }: Ref): Omit<ProtectedRef, 'tree'> {
  if (type !== 'commit') throw gitError('REF_NOT_A_BRANCH', `\`${shown(name)}\` is a ${shown(type)}, not a branch`, 'name the branch that governs: `--ref main`')
  const ref = target === '' ? name : target
  const branch = name === originHead && !ref.startsWith('refs/remotes/origin/') ? undefined : branchOf(ref)
  if (branch === undefined) {
    throw gitError('REF_NOT_A_BRANCH', `\`${shown(name)}\` points at ${target === '' ? 'a commit' : `\`${shown(target)}\``}, not at a branch of its remote`,
      'run `git remote set-head origin -a`, or name the branch: `--ref origin/main`')
  }
  return { ref, branch, commit: id }
}

/** Tree id of `.exeat` in a commit. `commit` may still be on its way: git starts meanwhile. */
async function governanceTree(dir: string, commit: Promise<string>): Promise<string> {
  const input = commit.then((id) => `${id}^{tree}\n${id}:.exeat\n`)
  const answer = await runGit(dir, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input })
  const id = await commit
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const [root = '', folder = ''] = answer.stdout.toString('utf8').split('\n')
  if (!root.endsWith(' tree')) {
    throw gitError('REPOSITORY_DAMAGED', `commit \`${id}\` or its tree is not in this clone`, `in a clone with a filter: \`${refetchCommand}\`; else fetch the branch again`)
  }
  const match = /^([0-9a-f]{40}|[0-9a-f]{64}) (\w+)$/.exec(folder)
  if (match === null) {
    throw gitError('GOVERNANCE_MISSING', `commit \`${id.slice(0, 12)}\` has no \`.exeat\` folder`, 'run `exeat init`, and merge what it writes into the protected branch')
  }
  if (match[2] !== 'tree') {
    throw gitError('GOVERNANCE_ENTRY_REFUSED', `\`.exeat\` at commit \`${id.slice(0, 12)}\` is not a folder`, 'governance must be plain files in a folder of the repository')
  }
  return match[1] as string
}
