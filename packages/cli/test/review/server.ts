/** A bare repository with the hook of docs/review.md, and a clone from which people push. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isolatedGitEnvironment } from '@exeat/testkit'
import { plainEnvironment, type Ran } from '../session.ts'
import type { ReviewWorld } from './world.ts'

const page = readFileSync(new URL('../../../../docs/review.md', import.meta.url), 'utf8')

/** The page's own text, so that it is never stale. */
export const hookText = /```sh\n(#!\/bin\/sh\n[^`]*exeat review --receive[^`]*)```/.exec(page)?.[1] ?? ''
export const updateLine = /`(printf [^`]*\| exeat review --receive) …`/.exec(page)?.[1] ?? ''

export interface ReviewServer {
  readonly dir: string
  /** As `pusher`, with git's own words and the hook's on standard error. */
  push(pusher: string, ...args: readonly string[]): Ran
  git(...args: readonly string[]): string
  /** Commit that a branch is at; undefined: there is none. */
  at(branch: string): string | undefined
}

/** Holds `main` of the world as it stands. */
export function reviewServer(main: string, { repository }: ReviewWorld, { hook = 'pre-receive', text = hookText, name = 'server.git' } = {}): ReviewServer {
  const parent = join(repository.dir, '..')
  const [dir, bin] = [join(parent, name), join(parent, 'bin')]
  const env = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
    const { PATH = '', ...rest } = plainEnvironment()
    return { ...rest, ...isolatedGitEnvironment, PATH: `${bin}:${PATH}`, XDG_CACHE_HOME: join(parent, 'cache'), ...more }
  }
  const run = (cwd: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Ran => {
    const { status, stdout, stderr, error } = spawnSync('git', args, { cwd, env: env(more), encoding: 'utf8', timeout: 110_000, maxBuffer: 64 * 1024 * 1024 })
    if (error !== undefined) throw error
    return { exit: status, stdout, stderr: stderr.replaceAll(/^remote: |[ \t]+$/gm, '') }
  }
  const git = (...args: readonly string[]): string => {
    const ran = run(dir, args)
    if (ran.exit !== 0) throw new Error(ran.stderr)
    return ran.stdout.trim()
  }
  mkdirSync(dir)
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'exeat'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
  git('init', '--quiet', '--bare', '--initial-branch=main')
  run(repository.dir, ['push', '--quiet', dir, 'main'])
  writeFileSync(join(dir, 'hooks', hook), text, { mode: 0o755 })
  return {
    dir, git,
    push: (pusher, ...args) => run(repository.dir, ['push', dir, ...args], { GL_USER: pusher }),
    at: (branch) => { const { exit, stdout } = run(dir, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]); return exit === 0 ? stdout.trim() : undefined },
  }
}

/** A branch `change` of the world with a link committed in the place of a document. */
export function linked({ repository }: ReviewWorld, target: string, path: string): void {
  repository.git('checkout', '--quiet', '-B', 'change', 'main')
  symlinkSync(target, join(repository.dir, path))
  repository.git('add', '--all')
  repository.git('commit', '--quiet', '-m', 'Link')
  repository.git('checkout', '--quiet', 'main')
}
