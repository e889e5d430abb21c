/** A bare repository that people push to, a clone of it, and a scanner in sh that writes SARIF. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isolatedGitEnvironment, temporaryClone, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { plainEnvironment, type Ran } from '../session.ts'
import { governed, optOut, policy } from '../review/world.ts'

/** Each line that holds SECRET is a result. The tool is one that Exeat knows, so that policies may speak of it. */
export const scanner = `#!/bin/sh
results=''
for line in $(grep -rnI SECRET . | sed 's/:[^:]*$//'); do
  path=\${line%%:*}
  results="$results\${results:+,}{\\"ruleId\\":\\"aws\\",\\"level\\":\\"error\\",\\"message\\":{\\"text\\":\\"a secret\\"},\\"locations\\":[{\\"physicalLocation\\":{\\"artifactLocation\\":{\\"uri\\":\\"\${path#./}\\"},\\"region\\":{\\"startLine\\":\${line#*:}}}}]}"
done
printf '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"gitleaks","rules":[{"id":"aws"}]}},"results":[%s]}]}' "$results" > "$EXEAT_REPORT"
[ -z "$results" ]
`

export const secretsPolicy = policy('secrets', { controls: '"gitleaks/*"', approve: 'none' })
export const secretOptOut = (options: Parameters<typeof optOut>[1] = {}): string => optOut('leak', { control: 'gitleaks/aws', paths: '[key.txt]', ...options })

export interface HookWorld {
  readonly server: string
  readonly clone: TemporaryRepository
  readonly bin: string
  /** In the clone. */
  git(args: readonly string[], env?: Readonly<Record<string, string>>): Ran
  exeat(args: readonly string[], cwd?: string): Ran
  /** Of the repository that is pushed to. */
  onServer(...args: readonly string[]): Ran
  at(ref: string): string | undefined
  /** Commits to a branch and checks it out. */
  change(files: Readonly<Record<string, string>>, branch?: string): string
  /** Puts files at the server's protected branch, past its hooks, and fetches it. */
  govern(files: Readonly<Record<string, string | null>>): void
  install(name: string, settings?: Readonly<Record<string, string>>): Ran
  /** From now on the command believes that it is then; the time the machine has is the default. */
  clock(instant: string): void
  remove(): void
}

export function hookWorld(main: string): HookWorld {
  const origin = temporaryRepository({ ...governed, '.exeat/policies/secrets.yaml': secretsPolicy })
  const parent = join(origin.dir, '..')
  const [server, bin] = [join(parent, 'server.git'), join(parent, 'bin')]
  mkdirSync(bin)
  const setClock = (code: string): void => {
    writeFileSync(join(bin, 'clock.cjs'), code)
    writeFileSync(join(bin, 'exeat'), `#!/bin/sh\nexec '${process.execPath}' --require '${join(bin, 'clock.cjs')}' '${main}' "$@"\n`, { mode: 0o755 })
  }
  setClock('')
  writeFileSync(join(bin, 'find-secrets'), scanner)
  chmodSync(join(bin, 'find-secrets'), 0o755)
  const run = (file: string, args: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}): Ran => {
    const { PATH = '', ...rest } = plainEnvironment()
    const { status, stdout, stderr, error } = spawnSync(file, args, {
      cwd, env: { ...rest, ...isolatedGitEnvironment, PATH: `${bin}${delimiter}${PATH}`, XDG_CACHE_HOME: join(parent, 'cache'), ...more }, encoding: 'utf8', timeout: 110_000, maxBuffer: 64 * 1024 * 1024, input: '',
    })
    if (error !== undefined) throw error
    return { exit: status, stdout, stderr }
  }
  run('git', ['clone', '--quiet', '--bare', origin.dir, server], parent)
  const clone = temporaryClone({ ...origin, dir: server })
  const world: HookWorld = {
    server, clone, bin,
    git: (args, env) => run('git', args, clone.dir, env),
    exeat: (args, cwd = clone.dir) => run(join(bin, 'exeat'), args, cwd),
    onServer: (...args) => run('git', args, server),
    at: (ref) => { const { exit, stdout } = run('git', ['rev-parse', '--verify', '--quiet', ref], server); return exit === 0 ? stdout.trim() : undefined },
    change: (files, branch = 'change') => {
      clone.git('checkout', '--quiet', '-B', branch)
      for (const [path, content] of Object.entries(files)) clone.write(path, content)
      clone.git('add', '--all')
      clone.git('commit', '--quiet', '--no-verify', '--allow-empty', '-m', 'Change')
      return clone.git('rev-parse', 'HEAD')
    },
    govern: (files) => {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) origin.git('rm', '--quiet', path)
        else origin.write(path, content)
      }
      origin.git('add', '--all')
      origin.git('commit', '--quiet', '-m', 'Govern')
      run('git', ['fetch', '--quiet', '--force', origin.dir, 'main:main'], server)
      clone.git('fetch', '--quiet', 'origin')
    },
    install: (name, settings = { scanner: 'find-secrets' }) => {
      const dir = name === 'pre-receive' || name === 'update' ? server : clone.dir
      for (const [key, value] of Object.entries({ env: 'development', repo: 'acme/payments', ...settings })) run('git', ['config', '--replace-all', `exeat.hook.${key}`, value], dir)
      if (dir === server) run('git', ['config', 'receive.advertisePushOptions', 'true'], dir)
      return world.exeat(['hook', 'install', name, '--repo', dir])
    },
    clock: (instant) => { setClock(`Date.now = () => ${Date.parse(instant)}\n`) },
    remove: () => { clone.remove(); origin.remove() },
  }
  return world
}
