/** Programs that a hook starts: a group of processes each, which ends with its time, with what it may say, or with the hook. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Started {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Most bytes of standard output. */
  readonly most: number
  /** Of the monotonic clock, in milliseconds. */
  readonly deadline: number
}

export type Ended =
  | { readonly kind: 'exited'; readonly exit: number; readonly stdout: Buffer; readonly stderr: string }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'too-long' | 'too-much' }
  | { readonly kind: 'not-started'; readonly cause: unknown }

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Its processes are ended together, whichever way it ends: nothing of it runs on. */
export function runChild({ file, args, cwd, env, most, deadline }: Started): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true, shell: false })
    let ended: Ended | undefined
    const stop = (how: Ended): void => {
      ended ??= how
      endGroup(child)
    }
    const timer = setTimeout(() => { stop({ kind: 'too-long' }) }, Math.max(0, deadline - performance.now()))
    const interrupted = (signal: NodeJS.Signals): void => { stop({ kind: 'killed', signal }) }
    for (const signal of signals) process.on(signal, interrupted)
    const settle = (how: Ended): void => {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, interrupted)
      endGroup(child)
      resolve(ended ?? how)
    }
    const stdout = collected(child.stdout, most, () => { stop({ kind: 'too-much' }) })
    const stderr = latest(child.stderr)
    child.on('error', (cause) => { settle({ kind: 'not-started', cause }) })
    child.on('exit', () => { endGroup(child) })
    child.on('close', (exit, signal) => {
      settle(exit === null ? { kind: 'killed', signal: signal ?? 'a signal' } : { kind: 'exited', exit, stdout: Buffer.concat(stdout), stderr: stderr() })
    })
  })
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch { /* it has ended */ }
}

function collected(stream: Readable, most: number, tooMuch: () => void): readonly Buffer[] {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > most) tooMuch()
    else chunks.push(chunk)
  })
  return chunks
}

const mostSaid = 4096

/** The end of what it says: there it says why it failed. */
function latest(stream: Readable): () => string {
  let text = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => { text = Buffer.concat([text, chunk]).subarray(-mostSaid) })
  return () => text.toString('utf8')
}
