/** The command as a process that runs until it is told to stop. */
import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'

const main = resolve(import.meta.dirname, '../../src/main.ts')

export interface Running {
  /** What the process said in place of the pattern's first group. */
  readonly told: string
  readonly child: ChildProcess
  readonly said: () => string
  /** Its exit code. */
  readonly ended: Promise<number | null>
}

/** Resolves once the process has said `ready`; rejects with what it said if it ends before. */
export function startExeat(cwd: string, args: readonly string[], ready: RegExp): Promise<Running> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const ended = new Promise<number | null>((end) => { child.on('close', (code) => { end(code) }) })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        said += data.toString()
        const told = ready.exec(said)?.[1]
        if (told !== undefined) done({ told, child, said: () => said, ended })
      })
    }
    child.on('error', failed)
    void ended.then(() => { failed(new Error(said)) })
  })
}
