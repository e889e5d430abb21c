/** What a hook is asked about: the index, or the tip of each ref that a push moves. */
import { type Blob, commitOf, headCommit, hasCommit, pushedVersions, remoteNames, stagedTree, stagedVersions } from '@exeat/git/hook'
import { resolve } from 'node:path'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { parsePush, type Update } from '../review/push.ts'
import { clipped, shown } from '../text/safe.ts'
import type { HookName } from './names.ts'

export interface Subject {
  readonly hook: HookName
  /** For people, foreign text made harmless. */
  readonly title: string
  /** A tree or a commit. */
  readonly tree: string
  /** The commit that a report has to be of; none for what is not committed yet. */
  readonly commit?: string
  versions(): Promise<readonly Blob[]>
}

/** What git gave the hook: its arguments and its standard input. */
export interface Told {
  readonly args: readonly string[]
  readonly input: string
}

/** @throws {ExeatError} PUSH_UNREADABLE, HOOK_SUBJECT, REPOSITORY_DAMAGED, GIT_FAILED */
export async function subjectsOf(hook: HookName, told: Told, io: Io): Promise<readonly Subject[]> {
  switch (hook) {
    case 'pre-commit': return [await staged(hook, io)]
    case 'pre-push': return pushed(hook, prePush(told, io), await knownTo(told.args[0], io), io)
    case 'pre-receive': return pushed(hook, parsePush(told.input), () => Promise.resolve(['--all']), io)
    case 'update': {
      const [ref = '', before = '', after = ''] = told.args
      return pushed(hook, parsePush(`${before} ${after} ${ref}\n`), () => Promise.resolve(['--all']), io)
    }
  }
}

async function staged(hook: HookName, { cwd, env }: Io): Promise<Subject> {
  const index = env['GIT_INDEX_FILE']
  const tree = await stagedTree(cwd, index === undefined ? undefined : resolve(cwd, index))
  return { hook, title: 'what is staged', tree, versions: async () => stagedVersions(cwd, tree, await headCommit(cwd)) }
}

type Known = (update: Update) => Promise<readonly string[]>

async function pushed(hook: HookName, updates: readonly Update[], known: Known, { cwd }: Io): Promise<readonly Subject[]> {
  const subjects: Subject[] = []
  for (const update of updates) {
    const { ref, after } = update
    if (after === undefined) continue
    // oxlint-disable-next-line no-await-in-loop -- told in order; a push has few refs
    const commit = await commitOf(cwd, after)
    if (commit === undefined) throw cliError('HOOK_SUBJECT', `\`${clipped(ref, 120)}\` would point at \`${after.slice(0, 12)}\`, which is no commit, so that no scanner can look at it`, 'push commits, and tags of commits')
    subjects.push({ hook, title: `${shown(ref)} at ${commit.slice(0, 12)}`, tree: commit, commit, versions: async () => pushedVersions(cwd, commit, await known(update)) })
  }
  return sameTogether(subjects)
}

/** A branch and a tag of one commit are looked at once. */
function sameTogether(subjects: readonly Subject[]): readonly Subject[] {
  const byCommit = new Map<string, Subject>()
  for (const subject of subjects) {
    const first = byCommit.get(subject.tree)
    byCommit.set(subject.tree, first === undefined ? subject : { ...first, title: `${first.title}, ${subject.title}` })
  }
  return [...byCommit.values()]
}

/** What the remote has, as far as this clone knows. */
async function knownTo(remote: string | undefined, { cwd }: Io): Promise<Known> {
  const named = remote !== undefined && (await remoteNames(cwd)).includes(remote)
  return async ({ before }) => [...(named ? [`--remotes=${remote}`] : []), ...(before !== undefined && await hasCommit(cwd, before) ? [before] : [])]
}

/** `<local ref> <local id> <remote ref> <remote id>` a line (githooks(5)); nothing where nothing is to be pushed. */
function prePush({ input }: Told, { env }: Io): readonly Update[] {
  if (input === '') return env['PRE_COMMIT'] === '1' ? [ofFramework(env)] : []
  const lines = input.split('\n')
  if (lines.pop() !== '') throw unreadable('standard input does not end with a line', input)
  return lines.map((line) => {
    const [, after = '', ref = '', before = ''] = /^.+ ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\0 ]+) ([0-9a-f]{40}|[0-9a-f]{64})$/.exec(line) ?? []
    if (before.length !== after.length || ref === '') throw unreadable('a line is not `<local ref> <local id> <remote ref> <remote id>`', line)
    return parsePush(`${before} ${after} ${ref}\n`)[0] ?? { ref }
  })
}

/** The pre-commit framework eats standard input, and says in variables which ref is pushed (pre-commit.com, "pre-push"). */
function ofFramework(env: Io['env']): Update {
  const { PRE_COMMIT_TO_REF: after = '', PRE_COMMIT_REMOTE_BRANCH: ref = '' } = env
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(after) || !ref.startsWith('refs/')) throw unreadable('the pre-commit framework does not say what is pushed', `${ref} ${after}`)
  return { ref, after }
}

const unreadable = (why: string, text: string): Error => cliError('PUSH_UNREADABLE', `${why}: \`${clipped(text, 120)}\``, 'call it from the hook, with what git gives it')
