/**
 * The history of runs, in rows beside the log: one row a run, and one a report, compressed. Each ends by itself after the days that `server.json` states, and of
 * one repository in one environment only so many are kept, what a token proves counted apart from what somebody says. Reports can hold secrets, so that nothing is kept unless the operator asks for it.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { canonicalInstant, type Instant } from '@exeat/core'
import { type RecordedRun, recordedRunSchema, type RunsQuery } from '@exeat/core/wire'
import { createHash } from 'node:crypto'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import type { NewRun, Runs } from '../ports/runs.ts'

export interface HistoryOptions {
  readonly rows: IdentityRows
  /** Absent: nothing is kept. */
  readonly history?: { readonly days: number; readonly runs: number }
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

/** Rows that one page looks at, whatever it answers of them; and runs that one sweep takes away. */
const mostLooked = 500
const mostPruned = 100

export function runHistory({ rows, history, now, random }: HistoryOptions): Runs {
  return {
    keep: async (run) => {
      if (history === undefined) return undefined
      const at = now()
      const expires = at + history.days * 86_400_000
      const id = `${String(at).padStart(15, '0')}-${Buffer.from(random(8)).toString('hex')}`
      const standing = await claimed(rows, contentKey(run), { value: Buffer.from(id), owner: id, expires }, at)
      if (standing !== undefined) return await runAt(rows, standing, at) ?? recordOf(run, standing, timeOf(standing))
      const recorded = recordOf(run, id, at)
      for (const [index, { bytes }] of run.reports.entries()) {
        // oxlint-disable-next-line no-await-in-loop -- one report in memory twice at a time
        await rows.put(rowKinds.runReport, `${id}/${String(index).padStart(3, '0')}`, { value: deflateRawSync(bytes), owner: id, expires }, 0, at)
      }
      await rows.put(rowKinds.run, id, { value: Buffer.from(JSON.stringify(recorded)), owner: placeOf(run), expires }, 0, at)
      await prune(rows, placeOf(run), history.runs, at)
      return recorded
    },
    prune: () => pruneOlder(rows, history === undefined ? Infinity : now() - history.days * 86_400_000, now()),
    list: (query) => listed(rows, query, now()),
    latest: (of) => latestOf(rows, of, now()),
    reportsOf: async (id) => {
      const run = await runAt(rows, id, now())
      if (run === undefined) return undefined
      const kept = await rows.owned(rowKinds.runReport, id, now())
      if (kept.length !== run.reports.length) return undefined
      return { run, reports: run.reports.map(({ name, format, bytes }, index) => ({ name, ...(format === undefined ? {} : { format }), base64: inflateRawSync(kept[index]?.value ?? new Uint8Array(0), { maxOutputLength: Math.max(bytes, 1) }).toString('base64') })) }
    },
  }
}

/** Milliseconds after which whoever began to write a run is taken for gone. */
const patience = 60_000
const timeOf = (id: string): number => Number(id.slice(0, 15))

/** Undefined: the caller writes it. Else the id under which the same run stands, or is being written by somebody else. */
async function claimed(rows: IdentityRows, content: string, own: { readonly value: Uint8Array; readonly owner: string; readonly expires: number }, now: number): Promise<string | undefined> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- whoever loses looks at who won
    if (await rows.put(rowKinds.runContent, content, own, 0, now)) return undefined
    // oxlint-disable-next-line no-await-in-loop -- see above
    const row = await rows.get(rowKinds.runContent, content, now)
    if (row === undefined) continue
    const id = Buffer.from(row.value).toString('utf8')
    // oxlint-disable-next-line no-await-in-loop -- see above
    if (timeOf(id) > now - patience || await runAt(rows, id, now) !== undefined) return id
    // oxlint-disable-next-line no-await-in-loop -- a crash left nothing of it
    if (await rows.put(rowKinds.runContent, content, own, row.version, now)) return undefined
  }
}

/** Whoever may only say where a run was could else drive out, run by run, what jobs have proven. */
const placeOf = ({ repository, environment, proven }: Pick<NewRun, 'repository' | 'environment' | 'proven'>): string => JSON.stringify([repository.id, environment ?? null, proven])

const contentKey = ({ repository, environment, commit, reports, proven }: NewRun): string =>
  createHash('sha256').update(JSON.stringify([repository.id, environment ?? null, commit, proven, reports.map(({ name, digest }) => [name, digest])])).digest('hex')

function recordOf({ reports, ...run }: NewRun, id: string, at: number): RecordedRun {
  return {
    id, at: canonicalInstant(at as Instant), ...run,
    reports: reports.map(({ name, format, bytes, digest }) => ({ name, ...(format === undefined ? {} : { format }), bytes: bytes.length, digest })),
  }
}

async function runAt(rows: IdentityRows, id: string, now: number): Promise<RecordedRun | undefined> {
  const row = await rows.get(rowKinds.run, id, now)
  return row === undefined ? undefined : runIn(row.value)
}

const runIn = (value: Uint8Array): RecordedRun => recordedRunSchema.parse(JSON.parse(Buffer.from(value).toString('utf8')))

async function listed(rows: IdentityRows, { repository, environment, since, after = '' }: RunsQuery, now: number) {
  const from = since === undefined ? '' : String(Math.max(0, Date.parse(since))).padStart(15, '0')
  const looked = await rows.all(rowKinds.run, now, { after: after > from ? after : from, limit: mostLooked })
  const runs = looked.map(({ value }) => runIn(value)).filter((run) => (repository === undefined || run.repository.name === repository) && (environment === undefined || run.environment === environment))
  const last = looked.at(-1)?.key
  return { runs, ...(looked.length < mostLooked || last === undefined ? {} : { next: last }) }
}

/** As many as one place can have. */
const mostKept = 1_000

async function latestOf(rows: IdentityRows, { repositoryId, commit, environment }: Parameters<Runs['latest']>[0], now: number): Promise<RecordedRun | undefined> {
  const found: RecordedRun[] = []
  for (const place of [undefined, environment]) {
    const owner = placeOf({ repository: { name: '', id: repositoryId }, ...(place === undefined ? {} : { environment: place }), proven: true })
    // oxlint-disable-next-line no-await-in-loop -- two of them
    found.push(...(await rows.owned(rowKinds.run, owner, now, { limit: mostKept })).map(({ value }) => runIn(value)).filter((run) => run.commit === commit))
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1)).at(-1)
}

/** The oldest of one place, beyond so many. */
async function prune(rows: IdentityRows, place: string, most: number, now: number): Promise<void> {
  const held = await rows.owned(rowKinds.run, place, now, { limit: most + mostPruned })
  // oxlint-disable-next-line no-await-in-loop -- a few at a time
  for (const { key } of held.slice(0, Math.max(0, held.length - most))) await drop(rows, key)
}

/** What was kept for longer than the operator wants now: rows carry the end that they were given. */
async function pruneOlder(rows: IdentityRows, oldest: number, now: number): Promise<void> {
  for (const { key } of await rows.all(rowKinds.run, now, { limit: mostPruned })) {
    // They are in the order of their time.
    if (timeOf(key) >= oldest) return
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    await drop(rows, key)
  }
}

/** The run last: what is left of one that is half gone is found by it again. */
async function drop(rows: IdentityRows, id: string): Promise<void> {
  await rows.dropOwned(rowKinds.runReport, id)
  await rows.dropOwned(rowKinds.runContent, id)
  await rows.drop(rowKinds.run, id)
}
