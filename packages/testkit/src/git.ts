/** Real git repositories in temporary folders: no configuration of the user's, the same ids in every run. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Environment that git takes in tests: fixed people and dates, and nothing from this machine's configuration. */
export const isolatedGitEnvironment: Readonly<Record<string, string>> = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Alice', GIT_AUTHOR_EMAIL: 'alice@acme.example', GIT_AUTHOR_DATE: '2026-11-22T10:00:00Z',
  GIT_COMMITTER_NAME: 'Alice', GIT_COMMITTER_EMAIL: 'alice@acme.example', GIT_COMMITTER_DATE: '2026-11-22T10:00:00Z',
  LC_ALL: 'C',
}

export interface TemporaryRepository {
  readonly dir: string
  /** Runs git there and gives its standard output without the last newline. Throws where git fails. */
  git(...args: readonly string[]): string
  /** The same with standard input and variables. */
  gitWith(options: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> }, ...args: readonly string[]): string
  write(path: string, content: string | Uint8Array, mode?: number): void
  /** Writes files, stages everything and commits; answers the commit's id. */
  commit(files?: Readonly<Record<string, string | Uint8Array>>, message?: string): string
  remove(): void
}

export interface RepositoryOptions {
  readonly branch?: string
  /** Last part of the folder's name: spaces and other scripts are welcome. */
  readonly name?: string
  readonly bare?: boolean
  readonly objectFormat?: 'sha1' | 'sha256'
}

/** A folder of its own under the system's temporary one, links resolved. The caller removes it. */
export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'exeat-test-')))
}

/** A repository with one commit of `files`; without `files` its branch has no commit yet. */
export function temporaryRepository(files?: Readonly<Record<string, string | Uint8Array>>, options: RepositoryOptions = {}): TemporaryRepository {
  const parent = temporaryFolder()
  const dir = join(parent, options.name ?? 'repository')
  mkdirSync(dir)
  const repository = repositoryAt(dir, parent)
  repository.git('init', '--quiet', `--initial-branch=${options.branch ?? 'main'}`, `--object-format=${options.objectFormat ?? 'sha1'}`, ...(options.bare === true ? ['--bare'] : []))
  if (files !== undefined) repository.commit(files)
  return repository
}

/** A clone beside nothing else, made with `args` (`--depth=1`, `--bare`, …). Cloned over `file://`, so that depth and filters count. */
export function temporaryClone(of: TemporaryRepository, ...args: readonly string[]): TemporaryRepository {
  const parent = temporaryFolder()
  const dir = join(parent, 'clone')
  runGitIn(parent, ['clone', '--quiet', ...args, `file://${of.dir}`, dir])
  return repositoryAt(dir, parent)
}

function repositoryAt(dir: string, parent: string): TemporaryRepository {
  const repository: TemporaryRepository = {
    dir,
    git: (...args) => runGitIn(dir, args),
    gitWith: (extra, ...args) => runGitIn(dir, args, extra),
    write: (path, content, mode) => {
      const file = join(dir, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      if (mode !== undefined) chmodSync(file, mode)
    },
    commit: (files = {}, message = 'change') => {
      for (const [path, content] of Object.entries(files)) repository.write(path, content)
      repository.git('add', '--all')
      repository.git('commit', '--quiet', '--allow-empty', '--message', message)
      return repository.git('rev-parse', 'HEAD')
    },
    remove: () => {
      rmSync(parent, { recursive: true, force: true })
    },
  }
  return repository
}

function runGitIn(cwd: string, args: readonly string[], extra: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> } = {}): string {
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  return execFileSync('git', args, {
    cwd,
    env: { ...Object.fromEntries(outside), ...isolatedGitEnvironment, ...extra.env },
    input: extra.input ?? '',
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  }).toString('utf8').replace(/\n$/, '')
}
