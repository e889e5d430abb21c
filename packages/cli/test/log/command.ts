/** The command in this process: what it prints and the exit code it would end with. */
import type { Instant } from '@exeat/core'
import type { Io } from '../../src/edge/io.ts'
import { run } from '../../src/run.ts'

export interface Ran {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export interface Place {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly tty?: boolean
}

export async function exeat({ cwd, env = {}, tty = false }: Place, ...args: readonly string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array) => { written[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8') }, isTTY: tty, columns: 100,
  })
  const io: Io = {
    cwd, env: { XDG_STATE_HOME: `${cwd}/state`, ...env }, platform: 'linux', now: 1_800_000_000_000 as Instant, stdout: stream('stdout'), stderr: stream('stderr'),
  }
  const exit = await run(args, io)
  return { exit, ...written }
}
