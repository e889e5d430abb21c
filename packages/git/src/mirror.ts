/** A bare copy of one branch of a remote repository: what governs where it is kept elsewhere. */
import { mkdir } from 'node:fs/promises'
import { gitFailure } from './diagnose.ts'
import { gitError, shown } from './problem.ts'
import { runGit } from './run.ts'

/** What may be spoken to a remote. */
const protocols = ['https', 'ssh', 'file']

/** Nothing asks, nothing runs on its own, nothing is fetched beside the branch. */
const config = [
  ['core.askPass', ''], ['core.sshCommand', 'ssh -oBatchMode=yes -oConnectTimeout=20'], ['gc.auto', '0'], ['maintenance.auto', 'false'],
  ['fetch.recurseSubmodules', 'false'], ['fetch.writeCommitGraph', 'false'], ['http.lowSpeedLimit', '1000'], ['http.lowSpeedTime', '30'],
] as const

export interface MirrorOptions {
  /** `https://`, `ssh://`, `file://` or `user@host:path`. */
  readonly url: string
  /** The mirror's own folder; made where it is missing. */
  readonly dir: string
  /** The branch, without `refs/heads/`; absent: the one that the remote calls its own. */
  readonly branch?: string
  /** Longest that the remote may take, in milliseconds; a minute unless told. */
  readonly patience?: number
}

/** Whether the text names a remote repository and no folder. */
export const isRemote = (text: string): boolean => /^[a-z][a-z0-9+.-]+:/i.test(text) || /^[^/\s@]+@[^/\s:]+:/.test(text)

/**
 * Brings the branch in the mirror to where it stands at the remote, wherever that is, and gives its full name there. A failure leaves the mirror as it was.
 * @throws {ExeatError} REMOTE_REFUSED, GIT_TIMEOUT, GIT_FAILED and what else git answers
 */
export async function fetchMirror(options: MirrorOptions): Promise<{ readonly ref: string }> {
  const { url, dir } = options
  refuseOthers(url)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await git(options, ['init', '--quiet', '--bare'])
  const branch = options.branch ?? await branchOfRemote(options)
  const ref = `refs/heads/${branch}`
  await git(options, ['fetch', '--quiet', '--prune', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--end-of-options', url, `+${ref}:${ref}`])
  return { ref }
}

function refuseOthers(url: string): void {
  const known = /^(?:https|ssh):\/\/[^/-]|^file:\/\/\/|^[^/\s@:-][^/\s@:]*@[^/\s:-][^/\s:]*:(?!:)/.test(url)
  if (known && !/[\p{Cc}\s]/u.test(url)) return
  throw gitError('REMOTE_REFUSED', `\`${withoutSecrets(url)}\` is no repository that is spoken to`, 'write `https://…`, `ssh://…`, `file:///…` or `user@host:path`')
}

/** The branch that the remote's HEAD points at. */
async function branchOfRemote(options: MirrorOptions): Promise<string> {
  const said = await git(options, ['ls-remote', '--symref', '--end-of-options', options.url, 'HEAD'])
  const branch = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(said)?.[1]
  if (branch === undefined) throw gitError('REF_UNBORN', `\`${withoutSecrets(options.url)}\` does not say which branch is its own`, 'name the branch that governs')
  return branch
}

async function git({ dir, url, patience = 60_000 }: MirrorOptions, args: readonly string[]): Promise<string> {
  const answer = await runGit(dir, args, { config, protocols, patience })
  if (answer.exit === 0) return answer.stdout.toString('utf8')
  if (/transport '.*' not allowed/.test(answer.stderr)) throw gitError('REMOTE_REFUSED', `\`${withoutSecrets(url)}\` is reached by a transport that is not allowed`)
  throw gitFailure(dir, { ...answer, stderr: answer.stderr.replaceAll(url, withoutSecrets(url)) })
}

/** Never repeats the user or password that a URL may hold. */
const withoutSecrets = (url: string): string => shown(url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1'))
