/** Whether a change is known to be no fork's: a tool is run on nothing that strangers send. */
import { readFileSync } from 'node:fs'
import { inCi, type Io } from '../../edge/io.ts'
import { cliError } from '../../edge/problem.ts'

/** @throws {ExeatError} SIMULATION_FORK */
export function refuseForks(head: string | undefined, own: boolean, io: Io): void {
  const known = isForkIn(io)
  if (known === true) throw cliError('SIMULATION_FORK', 'the change is a fork\'s, and no tool is run on what it brings', 'leave `--with` out: recorded findings are replayed all the same')
  if (known === false || own || (head === undefined && !inCi(io))) return
  throw cliError('SIMULATION_FORK', 'nothing shows that the change is no fork\'s', 'if it is your own, say so: `--own`')
}

/** As the job's forge says; undefined where it says nothing. */
function isForkIn({ env }: Io): boolean | undefined {
  const [source, project] = [env['CI_MERGE_REQUEST_SOURCE_PROJECT_ID'], env['CI_MERGE_REQUEST_PROJECT_ID']]
  if (env['GITLAB_CI'] === 'true') return source === undefined || project === undefined ? undefined : source !== project
  const file = env['GITHUB_ACTIONS'] === 'true' ? env['GITHUB_EVENT_PATH'] : undefined
  const { head, base } = file === undefined ? {} : pullRequestIn(file)
  return head?.repo?.id === undefined || base?.repo?.id === undefined ? undefined : head.repo.id !== base.repo.id
}

interface Side { readonly repo?: { readonly id?: number } | null }

function pullRequestIn(file: string): { readonly head?: Side; readonly base?: Side } {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly pull_request?: { readonly head?: Side; readonly base?: Side } }).pull_request ?? {}
  } catch {
    return {}
  }
}
