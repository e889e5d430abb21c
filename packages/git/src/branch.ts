/** What came to the protected branch under `.exeat`, in the order in which it came: its first-parent history, each commit held against the one before it. */
import type { Instant } from '@exeat/core'
import { gitFailure } from './diagnose.ts'
import { folder, signaturesFolder } from './entries.ts'
import { gitError, shown } from './problem.ts'
import { runGit } from './run.ts'

/** A commit of the branch that changed something under `.exeat`. */
export interface BranchCommit {
  readonly id: string
  /** The branch before it; undefined for the first commit of all. */
  readonly parent?: string
  /** When it was committed, as it says itself; what vouches for it is that it stands on the protected branch. */
  readonly at: Instant
  /** Mail addresses of its author, committer and co-authors, in lower case. */
  readonly people: readonly string[]
  /** Paths begin with `.exeat/`; blobs by id, absent where there was or is no file. */
  readonly changes: readonly Change[]
}

export interface Change {
  readonly path: string
  readonly before?: string
  readonly after?: string
}

const config = [['log.showSignature', 'false'], ['log.showRoot', 'true'], ['log.follow', 'false'], ['log.mailmap', 'false']] as const
const people = '%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)'
const format = `%H%n%P%n%ct%n${people}`
const mostBytes = 64 * 1024 * 1024

/**
 * Newest first.
 * @throws {ExeatError} as `runGit`, and HISTORY_CUT_OFF where the clone is shallow: nobody could tell what came before what, or who wrote it
 */
export async function branchHistory(dir: string, commit: string): Promise<readonly BranchCommit[]> {
  const tooMuch = gitError('GIT_FAILED', `the history of \`${folder}\` has more than ${mostBytes} bytes of changes`)
  const [answer, shallow] = await Promise.all([
    runGit(dir, ['--literal-pathspecs', 'log', '--first-parent', '--diff-merges=first-parent', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', `--format=${format}`,
      '--end-of-options', commit, '--', folder], { config, maxBytes: mostBytes, tooMuch }),
    runGit(dir, ['rev-parse', '--is-shallow-repository']),
  ])
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  if (shallow.stdout.toString('utf8').trim() !== 'false') {
    throw gitError('HISTORY_CUT_OFF', `the history of \`${folder}\` is cut off in this clone, so that nobody can tell what was signed after what, or who wrote it`,
      'run `git fetch --unshallow`; in a pipeline check the branch out with its whole history (`fetch-depth: 0`)')
  }
  return parseHistory(answer.stdout.toString('utf8'))
}

/** A commit and what the branch was after it until its tip, oldest first. @throws {ExeatError} as `runGit` */
export async function branchSince(dir: string, commit: string, tip: string): Promise<readonly string[]> {
  const answer = await runGit(dir, ['rev-list', '--first-parent', '--reverse', '--end-of-options', `^${commit}`, tip], { config, maxBytes: mostBytes })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return [commit, ...answer.stdout.toString('utf8').split('\n').filter((each) => each !== '')]
}

/** For each commit: its header, NUL, then for each change `:modes ids status`, NUL, path, NUL. */
function parseHistory(output: string): readonly BranchCommit[] {
  const commits: (BranchCommit & { readonly changes: Change[] })[] = []
  const words = output.split('\0')
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at] ?? ''
    const change = /^\n?:\d{6} \d{6} ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*$/.exec(word)
    if (change === null) {
      commits.push(commitOf(word))
      continue
    }
    at += 1
    const [, before = '', after = ''] = change
    commits.at(-1)?.changes.push({ path: words[at] ?? '', ...(isNothing(before) ? {} : { before }), ...(isNothing(after) ? {} : { after }) })
  }
  return commits
}

/** Whoever only adds a signature takes no part in what it is about. */
const besidesSignatures = [`:(top,literal)${folder}`, `:(top,exclude,literal)${folder}/${signaturesFolder}`]

/** Addresses of everybody whose commits came with this one and changed something under `.exeat` besides signatures. @throws {ExeatError} as `runGit` */
export async function peopleOf(dir: string, { id, parent }: BranchCommit): Promise<readonly string[]> {
  const range = parent === undefined ? [id] : [id, `^${parent}`]
  const answer = await runGit(dir, ['log', '--full-history', `--format=${people}`, '--end-of-options', ...range, '--', ...besidesSignatures], { config, maxBytes: mostBytes })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return addressesOf(answer.stdout.toString('utf8').split('\n'))
}

const isNothing = (id: string): boolean => /^0+$/.test(id)

function commitOf(header: string): BranchCommit & { readonly changes: Change[] } {
  const [id = '', parents = '', seconds = '', ...addresses] = header.split('\n')
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id) || !/^\d{1,12}$/.test(seconds)) throw gitError('GIT_FAILED', `\`git log\` gave a line that is not understood: \`${shown(header)}\``)
  const [parent = ''] = parents.split(' ')
  return { id, at: (Number(seconds) * 1000) as Instant, people: addressesOf(addresses), changes: [], ...(parent === '' ? {} : { parent }) }
}

/** `Name <address>` or the address alone; in lower case, sorted, each once. */
export function addressesOf(lines: readonly string[]): readonly string[] {
  const addresses = lines.map((line) => (/<([^<>]*)>/.exec(line)?.[1] ?? line).trim().toLowerCase())
  return [...new Set(addresses.filter((address) => address !== ''))].sort()
}
