/** Recorded runs in place of files: fetched from the server, each put into a file of this run alone, so that they are replayed as any report is. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiClient } from '@exeat/client'
import { parseDuration } from '@exeat/core'
import type { RecordedRun, RunReports, RunsQuery } from '@exeat/core/wire'
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

/** @throws {ExeatError} USAGE, INPUT_NONE, INPUT_UNREADABLE, and what the server refuses */
export async function historyOf(flags: HistoryFlags, io: Io): Promise<History> {
  const client = readingClient(flags, io)
  const since = new Date(io.now - sinceOf(flags.since)).toISOString()
  const runs = await listedSince(since, flags, client)
  const [first] = runs
  if (first === undefined) throw cliError('INPUT_NONE', `the server has recorded no run since ${since}`, 'let gates record them: `exeat gate --record`; or go back further: `--since 90d`')
  const folder = mkdtempSync(join(tmpdir(), 'exeat-history-'))
  const remove = (): void => { rmSync(folder, { recursive: true, force: true }) }
  try {
    const files: string[] = []
    for (const [index, run] of runs.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one run in memory at a time
      for (const [at, bytes] of bytesOf(run, await client.runReports(run.id)).entries()) {
        const file = join(folder, `${index}-${at}`)
        writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 })
        files.push(file)
      }
    }
    return { files, groups: runs.map(groupOf), told: { runs: runs.length, asserted: runs.filter(({ proven }) => !proven).length, from: first.at, until: runs.at(-1)?.at ?? first.at }, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** The oldest first. A server that answers without end, or with what was not asked for, is not followed. */
async function listedSince(since: string, { repo, env }: HistoryFlags, client: Pick<ApiClient, 'runs'>): Promise<readonly RecordedRun[]> {
  const runs: RecordedRun[] = []
  let reports = 0
  for (let after: string | undefined, more = true; more;) {
    const query: RunsQuery = { since, ...(repo === undefined ? {} : { repository: repo }), ...(after === undefined ? {} : { after }) }
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page = await client.runs(query)
    for (const run of page.runs) {
      if (run.at < since || (repo !== undefined && run.repository.name !== repo)) {
        throw unreadable(`the server lists the run \`${run.id}\` of \`${run.repository.name}\` at ${run.at}, asked for those ${repo === undefined ? '' : `of \`${repo}\` `}since ${since}`)
      }
      if (env !== undefined && (run.environment === undefined || !env.includes(run.environment))) continue
      runs.push(run)
      reports += run.reports.length
    }
    if (reports > mostReports) {
      throw cliError('USAGE', `${runs.length} runs and perhaps more were recorded since ${since}, with ${reports} reports, and ${mostReports} are replayed together`, 'take fewer: `--since 7d`, `--repo`, `--env`')
    }
    if (page.next !== undefined && after !== undefined && page.next <= after) throw unreadable(`the page of runs behind \`${after}\` leads to \`${page.next}\`, which is not behind it`)
    after = page.next
    more = after !== undefined
  }
  return runs
}

/** @throws {ExeatError} INPUT_UNREADABLE where they are not the reports that the server listed */
function bytesOf({ id, reports: listed }: RecordedRun, { reports }: RunReports): readonly Buffer[] {
  if (reports.length !== listed.length) throw unreadable(`the recorded run \`${id}\` came with ${reports.length} reports of ${listed.length}`)
  return reports.map(({ base64 }, index) => {
    const bytes = Buffer.from(base64, 'base64')
    const came = createHash('sha256').update(bytes).digest('hex')
    const wanted = listed[index]?.digest
    if (came !== wanted) throw unreadable(`report ${index + 1} of the recorded run \`${id}\` has the digest ${came}, listed as ${wanted}`)
    return bytes
  })
}

const unreadable = (message: string) => cliError('INPUT_UNREADABLE', message, 'its operator is to look at the server\'s history')

const groupOf = ({ repository, environment, root, reports }: RecordedRun): History['groups'][number] => ({
  repository: repository.name, ...(environment === undefined ? {} : { environment }), ...(root === undefined ? {} : { root }), formats: reports.map(({ format }) => format ?? null),
})

/** Milliseconds. @throws {ExeatError} USAGE */
function sinceOf(text: string = usual): number {
  const span = parseDuration(text)
  if (span === undefined) throw cliError('USAGE', `\`--since ${text}\` is no duration`, 'write it in minutes, hours or days: `--since 30d`')
  return span
}
