/** Recorded runs in place of files: fetched from the server, each put into a file of this run alone, so that they are replayed as any report is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDuration } from '@exeat/core'
import type { RecordedRun, RunsQuery } from '@exeat/core/wire'
import { readingClient } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import type { SimulateQuestion } from './question.ts'

export interface HistoryFlags {
  readonly server?: string
  readonly since?: string
  readonly repo?: string
  readonly env?: readonly string[]
}

export interface History {
  readonly files: readonly string[]
  readonly groups: NonNullable<SimulateQuestion['groups']>
  /** For the answer. */
  readonly told: { readonly runs: number; readonly asserted: number; readonly from: string; readonly until: string }
  remove(): void
}

const usual = '30d'
/** Reports that one simulation replays. */
const mostReports = 1000

/** @throws {ExeatError} USAGE, INPUT_NONE, and what the server refuses */
export async function historyOf(flags: HistoryFlags, io: Io): Promise<History> {
  const client = readingClient(flags, io)
  const since = new Date(io.now - sinceOf(flags.since)).toISOString()
  const runs: RecordedRun[] = []
  for (let after: string | undefined, more = true; more;) {
    const query: RunsQuery = { since, ...(flags.repo === undefined ? {} : { repository: flags.repo }), ...(after === undefined ? {} : { after }) }
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page = await client.runs(query)
    runs.push(...page.runs.filter(({ environment }) => flags.env === undefined || (environment !== undefined && flags.env.includes(environment))))
    after = page.next
    more = after !== undefined
  }
  const reports = runs.reduce((sum, each) => sum + each.reports.length, 0)
  const [first] = runs
  if (first === undefined) throw cliError('INPUT_NONE', `the server has recorded no run since ${since}`, 'let gates record them: `exeat gate --record`; or go back further: `--since 90d`')
  if (reports > mostReports) throw cliError('USAGE', `${runs.length} runs of ${reports} reports were recorded since ${since}, and ${mostReports} reports are replayed together`, 'take fewer: `--since 7d`, `--repo`, `--env`')
  const folder = mkdtempSync(join(tmpdir(), 'exeat-history-'))
  const remove = (): void => { rmSync(folder, { recursive: true, force: true }) }
  try {
    const files: string[] = []
    for (const [index, run] of runs.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one run in memory at a time
      const { reports: sent } = await client.runReports(run.id)
      sent.forEach(({ base64 }, at) => {
        const file = join(folder, `${index}-${at}`)
        writeFileSync(file, Buffer.from(base64, 'base64'), { flag: 'wx', mode: 0o600 })
        files.push(file)
      })
      if (sent.length !== run.reports.length) throw cliError('INPUT_UNREADABLE', `the recorded run \`${run.id}\` came with ${sent.length} reports of ${run.reports.length}`, 'report it')
    }
    return { files, groups: runs.map(groupOf), told: { runs: runs.length, asserted: runs.filter(({ proven }) => !proven).length, from: first.at, until: runs.at(-1)?.at ?? first.at }, remove }
  } catch (error) {
    remove()
    throw error
  }
}

const groupOf = ({ repository, environment, root, reports }: RecordedRun): History['groups'][number] => ({
  repository: repository.name, ...(environment === undefined ? {} : { environment }), ...(root === undefined ? {} : { root }), formats: reports.map(({ format }) => format ?? null),
})

/** Milliseconds. @throws {ExeatError} USAGE */
function sinceOf(text: string = usual): number {
  const span = parseDuration(text)
  if (span === undefined) throw cliError('USAGE', `\`--since ${text}\` is no duration`, 'write it in minutes, hours or days: `--since 30d`')
  return span
}
