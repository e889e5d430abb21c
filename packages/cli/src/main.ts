import { processIo } from './edge/io.ts'
import { run } from './run.ts'

// The exit code is set and nothing is killed, so that what was written reaches its reader.
process.exitCode = await run(process.argv.slice(2), processIo())
