/**
 * Sessions: what a user types and what comes back, as data. A file under `sessions/` is read from top to bottom:
 *
 *     # What it shows.
 *     # thread: owner/repository#number            who asked for it
 *     --- path                                     a file on the protected branch; its content follows, up to the next step
 *     +++ path                                     a file in the work tree alone, not committed
 *     $ [NAME=value …] exeat arguments [< path]    runs the command in the clone
 *     > text                                       its output holds this, in this order; white space is folded, as lines are wrapped
 *     ! text                                       it does not
 *     exit 2                                       ends the step: its exit code
 *
 * The repository begins with what `base` holds. Files before a command are committed and become `origin/main` when the command runs.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryRepository, type TemporaryRepository } from '@exeat/testkit'

export interface Step {
  readonly committed: ReadonlyMap<string, string>
  readonly uncommitted: ReadonlyMap<string, string>
  readonly command: string
  readonly wanted: readonly { readonly present: boolean; readonly text: string }[]
  readonly exit: number
}

export interface Session {
  readonly title: string
  readonly threads: readonly string[]
  readonly steps: readonly Step[]
}

interface Draft {
  committed: Map<string, string>
  uncommitted: Map<string, string>
  command?: string
  wanted: { present: boolean; text: string }[]
}

const newDraft = (): Draft => ({ committed: new Map(), uncommitted: new Map(), wanted: [] })

/** @throws {Error} where a file is not a session: a step without an exit code would test nothing */
export function parseSession(text: string, name: string): Session {
  const steps: Step[] = []
  const title: string[] = []
  const threads: string[] = []
  let draft = newDraft()
  let file: { readonly map: Map<string, string>; readonly path: string } | undefined
  for (const line of text.split('\n')) {
    const marker = /^(---|\+\+\+|\$|>|!|exit) (\S.*)$/.exec(line)
    if (marker !== null && (file === undefined || marker[1] === '---' || marker[1] === '+++' || marker[1] === '$')) {
      const [, kind = '', rest = ''] = marker
      file = undefined
      if (kind === '---' || kind === '+++') {
        file = { map: kind === '---' ? draft.committed : draft.uncommitted, path: rest }
        file.map.set(rest, '')
      } else if (kind === '$') draft.command = rest
      else if (kind === 'exit') {
        const { command, ...others } = draft
        if (command === undefined || !/^\d+$/.test(rest)) throw new Error(`${name}: \`${line}\` ends no step`)
        steps.push({ ...others, command, exit: Number(rest) })
        draft = newDraft()
      } else draft.wanted.push({ present: kind === '>', text: rest })
    } else if (file !== undefined) file.map.set(file.path, `${file.map.get(file.path) ?? ''}${line}\n`)
    else if (line.startsWith('# thread: ')) threads.push(line.slice('# thread: '.length))
    else if (line.startsWith('#')) title.push(line.slice(1).trim())
    else if (line.trim() !== '') throw new Error(`${name}: \`${line}\` is no step`)
  }
  if (steps.length === 0 || draft.command !== undefined || draft.wanted.length > 0) throw new Error(`${name}: the last step has no exit code, or there is none`)
  return { title: title.join(' '), threads, steps }
}

/** A repository with the base's files, whose `origin/main` is its own main. */
export function sessionRepository(base: ReadonlyMap<string, string>): TemporaryRepository {
  const repository = temporaryRepository(Object.fromEntries(base))
  repository.git('remote', 'add', 'origin', 'https://github.com/acme/payments.git')
  publish(repository)
  return repository
}

function publish(repository: TemporaryRepository): void {
  repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
}

export interface Ran {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What every child of a test sees of the machine: nothing that would change what the command says (`CI`, colours, width, git's own). */
export function plainEnvironment(): Record<string, string> {
  const outside = Object.entries(process.env).filter(([key]) => !/^(?:GIT_|CI$|EXEAT_|NO_COLOR$|FORCE_COLOR$|COLUMNS$)/.test(key))
  return { ...Object.fromEntries(outside), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', COLUMNS: '100' }
}

/** Runs the built command as a user would: no terminal, no `CI`, a cache of the repository's own. */
export function runExeat(main: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}, input: string | Uint8Array = ''): Ran {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [main, ...args], {
    cwd, input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, timeout: 110_000,
    env: { ...plainEnvironment(), XDG_CACHE_HOME: join(cwd, '.git', 'cache'), ...env },
  })
  if (error !== undefined) throw error
  return { exit: status, stdout, stderr }
}

/** The same beside this process, for a test that serves what the command asks. */
export function runExeatBeside(main: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000, env: { ...plainEnvironment(), XDG_CACHE_HOME: join(cwd, '.git', 'cache'), ...env } })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { said[name] += text })
    child.on('error', reject)
    child.on('close', (exit) => { resolve({ exit, ...said }) })
  })
}

export function runStep(main: string, step: Step, repository: TemporaryRepository): Ran {
  if (step.committed.size > 0) {
    repository.commit(Object.fromEntries(step.committed))
    publish(repository)
  }
  for (const [path, content] of step.uncommitted) repository.write(path, content)
  const words = wordsOf(step.command)
  const env: Record<string, string> = {}
  while (/^[A-Z_]+=/.test(words[0] ?? '')) {
    const [key = '', ...value] = (words.shift() ?? '').split('=')
    env[key] = value.join('=')
  }
  if (words.shift() !== 'exeat') throw new Error(`\`${step.command}\` does not run exeat`)
  const redirect = words.indexOf('<')
  const input = redirect < 0 ? '' : readFileSync(join(repository.dir, words[redirect + 1] ?? ''))
  return runExeat(main, redirect < 0 ? words : words.slice(0, redirect), repository.dir, env, input)
}

/** Words as a shell would see them, with quotes of either kind and nothing else. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '')
}
