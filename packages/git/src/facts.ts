/** What the repository says of a run. Whoever holds the clone can edit all of it, and the provenance says so. */
import type { Fact, Repository } from '@exeat/core'
import { gitFailure } from './diagnose.ts'
import { isShowable } from './problem.ts'
import { runGit } from './run.ts'
import type { GitFacts, GitFactsOptions } from './types.ts'

type Settings = readonly (readonly [key: string, value: string])[]

/**
 * Two git starts that overlap, one where neither the repository nor `dirty` is asked for; a third where `dirty` is.
 * @throws {ExeatError} GIT_MISSING, REPOSITORY_MISSING, REPOSITORY_UNTRUSTED, GIT_FAILED
 */
export async function gitFacts(dir: string, options: GitFactsOptions = {}): Promise<GitFacts> {
  const wantsRepository = options.repository !== false
  const [heads, settings] = await Promise.all([readHead(dir), wantsRepository || options.dirty === true ? readSettings(dir) : []])
  const { commit, branch } = heads
  const repository = wantsRepository ? repositoryFact(settings) : undefined
  const dirty = options.dirty === true && commit !== undefined ? await isDirty(dir, settings) : undefined
  return {
    ...(commit === undefined ? {} : { commit: commitFact(commit, options.protectedCommit) }),
    ...(branch === undefined ? {} : { ref: { value: branch, provenance: 'asserted', from: 'branch that is checked out' } }),
    ...(repository === undefined ? {} : { repository }),
    ...(dirty === undefined ? {} : { dirty }),
  }
}

/** A commit is proven only where it is the one that the protected branch points at; any other is what somebody checked out. */
function commitFact(value: string, protectedCommit: string | undefined): Fact<string> {
  return value === protectedCommit
    ? { value, provenance: 'verified', from: 'protected ref' }
    : { value, provenance: 'asserted', from: 'HEAD of the clone' }
}

/** `--revs-only` keeps git from taking a file of that name for an answer, and from failing where there is no commit yet. */
async function readHead(dir: string): Promise<{ readonly commit?: string; readonly branch?: string }> {
  const answer = await runGit(dir, ['rev-parse', '--revs-only', 'HEAD^{commit}', '--symbolic-full-name', 'HEAD'])
  // 128 without a word: the branch has no commit yet.
  if (answer.exit !== 0 && answer.stderr !== '') throw gitFailure(dir, answer)
  const [commit = '', branch = ''] = answer.stdout.toString('utf8').split('\n')
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return {}
  return { commit, ...(branch.startsWith('refs/heads/') ? { branch } : {}) }
}

/** The URL of `origin` and every filter of the configuration. */
export async function readSettings(dir: string): Promise<Settings> {
  const { stdout } = await runGit(dir, ['config', '-z', '--get-regexp', String.raw`^(remote\.origin\.url|filter\..*\.(clean|process|required))$`])
  return stdout.toString('utf8').split('\0').filter((each) => each !== '').map((each) => {
    const end = each.indexOf('\n')
    return end < 0 ? [each, ''] : [each.slice(0, end), each.slice(end + 1)]
  })
}

/** Configuration that keeps git from running any filter that these settings name. */
export const filtersOff = (settings: Settings): Settings =>
  settings.filter(([key]) => key.startsWith('filter.')).map(([key]) => [key, key.endsWith('.required') ? 'false' : ''] as const)

/**
 * Whether tracked files differ from HEAD. Git would run the clean filters that configuration names on files whose times changed:
 * they are switched off, so a file kept in large file storage can count as changed after its time did.
 */
async function isDirty(dir: string, settings: Settings): Promise<boolean | undefined> {
  const config = filtersOff(settings)
  const answer = await runGit(dir, ['status', '--porcelain=v2', '-z', '--untracked-files=no', '--ignore-submodules=all'], { config, maxBytes: 256 * 1024 * 1024 })
  if (answer.exit === 0) return answer.stdout.length > 0
  if (/must be run in a work tree/.test(answer.stderr)) return undefined
  throw gitFailure(dir, answer)
}

function repositoryFact(settings: Settings): Fact<Repository> | undefined {
  const url = settings.findLast(([key]) => key === 'remote.origin.url')?.[1]
  const name = url === undefined ? undefined : repositoryName(url)
  return name === undefined ? undefined : { value: { name, id: name }, provenance: 'asserted', from: 'URL of the remote `origin`' }
}

/**
 * `acme/payments` of the URL of a forge, in any of git's spellings; undefined for a local path or anything else. Never gives back
 * the user or password that a URL may hold.
 */
export function repositoryName(url: string): string | undefined {
  const remote = /^(?:https?|ssh|git|git\+ssh):\/\/(?:[^/@]*@)?[^/@]+\/(.+)$/i.exec(url) ?? /^(?:[^/@:]+@)?[^/@:]{2,}:(?!\/\/)\/?(.+)$/.exec(url)
  const name = remote?.[1]?.replace(/\/+$/, '').replace(/\.git$/i, '')
  return name !== undefined && name.length <= 512 && isShowable(name) && /^[^/\s?#]+(?:\/[^/\s?#]+)+$/.test(name) ? name : undefined
}
