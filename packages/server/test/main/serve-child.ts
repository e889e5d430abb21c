/** A server of its own process: `node serve-child.ts <data>` says so once it listens, and runs until it is killed. */
import { writeSync } from 'node:fs'
import { startServer } from '../../src/main/start.ts'

const [data = ''] = process.argv.slice(2)
await startServer({ data, listen: { host: '127.0.0.1', port: 0 }, witnesses: [], now: Date.now, report: () => {} })
writeSync(1, 'listening\n')
