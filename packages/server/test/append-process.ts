/**
 * One of several processes on one PostgreSQL: `node append-process.ts <url> <name> <count> <callers>` appends so many entries and ends.
 * It says `open` on its standard output, begins once its standard input has ended, so that all of them can begin together, and then writes a line for each
 * acknowledged entry, `<index> <key>`.
 */
import { writeSync } from 'node:fs'
import { must, recording, testOptions } from '../../testkit/src/log-store-kit.ts'
import { openLog } from '../src/store/log.ts'
import { openPostgresTables } from '../src/store/postgres/index.ts'

const [url = '', name = '', count = '0', callers = '1'] = process.argv.slice(2)
const log = must(await openLog(must(await openPostgresTables(url)), testOptions({ now: () => Date.now(), skew: 1000 })))
if (log.status().state !== 'open') throw new Error(JSON.stringify(log.status()))

writeSync(1, 'open\n')
await new Promise((resolve) => { process.stdin.once('end', resolve).resume() })

let next = 0

async function call(): Promise<void> {
  while (next < Number(count)) {
    const key = `${name}-${next += 1}`
    const { index } = must(await log.append(recording(key)))
    writeSync(1, `${index} ${key}\n`)
  }
}

await Promise.all(Array.from({ length: Number(callers) }, call))
await log.close()
