import { cliProblem, systemReason } from './edge/problem.ts'
import { processIo } from './edge/io.ts'
import { run } from './run.ts'

const io = processIo()

// A reader that has gone asked for no more; but an answer that a full disk cut short must not look like a whole one.
process.stdout.once('error', (cause: NodeJS.ErrnoException) => {
  if (cause.code === 'EPIPE') return
  process.once('exit', () => { process.exitCode = 1 })
  void import('./edge/report.ts').then(({ problemLines }) => {
    io.stderr.write(problemLines([cliProblem('OUTPUT_FAILED', `standard output cannot be written: ${systemReason(cause)}`, 'choose another place with `--output`')], 'error'))
  })
})

// The exit code is set and nothing is killed, so that what was written reaches its reader.
void run(process.argv.slice(2), io).then((exit) => { process.exitCode = exit })
