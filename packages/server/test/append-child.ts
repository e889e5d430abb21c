/**
 * A process that appends without end, to be killed: `node append-child.ts <kind> <where> <run> <callers>`.
 * Each line on its standard output is an acknowledged operation, `<index> <key>`, written before the caller goes on.
 */
import { writeSync } from 'node:fs'
import { must, testOptions, thorough } from '../../testkit/src/log-store-kit.ts'
import { openLog } from '../src/store/log.ts'
import { openHeadFile } from '../src/store/sqlite/head-file.ts'
import { openSqliteTables } from '../src/store/sqlite/index.ts'

const [where = '', run = '', callers = '1'] = process.argv.slice(2)
const outside = must(openHeadFile(`${where}.head`))
const log = must(await openLog(must(openSqliteTables(where)), testOptions({ outside, now: () => Date.now() })))
if (log.status().state !== 'open') throw new Error(JSON.stringify(log.status()))

async function call(caller: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `${run}-${caller}-${i}`
    const { index } = must(await log.append(thorough(key)))
    writeSync(1, `${index} ${key}\n`)
  }
}

await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller)))
