/**
 * A child process that reaches nothing. Node 24 cannot deny the network itself, so an empty network namespace does (`unshare`, util-linux); its own permission
 * model denies files, programs, threads and add-ons, limits of the kernel (`prlimit`) deny memory, processor time, and every write to a file.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface IsolatedRun {
  readonly stdin: string
  /** Open files that it may read, as descriptors 3 and on. */
  readonly handles: readonly number[]
  /** MiB of heap; what lies outside the heap may take as much again, and half a GiB that an empty process takes. */
  readonly memory: number
  readonly seconds: number
  readonly isolation: boolean
  /** What it runs with its permissions; tests alone name another. */
  readonly program?: readonly string[]
}

export type Ended =
  | { readonly kind: 'answered'; readonly stdout: string }
  | { readonly kind: 'no-namespace' | 'failed'; readonly reason: string }
  | { readonly kind: 'too-long' | 'too-large' }

/** Most bytes of an answer, and of what it says on standard error. */
const mostAnswer = 256 * 1024 * 1024
const mostErrors = 64 * 1024

export async function runIsolated(run: IsolatedRun): Promise<Ended> {
  const launcher = run.isolation ? launcherOf(run) : []
  if (typeof launcher === 'string') return { kind: 'no-namespace', reason: launcher }
  return contained([...launcher, process.execPath, ...nodeFlags(run), ...(run.program ?? ownProgram())], { ...run, env: {}, cwd: '/' })
}

export interface ToolRun {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  /** MiB of memory. */
  readonly memory: number
  readonly seconds: number
  /** Bytes of each file that it may write. */
  readonly written: number
  /** Exits that mean that it did its work. */
  readonly exits: readonly number[]
}

/** A program that was installed here, on foreign files: without a network, and in a namespace of processes that ends with it, so that nothing which it starts outlives it. */
export async function runTool(run: ToolRun): Promise<Ended> {
  const launcher = launcherOf({ memory: run.memory, seconds: run.seconds, written: run.written, alone: true })
  if (typeof launcher === 'string') return { kind: 'no-namespace', reason: launcher }
  return contained([...launcher, ...run.command], { ...run, stdin: run.stdin ?? '', handles: [], isolation: true })
}

interface Contained {
  readonly stdin: string
  readonly handles: readonly number[]
  readonly seconds: number
  readonly isolation: boolean
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly exits?: readonly number[]
}

const running = new Set<ChildProcess>()

/** Ends all that runs contained: whoever is told to end at once leaves nothing behind. */
export function endContained(): void {
  for (const child of running) child.kill('SIGKILL')
}

async function contained([file = process.execPath, ...args]: readonly string[], run: Contained): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(file, args, { env: run.env, cwd: run.cwd, stdio: ['pipe', 'pipe', 'pipe', ...run.handles], windowsHide: true })
    running.add(child)
    let overtime = false
    let large = false
    const timer = setTimeout(() => { overtime = true; child.kill('SIGKILL') }, run.seconds * 1000)
    const stdout = gathered(mostAnswer, () => { large = true; child.kill('SIGKILL') })
    const stderr = gathered(mostErrors, () => {})
    child.stdout?.on('data', stdout.add)
    child.stderr?.on('data', stderr.add)
    // A child that ends early has asked for no more; how it ended says why.
    child.stdin?.on('error', () => {})
    child.on('error', (error) => { clearTimeout(timer); done({ kind: run.isolation ? 'no-namespace' : 'failed', reason: error.message }) })
    child.on('close', (exit, signal) => {
      running.delete(child)
      clearTimeout(timer)
      done(overtime ? { kind: 'too-long' } : large ? { kind: 'too-large' } : endOf({ exit, signal, stdout: stdout.text(), stderr: stderr.text() }, run.exits))
    })
    child.stdin?.end(run.stdin)
  })
}

/** Undone by nothing that the child can do; a string says why none can be made. */
function launcherOf({ memory, seconds, written = 0, alone = false }: { readonly memory: number; readonly seconds: number; readonly written?: number; readonly alone?: boolean }): readonly string[] | string {
  if (process.platform !== 'linux') return `${process.platform} has none`
  const [unshare, prlimit] = ['unshare', 'prlimit'].map((name) => ['/usr/bin', '/bin', '/usr/local/bin'].map((folder) => join(folder, name)).find((path) => existsSync(path)))
  if (unshare === undefined || prlimit === undefined) return `\`${unshare === undefined ? 'unshare' : 'prlimit'}\` of util-linux is missing`
  const bytes = (2 * memory + 512) * 1024 * 1024
  return [unshare, '--user', '--map-current-user', '--net', '--ipc', '--uts', ...(alone ? ['--pid', '--fork', '--kill-child=SIGKILL'] : []), '--', prlimit, `--data=${bytes}`, `--cpu=${2 * seconds}`, `--fsize=${written}`, '--core=0', '--']
}

const nodeFlags = ({ memory }: IsolatedRun): readonly string[] => [`--max-old-space-size=${memory}`, '--permission', `--allow-fs-read=${codeFolder()}`, '--no-warnings']

/** Built, all code is in one folder; in development it is the whole repository. */
const built = (): string | undefined => ['main.cjs', '../main.cjs'].map((path) => join(import.meta.dirname, path)).find((path) => existsSync(path))
const codeFolder = (): string => `${built() === undefined ? resolve(import.meta.dirname, '../../../..') : dirname(built() ?? '')}/`
const ownProgram = (): readonly string[] => [built() ?? join(import.meta.dirname, '../main.ts'), 'simulate', '--as-child']

function gathered(most: number, overflow: () => void): { add(piece: Buffer): void; text(): string } {
  const pieces: Buffer[] = []
  let length = 0
  return {
    add(piece) {
      if (length > most) return
      length += piece.length
      if (length > most) overflow()
      else pieces.push(piece)
    },
    text: () => Buffer.concat(pieces).toString('utf8'),
  }
}

/** How V8, Node and the kernel say that memory or processor time ran out. */
const memoryWords = /out of memory|allocation[ _]failed|Cannot allocate memory|bad_alloc|Invalid array buffer length/i
const memorySignals: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGSEGV', 'SIGILL', 'SIGBUS'])

interface Exited {
  readonly exit: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function endOf({ exit, signal, stdout, stderr }: Exited, exits: readonly number[] = [0]): Ended {
  if (exit !== null && exits.includes(exit)) return { kind: 'answered', stdout }
  if (/^(?:unshare|prlimit): /.test(stderr)) return { kind: 'no-namespace', reason: stderr.split('\n')[0] ?? '' }
  if (signal === 'SIGXCPU' || signal === 'SIGKILL') return { kind: 'too-long' }
  if ((signal !== null && memorySignals.has(signal)) || memoryWords.test(stderr)) return { kind: 'too-large' }
  return { kind: 'failed', reason: signal === null ? `exit ${exit ?? '?'}: ${stderr.trim().split('\n').at(-1) ?? ''}` : `it was ended by ${signal}` }
}
