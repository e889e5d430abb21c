/** A process is killed while it appends. SIGKILL shows that nothing is acknowledged before the commit; that a commit survives a power cut is `synchronous=FULL`. */
import { spawn } from 'node:child_process'
import { fsck } from '@exeat/log'
import { expect, test } from 'vitest'
import { must, opened, testOptions, textAt } from '../../testkit/src/log-store-kit.ts'
import { foundLog, openLog } from '../src/store/log.ts'
import { createHeadFile, openHeadFile } from '../src/store/sqlite/head-file.ts'
import { openSqliteTables, prepareSqlite } from '../src/store/sqlite/index.ts'
import { sha256 } from '../src/store/ed25519.ts'
import { temporaryDatabase } from './sqlite-kind.ts'

const kills = 21
const child = `${import.meta.dirname}/append-child.ts`

/** Lines that a process wrote before it was killed, `atLeast` of them and then a little longer. */
function killUnderLoad(path: string, run: number, callers: number, atLeast: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, path, `${run}`, `${callers}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    let written = ''
    let failed = ''
    process_.stderr.on('data', (data: Buffer) => { failed += data.toString() })
    process_.stdout.on('data', (data: Buffer) => {
      written += data.toString()
      if (written.split('\n').length > atLeast) process_.kill('SIGKILL')
    })
    process_.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(written.split('\n').slice(0, -1))
      else reject(new Error(`the process ended by itself: ${failed}`))
    })
  })
}

test(`${kills} kills under load lose no acknowledged entry, and leave nothing to repair`, async () => {
  const { path, drop } = temporaryDatabase()
  expect(prepareSqlite(path).ok).toBe(true)
  const outside = must(createHeadFile(`${path}.head`))
  const founding = must(openSqliteTables(path))
  expect(await foundLog(founding, testOptions({ outside, now: () => Date.now() }))).toEqual({ ok: true })
  await founding.close()
  await outside.close()

  const acknowledged = new Map<number, string>()
  for (let run = 0; run < kills; run++) {
    const lines = await killUnderLoad(path, run, [1, 7, 100][run % 3] ?? 1, 5 + 23 * run)
    for (const line of lines) {
      const [index = '', key = ''] = line.split(' ')
      expect(acknowledged.has(Number(index))).toBe(false)
      acknowledged.set(Number(index), key)
    }
    const keeper = must(openHeadFile(`${path}.head`))
    const held = opened((await keeper.read()) ?? new Uint8Array(0))
    for (const index of acknowledged.keys()) expect(index + 1).toBeLessThan(held.size)
    const log = must(await openLog(must(openSqliteTables(path)), testOptions({ outside: keeper, now: () => Date.now() })))
    expect(log.status()).toEqual({ state: 'open' })
    for (const [index, key] of acknowledged) expect(await textAt(log, index)).toBe(`entry of ${key}`)
    const { size } = await log.head()
    for (let index = 0; index < size; index += 97) {
      const [, which, key = ''] = /^(entry|second) of (.*)$/.exec((await textAt(log, index)) ?? '') ?? []
      expect(await log.operationOf(key)).toMatchObject({ index: which === 'entry' ? index : index - 1, count: 2 })
      expect((await log.record('done', key))?.version).toBe(1)
      expect(await log.body('done', key)).toBeDefined()
    }
    await log.close()
    await keeper.close()
  }
  const log = must(await openLog(must(openSqliteTables(path)), testOptions({ now: () => Date.now() })))
  const head = opened((await log.head()).checkpoint)
  expect(acknowledged.size).toBeGreaterThan(kills * 5)
  expect(head.size).toBeGreaterThanOrEqual(2 * acknowledged.size)
  expect(await fsck(sha256, log, head)).toMatchObject({ ok: true })
  await log.close()
  drop()
})
