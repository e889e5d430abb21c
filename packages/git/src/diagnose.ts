/** Why git said no, and the command that helps. Runs only when a run fails, so git starts cost nothing that matters. */
import type { ExeatError } from '@exeat/core/error'
import { gitError, shown, word } from './problem.ts'
import { fetchCommand, originHead, remoteBranch } from './ref-name.ts'
import { type GitAnswer, runGit } from './run.ts'

/** Brings the objects that a filter left out. */
export const refetchCommand = 'git fetch --refetch --no-filter origin'

/** What a failed start of git means. */
export function gitFailure(dir: string, { exit, stderr }: GitAnswer): ExeatError {
  const said = shown(stderr.split('\n').find((each) => /^(fatal|error):/.test(each)) ?? stderr.split('\n')[0] ?? '')
  if (/not a git repository|cannot change to/.test(stderr)) {
    return gitError('REPOSITORY_MISSING', `\`${shown(dir)}\` is not in a git repository`, 'run it inside the repository, or `git init` first')
  }
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    const suggested = /safe\.directory (.+)/.exec(stderr)?.[1]
    return gitError('REPOSITORY_UNTRUSTED', `git does not trust the repository at \`${shown(dir)}\`: another user owns it`,
      `if you trust it: \`git config --global --add safe.directory ${suggested === undefined ? word(dir) : shown(suggested)}\``)
  }
  if (/cannot use bare repository/.test(stderr)) {
    return gitError('REPOSITORY_UNTRUSTED', `git does not trust the bare repository at \`${shown(dir)}\`: \`safe.bareRepository\` is \`explicit\``,
      'run it in a work tree, or with `GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.bareRepository GIT_CONFIG_VALUE_0=all`')
  }
  // A clone with a filter wants to fetch what it lacks, which is not allowed here.
  if (/transport '.*' not allowed|promisor|lazy fetch/.test(stderr)) {
    return gitError('REPOSITORY_DAMAGED', 'this clone was made with a filter and lacks objects that are needed', `run \`${refetchCommand}\``)
  }
  if (/missing object|bad object|unable to read|could not (?:get|read)|corrupt|loose object|packfile|bad tree|not a valid object|Not a valid commit name/.test(stderr)) {
    return gitError('REPOSITORY_DAMAGED', `git cannot read an object: ${said}`, 'see `git fsck`, and fetch the branch again')
  }
  return gitError('GIT_FAILED', `git ended with ${exit}: ${said}`)
}

interface Surroundings {
  readonly refs: ReadonlySet<string>
  readonly remotes: ReadonlySet<string>
  readonly shallow: boolean
  /** Full name of the branch that is checked out. */
  readonly head: string
}

async function surroundings(dir: string): Promise<Surroundings> {
  const [refs, remotes, shallow, head] = await Promise.all([
    runGit(dir, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags', 'refs/remotes'], { maxBytes: 64 * 1024 * 1024 }),
    runGit(dir, ['remote']),
    runGit(dir, ['rev-parse', '--is-shallow-repository']),
    runGit(dir, ['symbolic-ref', '--quiet', 'HEAD']),
  ])
  const lines = ({ stdout }: GitAnswer): Set<string> => new Set(stdout.toString('utf8').split('\n').filter((line) => line !== ''))
  return { refs: lines(refs), remotes: lines(remotes), shallow: shallow.stdout.toString().trim() === 'true', head: head.stdout.toString('utf8').trim() }
}

/** None of the names exists: says what is missing and how to get it. */
export async function missingRef(dir: string, given: string): Promise<ExeatError> {
  const around = await surroundings(dir)
  if (given === originHead) return missingOriginHead(around)
  const tracked = remoteBranch(given)
  return tracked !== undefined && around.remotes.has(tracked.remote) ? missingTracked(given, tracked, around) : missingBranch(given, around)
}

function missingOriginHead({ refs, remotes, head }: Surroundings): ExeatError {
  const message = `this clone has no \`${originHead}\`, so the protected branch is not known`
  const local = ['main', 'master', head.replace('refs/heads/', '')].find((branch) => refs.has(`refs/heads/${branch}`)) ?? 'main'
  if (!remotes.has('origin')) return gitError('REF_MISSING', message, `there is no remote \`origin\`: name the branch that governs: \`--ref ${word(local)}\``)
  const fetched = [...refs].some((ref) => ref.startsWith('refs/remotes/origin/'))
  const command = fetched ? 'git remote set-head origin -a' : 'git fetch origin && git remote set-head origin -a'
  return gitError('REF_MISSING', message, `run \`${command}\`, or name the branch: \`--ref origin/main\``)
}

function missingTracked(given: string, { remote, branch }: { remote: string; branch: string }, { shallow }: Surroundings): ExeatError {
  const clone = shallow ? 'this shallow clone' : 'this clone'
  return gitError('REF_MISSING', `${clone} has no branch \`${shown(given)}\``, `run \`${fetchCommand(remote, branch, shallow)}\``)
}

function missingBranch(given: string, { refs, remotes, shallow, head }: Surroundings): ExeatError {
  const branch = given.replace(/^refs\/heads\//, '')
  if (refs.has(`refs/tags/${branch}`)) {
    return gitError('REF_NOT_A_BRANCH', `\`${shown(given)}\` is a tag, not a branch`, 'name the branch that governs: `--ref main`')
  }
  if (head === `refs/heads/${branch}`) {
    return gitError('REF_UNBORN', `the branch \`${shown(given)}\` has no commit yet`, 'commit the governance documents: `git add .exeat && git commit`')
  }
  const missing = `this ${shallow ? 'shallow ' : ''}clone has no branch \`${shown(given)}\``
  if (refs.has(`refs/remotes/origin/${branch}`)) return gitError('REF_MISSING', missing, `there is \`--ref ${word(`origin/${branch}`)}\``)
  if (remotes.has('origin')) {
    return gitError('REF_MISSING', missing, `run \`${fetchCommand('origin', branch, shallow)}\` and say \`--ref ${word(`origin/${branch}`)}\``)
  }
  const known = [...refs].filter((ref) => ref.startsWith('refs/heads/')).slice(0, 5).map((ref) => `\`${shown(ref.slice(11))}\``)
  return gitError('REF_MISSING', missing, known.length === 0 ? 'this repository has no branch yet' : `there are ${known.join(', ')}`)
}
