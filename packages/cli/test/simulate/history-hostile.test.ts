/** A server that lies about the runs it recorded: nothing of it is replayed, and nothing is left behind. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Instant } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { RecordedRun } from '@exeat/core/wire'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Io } from '../../src/edge/io.ts'
import { historyOf } from '../../src/simulate/history.ts'

const now = Date.parse('2026-11-22T10:00:00Z')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const idOf = (number: number): string => `${String(now - 1000 + number).padStart(15, '0')}-${'0'.repeat(16)}`
const run = (number: number, more: Partial<RecordedRun> = {}): RecordedRun => ({
  id: idOf(number), at: new Date(now - 1000 + number).toISOString(), repository: { name: 'acme/payments', id: '1001' }, environment: 'staging', commit: '1'.repeat(40), proven: true, by: 'actions', findings: 0,
  reports: [{ name: 'a.sarif', bytes: 3, digest: sha256('one') }], ...more,
})
const base64 = (text: string): string => Buffer.from(text).toString('base64')

let folder: string
let server: Server
let answer: (url: string) => unknown
let asked: string[]
const shared = process.env['TMPDIR']
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-liar-'))
  // What other tests make there at the same time is not looked at, and they see nothing of this.
  process.env['TMPDIR'] = folder
  asked = []
  server = createServer((request, response) => {
    const url = request.url ?? ''
    asked.push(url)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer(url)))
  })
  await new Promise<void>((ready) => { server.listen(join(folder, 'socket'), ready) })
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((done) => { server.close(done) })
  if (shared === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = shared
  rmSync(folder, { recursive: true, force: true })
})

const silent = { write: () => {}, isTTY: false, columns: 100 }
const ask = () => historyOf({ server: `unix:${join(folder, 'socket')}` }, { cwd: folder, env: { HOME: folder }, platform: 'linux', now: now as Instant, stdout: silent, stderr: silent } satisfies Io)
const left = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('exeat-history-'))

async function refused(code: string): Promise<void> {
  const error: unknown = await ask().then(() => 'answered', (reason: unknown) => reason)
  expect(error).toBeInstanceOf(ExeatError)
  expect(error instanceof ExeatError ? error.problems.map((problem) => problem.code) : []).toEqual([code])
  expect(left()).toEqual([])
}

test('what it recorded is taken as it is', async () => {
  answer = (url) => (url.startsWith('/v1/runs?') ? { runs: [run(1)] } : { run: run(1), reports: [{ name: 'a.sarif', base64: base64('one') }] })
  const history = await ask()
  expect(history).toMatchObject({ files: [expect.any(String) as string], groups: [{ repository: 'acme/payments', environment: 'staging' }], told: { runs: 1, asserted: 0 } })
  expect(left()).toHaveLength(1)
  history.remove()
  expect(left()).toEqual([])
})
test('pages that lead nowhere are not followed', async () => {
  for (const next of [idOf(1), idOf(0)]) {
    answer = () => ({ runs: [run(1)], next })
    // oxlint-disable-next-line no-await-in-loop -- one server
    await refused('INPUT_UNREADABLE')
  }
  expect(asked).toHaveLength(4)
})
test('no more pages are asked for than can be replayed', async () => {
  let number = 0
  answer = () => {
    const runs = Array.from({ length: 500 }, () => run(number += 1))
    return { runs, next: idOf(number) }
  }
  await refused('USAGE')
  expect(asked).toHaveLength(3)
})
test('reports that are not those that were listed are not replayed', async () => {
  const listed = run(1)
  for (const reports of [[{ name: 'a.sarif', base64: base64('two') }], [{ name: 'a.sarif', base64: base64('one and more') }], [], [{ name: 'a.sarif', base64: base64('one') }, { name: 'b.sarif', base64: base64('one') }]]) {
    answer = (url) => (url.startsWith('/v1/runs?') ? { runs: [listed] } : { run: listed, reports })
    // oxlint-disable-next-line no-await-in-loop -- one server
    await refused('INPUT_UNREADABLE')
  }
})
test('runs from before what was asked for are not replayed', async () => {
  answer = (url) => (url.startsWith('/v1/runs?') ? { runs: [run(-40 * 86_400_000)] } : { run: run(-40 * 86_400_000), reports: [{ name: 'a.sarif', base64: base64('one') }] })
  await refused('INPUT_UNREADABLE')
})
