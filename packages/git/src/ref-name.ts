/** Names of refs as people give them. Pure. */
import { type GitProblem, gitProblem, isShowable, shown, word } from './problem.ts'

export const originHead = 'refs/remotes/origin/HEAD'

export type Wanted =
  /** Full names; one of them must exist. */
  | { readonly kind: 'branch'; readonly given: string; readonly candidates: readonly string[] }
  | { readonly kind: 'commit'; readonly id: string }
  | { readonly kind: 'refused'; readonly problem: GitProblem }

const pseudo = /^(?:[A-Z]+_)?HEAD$/

/**
 * What a `--ref` means: a full name, a local branch, or a remote-tracking branch. Git's own guessing is not used, as it would take a tag
 * `main` before the branch `main`, and tags are open to people whom the protection of a branch keeps out.
 */
export function wantedRef(given: string | undefined): Wanted {
  if (given === undefined) return { kind: 'branch', given: originHead, candidates: [originHead] }
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(given)) return { kind: 'commit', id: given.toLowerCase() }
  if (pseudo.test(given) || given === '@') {
    return refused('REF_NOT_A_BRANCH', `\`${given}\` is what is checked out or was fetched last, not a branch`, 'name the branch that governs: `--ref main`')
  }
  if (!isRefName(given)) {
    return refused('REF_INVALID', `\`${shown(given)}\` is no ref name`, 'name a branch: `--ref main` or `--ref origin/main` (see `git help check-ref-format`)')
  }
  if (!given.startsWith('refs/')) {
    const candidates = given.includes('/') ? [`refs/heads/${given}`, `refs/remotes/${given}`] : [`refs/heads/${given}`]
    return { kind: 'branch', given, candidates }
  }
  return /^refs\/(?:heads\/|remotes\/[^/]+\/)./.test(given)
    ? { kind: 'branch', given, candidates: [given] }
    : refused('REF_NOT_A_BRANCH', `\`${shown(given)}\` is not a branch`, 'branches begin with `refs/heads/` or `refs/remotes/`')
}

const refused = (code: 'REF_INVALID' | 'REF_NOT_A_BRANCH', message: string, hint: string): Wanted =>
  ({ kind: 'refused', problem: gitProblem(code, message, hint) })

/** The rules of `git check-ref-format --branch`, and nothing that cannot be shown or is a blank of any script. */
function isRefName(name: string): boolean {
  if (name === '' || name.length > 1024 || name.startsWith('-') || !isShowable(name)) return false
  if (/[\s~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$/.test(name)) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Branch name without the remote; undefined for anything that is no branch, `HEAD` of a remote included. */
export function branchOf(ref: string): string | undefined {
  const branch = /^refs\/(?:heads\/|remotes\/[^/]+\/)(.+)$/.exec(ref)?.[1]
  return branch === undefined || (branch === 'HEAD' && ref.startsWith('refs/remotes/')) ? undefined : branch
}

/** Remote and branch of a remote-tracking name, however it is spelled. */
export function remoteBranch(name: string): { readonly remote: string; readonly branch: string } | undefined {
  const match = /^(?:refs\/remotes\/)?([^/]+)\/(.+)$/.exec(name)
  return name.startsWith('refs/heads/') || match === null ? undefined : { remote: match[1] as string, branch: match[2] as string }
}

/** The command that brings a branch into a clone, whatever its refspec covers. */
export const fetchCommand = (remote: string, branch: string, shallow: boolean): string =>
  `git fetch ${shallow ? '--depth=1 ' : ''}${word(remote)} ${word(`+refs/heads/${branch}:refs/remotes/${remote}/${branch}`)}`
