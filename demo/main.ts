/**
 * The gate on a real Trivy report, four times: blocked, excused, and lapsed twice. Needs Node and git; works in a temporary folder and
 * touches nothing else. Exits 1 if the gate answers anything but what is told here.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { developmentPolicy, optOut, workspace } from './documents.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const report = 'vectors/scanner-outputs/trivy/scheme_2_many_vulns.json'
const hour = 3_600_000

interface Run {
  readonly exit: number | null
  readonly output: string
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'exeat-demo-')))
const forge = join(folder, 'forge')
const clone = join(folder, 'payments')
let wrong = 0

const environment: Record<string, string | undefined> = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') && name !== 'FORCE_COLOR')),
  GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Alice', GIT_AUTHOR_EMAIL: 'alice@acme.example', GIT_COMMITTER_NAME: 'Alice', GIT_COMMITTER_EMAIL: 'alice@acme.example',
  EXEAT_CACHE_DIR: join(folder, 'cache'), COLUMNS: '74',
}

const say = (text = ''): void => { process.stdout.write(`${text}\n`) }

function git(cwd: string, ...args: readonly string[]): void {
  execFileSync('git', args, { cwd, env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** What a merged change does: the document stands on the forge's protected branch, and the job's clone has fetched it. */
function merge(message: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(forge, path)), { recursive: true })
    writeFileSync(join(forge, path), content)
  }
  git(forge, 'add', '--all')
  git(forge, 'commit', '--quiet', '--message', message)
  if (message !== 'Govern') git(clone, 'fetch', '--quiet')
}

function gate(args: readonly string[], env: Record<string, string | undefined> = environment): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'packages/cli/bin/exeat.mjs'), 'gate', 'trivy.json', '--env', 'development', ...args],
    { cwd: clone, env, encoding: 'utf8' })
  return { exit: status, output: `${stdout}${stderr}` }
}

interface Expected {
  readonly exit: number
  /** Each must be in the output. */
  readonly says: readonly string[]
}

/** Prints the command, what it printed up to what it rests on, and its exit code, and holds both against what was told. */
function show(args: readonly string[], run: Run, expected: Expected): void {
  say(`  $ exeat gate trivy.json --env development${args.length === 0 ? '' : ` ${args.join(' ')}`}`)
  const lines = run.output.split('\n')
  const end = lines.findIndex((line) => line.startsWith('run      '))
  const answer = lines.filter((line) => /^(?:PASSED|BLOCKED) {2,}\d+ findings?:/.test(line))
  for (const line of [...lines.slice(0, end < 0 ? 20 : end), ...answer]) say(`  │ ${line}`.trimEnd())
  say(`  exit ${run.exit}`)
  const missing = expected.says.filter((text) => !run.output.replaceAll(/\s+/g, ' ').includes(text))
  if (run.exit === expected.exit && missing.length === 0) return
  wrong++
  say(`  UNEXPECTED: wanted exit ${expected.exit}${missing.map((text) => ` and \`${text}\``).join('')}`)
  if (end < 0) say(run.output)
}

const instant = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

function prepare(): void {
  mkdirSync(forge)
  git(forge, 'init', '--quiet', '--initial-branch=main')
  merge('Govern', { '.exeat/workspace.yaml': workspace, '.exeat/policies/development.yaml': developmentPolicy })
  git(folder, 'clone', '--quiet', `file://${forge}`, clone)
  copyFileSync(join(root, report), join(clone, 'trivy.json'))
}

function tell(): void {
  const now = Date.now()
  const until = now + 48 * hour
  say('Exeat: a real Trivy report through the gate, in a repository made for it.')
  say(`Report:  ${report}`)
  say('         (BSD-3-Clause, DefectDojo Inc., LICENSE.md beside it)')
  say('Policy:  in development an opt-out may exist: request anyone,')
  say('         approve none, activate anyone, mfa none; 14 days at most.')
  say('         Findings below critical pass.')
  prepare()

  say('\n1. BLOCKED: nobody has opted out of anything.\n')
  show([], gate([]), { exit: 2, says: ['BLOCKED 1 finding', 'an opt-out is possible', '5 findings: 1 blocked, 0 excused, 4 passed'] })

  say(`\n2. EXCUSED: an opt-out until ${instant(until)} is merged into main.\n`)
  merge('Opt out of libbz2', { '.exeat/opt-outs/libbz2-rebuild.yaml': optOut('libbz2-rebuild', instant(now - hour), instant(until)) })
  show([], gate([]), { exit: 0, says: ['EXCUSED 1 finding by 1 opt-out', 'libbz2-rebuild', '5 findings: 0 blocked, 1 excused, 4 passed'] })

  const later = ['--now', instant(until + hour)]
  say('\n3. LAPSED: the same an hour after its end, by the preview that authors have.\n')
  const { CI: _, ...atHome } = environment
  show(later, gate(later, atHome), { exit: 2, says: ['PREVIEW', 'libbz2-rebuild', 'lapsed', '1 blocked, 0 excused, 4 passed'] })

  say('\n4. LAPSED: and for real, with an opt-out that ended an hour ago.\n')
  rmSync(join(forge, '.exeat/opt-outs/libbz2-rebuild.yaml'))
  merge('Opt out for two days, three days ago', { '.exeat/opt-outs/libbz2-hotfix.yaml': optOut('libbz2-hotfix', instant(now - 49 * hour), instant(now - hour)) })
  show([], gate([]), { exit: 2, says: ['libbz2-hotfix', 'lapsed', '1 blocked, 0 excused, 4 passed'] })
}

try {
  tell()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
say(wrong === 0 ? '\nBlocked, excused, lapsed: nothing had to run for it to end.' : `\n${wrong} of 4 runs answered otherwise than told.`)
process.exitCode = wrong === 0 ? 0 : 1
