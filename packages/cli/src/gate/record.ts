/** What tools reported, sent to the server's history after the gate has decided: whatever becomes of it changes no answer. */
import type { Facts, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { largestReports } from '@exeat/core/wire'
import type { ByteSource } from '@exeat/formats'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem } from '../edge/problem.ts'
import { clipped, oneLine } from '../text/safe.ts'
import { addressOf, clientAt } from '../trust/address.ts'
import { repositoryRoot } from './reports.ts'

/** Milliseconds: reports travel. */
const timeout = 30_000

interface Recording {
  readonly inputs: readonly ByteSource[]
  readonly format?: string
  readonly facts: Facts
  readonly workspace: Workspace
  /** Address of the server, as it was given; else EXEAT_SERVER says. */
  readonly server?: string
}

/** Tells on standard error what kept it from being recorded. */
export async function recordRun(recording: Recording, io: Io): Promise<void> {
  try {
    await send(recording, io)
  } catch (error) {
    // Whatever it is: the gate has answered, and its exit code stands.
    const problems = error instanceof ExeatError ? error.problems : [cliProblem('INTERNAL', `something unexpected failed: ${String(error).slice(0, 200)}`, 'report it')]
    for (const { code, message } of problems) io.stderr.write(`exeat: RUN_NOT_RECORDED: the run was not recorded: ${code}: ${clipped(oneLine(message), 400)}\n`)
  }
}

async function send({ inputs, format, facts: { repository, environment, commit }, workspace, server }: Recording, io: Io): Promise<void> {
  const stated = server ?? io.env['EXEAT_SERVER'] ?? ''
  if (stated === '') throw cliError('USAGE', '`--record` needs a server', 'name it: --server https://HOST, or EXEAT_SERVER')
  if (commit === undefined) throw cliError('USAGE', 'the run is of no commit: nothing is checked out here')
  const size = inputs.reduce((sum, each) => sum + each.size, 0)
  if (size > largestReports) throw cliError('INPUT_TOO_LARGE', `the reports have ${size} bytes together, and ${largestReports} are recorded at most`)
  const client = clientAt(addressOf(stated, io), io, { timeout, workloads: workspace.spec.identity?.workloads ?? [] })
  await client.recordRun({
    ...(repository === undefined ? {} : { repository: repository.value.name }), ...(environment === undefined ? {} : { environment: environment.value }), commit: commit.value, root: repositoryRoot(io.cwd),
    reports: inputs.map((input, index) => ({ name: input.name === '-' ? 'stdin' : `${index}-${input.name.split(/[/\\]/).at(-1) ?? ''}`.slice(0, 200), base64: bytesOf(input).toString('base64'), ...(format === undefined ? {} : { format }) })),
  })
}

function bytesOf(input: ByteSource): Buffer {
  const bytes = Buffer.alloc(input.size)
  return bytes.subarray(0, input.read(bytes, 0))
}
