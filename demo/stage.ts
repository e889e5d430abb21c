/** What the demonstration plays on: a forge, a job's clone and a server of its own, all in one temporary folder. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../', import.meta.url))

const command = join(root, 'packages/cli/bin/exeat.mjs')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'exeat-demo-')))
const data = join(folder, 'server')
export const forge: string = join(folder, 'forge')
export const clone: string = join(folder, 'payments')

const environment: Record<string, string | undefined> = {
  // `--now`, the preview that authors have, is refused where `CI` is set.
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:GIT_|EXEAT_)|^(?:FORCE_COLOR|CI)$/.test(name))),
  GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Alice', GIT_AUTHOR_EMAIL: 'alice@acme.example', GIT_COMMITTER_NAME: 'Alice', GIT_COMMITTER_EMAIL: 'alice@acme.example',
  EXEAT_CACHE_DIR: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state'), COLUMNS: '74',
}

export interface Run {
  readonly exit: number | null
  readonly output: string
}

export function exeat(...args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: clone, env: environment, encoding: 'utf8' })
  return { exit: status, output: `${stdout}${stderr}` }
}

export function git(cwd: string, ...args: readonly string[]): void {
  execFileSync('git', args, { cwd, env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** What a merged change does: the documents stand on the forge's protected branch, and the job's clone is at it. */
export function merge(message: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(forge, path)), { recursive: true })
    writeFileSync(join(forge, path), content)
  }
  git(forge, 'add', '--all')
  git(forge, 'commit', '--quiet', '--message', message)
  git(clone, 'pull', '--quiet')
}

/** The forge with its first commit, and a clone of it. */
export function prepare(files: Readonly<Record<string, string>>): void {
  for (const path of [forge, clone]) mkdirSync(path)
  git(forge, 'init', '--quiet', '--initial-branch=main')
  git(forge, 'commit', '--quiet', '--allow-empty', '--message', 'Begin')
  git(clone, 'clone', '--quiet', `file://${forge}`, '.')
  merge('Govern', files)
}

export interface Founded {
  /** To be pinned in the workspace, as it is printed. */
  readonly pins: string
  /** Verifier key of the log. */
  readonly key: string
}

/** `url`: where people sign in. */
export function found(url?: string): Founded {
  const { exit, output } = exeat('init', '--server', '--origin', 'log.acme.example', '--repository', forge, '--ref', 'main', '--founder', 'ann', '--founder', 'ben', ...(url === undefined ? [] : ['--url', url]), '--data', data)
  const pins = /merge it:\n((?: {7}.*\n)+)/.exec(output)?.[1]
  const key = /log key {2}(\S+)/.exec(output)?.[1]
  const token = /token {4}(\S+)/.exec(output)?.[1]
  if (exit !== 0 || pins === undefined || key === undefined || token === undefined) throw new Error(`no server was founded:\n${output}`)
  environment['EXEAT_TOKEN'] = token
  return { pins: pins.replaceAll(/^ {5}/gm, ''), key }
}

let server: ChildProcess | undefined

export const founderKey = (name: string): string => join(data, 'founders', `${name}.key`)

/** Answers the server's address. */
export async function serve(port = 0): Promise<string> {
  server = spawn(process.execPath, [command, 'serve', '--data', data, '--listen', `127.0.0.1:${port}`], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  if (server.stdout === null) throw new Error('a pipe was asked for')
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /http:\/\/[\d.]+:\d+/.exec(line)?.[0]
    if (address === undefined) continue
    environment['EXEAT_SERVER'] = `unix:${join(data, 'admin.sock')}`
    environment['EXEAT_BUNDLE'] = address
    return address
  }
  throw new Error('the server ended before it served')
}

export async function clear(): Promise<void> {
  if (server !== undefined && server.exitCode === null) {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}
