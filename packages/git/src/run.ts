/** The one place that starts `git`. No shell, nothing that configuration could make it run, no network, no replaced objects. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { delimiter, isAbsolute } from 'node:path'
import type { ExeatError } from '@exeat/core/error'
import { gitError, shown } from './problem.ts'

export interface GitAnswer {
  readonly exit: number
  readonly stdout: Buffer
  readonly stderr: string
}

export interface GitInput {
  /** Standard input. A promise lets git start while another answer is awaited; its rejection is not reported here. */
  readonly input?: string | Promise<string>
  /** Configuration on top: it wins over every file. */
  readonly config?: readonly (readonly [key: string, value: string])[]
  /** Most bytes of standard output; 1 MiB unless told. */
  readonly maxBytes?: number
  /** Thrown where it says more than that; GIT_FAILED unless told. */
  readonly tooMuch?: ExeatError
  /** Longest it may take, in milliseconds: reading objects needs no network, so two minutes, the default, are a hang. */
  readonly patience?: number
  /** What may be spoken to a remote; nothing unless told. */
  readonly protocols?: readonly string[]
}

/** Read by git or by what it starts; everything else that begins with `GIT_` would point it at other objects, or trace into outputs. */
const kept = /^GIT_(CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|CONFIG_COUNT|CONFIG_(KEY|VALUE)_\d+|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH)$/i

const fixedConfig = [
  ['core.fsmonitor', 'false'], ['core.hooksPath', '/dev/null'], ['core.attributesFile', '/dev/null'], ['protocol.allow', 'never'],
  ['core.pager', 'cat'], ['submodule.recurse', 'false'], ['core.untrackedCache', 'false'],
] as const

/**
 * Environment of every git start. Inside a hook git names the repository, its index and quarantined objects in variables: governance
 * is read from the repository of the folder, as it stood before the push, so they are left out; `withObjects` alone brings pushed ones in.
 */
export function gitEnvironment(base: NodeJS.ProcessEnv, config: GitInput['config'] = []): NodeJS.ProcessEnv {
  const own = Object.entries(base).filter(([name]) => !/^GIT_/i.test(name) || kept.test(name))
  const path = Object.entries(base).find(([name]) => name.toUpperCase() === 'PATH')
  const already = /^\d{1,4}$/.test(base['GIT_CONFIG_COUNT'] ?? '') ? Number(base['GIT_CONFIG_COUNT']) : 0
  const settings = [...fixedConfig, ...config]
  return {
    ...Object.fromEntries(own),
    // A relative entry would let the repository that is judged bring the `git` that judges it.
    ...(path === undefined ? {} : { [path[0]]: (path[1] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)).join(delimiter) }),
    NoDefaultCurrentDirectoryInExePath: '1',
    LC_ALL: 'C',
    GIT_CONFIG_COUNT: String(already + settings.length),
    ...Object.fromEntries(settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${already + index}`, key], [`GIT_CONFIG_VALUE_${already + index}`, value],
    ])),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_TERMINAL_PROMPT: '0',
    GIT_PAGER: 'cat',
  }
}

const pushed = new AsyncLocalStorage<NodeJS.ProcessEnv>()

/** Runs something during which every start of git has these variables on top: where objects of a push lie (`quarantine.ts`). */
export const withObjects = <T>(variables: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> => pushed.run(variables, work)

const spoken = (protocols: readonly string[] | undefined): NodeJS.ProcessEnv => (protocols === undefined ? {} : { GIT_ALLOW_PROTOCOL: protocols.join(':') })

/**
 * Runs `git -C dir …args`. Answers with whatever git said; callers judge the exit code.
 * @throws {ExeatError} GIT_MISSING, GIT_TIMEOUT, GIT_FAILED (it could not be started, or said more than `maxBytes`)
 */
export function runGit(dir: string, args: readonly string[], options: GitInput = {}): Promise<GitAnswer> {
  const { maxBytes: limit = 1024 * 1024, patience = 120_000 } = options
  // A caller's promise may fail at any time, and is the caller's to report.
  const input = Promise.resolve(options.input).catch(() => '')
  // No path holds one, and starting a command with it throws.
  if (dir.includes('\0')) return Promise.reject(gitError('REPOSITORY_MISSING', `\`${shown(dir)}\` is not in a git repository`))
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['--no-pager', '-C', dir, ...args], {
      env: { ...gitEnvironment(process.env, options.config), ...spoken(options.protocols), ...pushed.getStore() }, stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], windowsHide: true, shell: false,
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let size = 0
    const stop = (error: Error): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(error)
    }
    const timer = setTimeout(() => {
      stop(gitError('GIT_TIMEOUT', `\`git ${args[0]}\` did not answer within ${patience / 1000} seconds`))
    }, patience)
    child.on('error', (cause: NodeJS.ErrnoException) => {
      stop(cause.code === 'ENOENT'
        ? gitError('GIT_MISSING', 'the command `git` is not on PATH', 'install git, see https://git-scm.com/downloads')
        : gitError('GIT_FAILED', `\`git\` could not be started: ${shown(cause.message)}`))
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) stop(options.tooMuch ?? gitError('GIT_FAILED', `\`git ${args[0]}\` gave more than ${limit} bytes`))
      else out.push(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => { if (err.length < 64) err.push(chunk) })
    // git may end without reading what it was told (an early failure): its exit code says so, not a broken pipe.
    child.stdin?.on('error', () => {})
    void input.then((text) => child.stdin?.end(text))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ exit: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8') })
    })
  })
}
