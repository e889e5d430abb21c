/** `exeat simulate --with TOOL`: real tools over throwaway copies of real repositories; where a tool must misbehave, a program that does. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { type Simulation, simulationSchema } from '@exeat/core/impact'
import { describeWith, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { workspace } from '../base.ts'
import { builtCommand } from '../built.ts'
import { plainEnvironment, type Ran, runExeat } from '../session.ts'

const namespaces = spawnSync('unshare', ['--user', '--map-current-user', '--net', '--pid', '--fork', 'true']).status === 0
const main = builtCommand()
const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../../../../schemas/output/simulation.v1.json', import.meta.url)), 'utf8')) as object
const validate = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)

const policy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: all }
spec:
  controls: ["gitleaks/*", "conftest/*", "checkov/*", "trivy/*"]
  environments: [staging]
  effect: permit
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 3650d, findings: 10 }
  requires: { impact: false }
  nativeForms: { allowed: true, maxLag: 1d }
`
const optOut = (control: string, targets: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: one }
spec:
  controls: ["${control}"]
  targets: { environments: [staging], ${targets} }
  category: waiver
  reason: because
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
  limits: { findings: 5 }
`
const governed = { '.exeat/workspace.yaml': workspace, '.exeat/policies.yaml': policy }

let repository: TemporaryRepository
const scratches = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('exeat-simulate-'))
let before: readonly string[]
beforeEach(() => {
  repository = temporaryRepository(governed)
  before = scratches()
})
afterEach(() => {
  repository.remove()
  const left = scratches().filter((name) => !before.includes(name))
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
})

/** A branch `change` with this in it, beside `main`. */
function change(files: Readonly<Record<string, string>>): void {
  repository.git('checkout', '--quiet', '-B', 'change', 'main')
  repository.commit(files)
  repository.git('checkout', '--quiet', 'main')
}
const simulate = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran => runExeat(main, ['simulate', '--env', 'staging', '--base', 'main', '--head', 'change', '--own', ...args], repository.dir, env)

function shown(args: readonly string[], exit: number, env: Readonly<Record<string, string>> = {}): Simulation {
  const ran = simulate([...args, '--format', 'json'], env)
  expect(ran.exit, ran.stderr).toBe(exit)
  const value = JSON.parse(ran.stdout) as unknown
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return simulationSchema.parse(value)
}

describe.skipIf(!namespaces)('simulate --with', { timeout: 120_000 }, () => {
  describeWith('gitleaks', 'gitleaks', () => {
    const key = (tail: string): string => `aws_access_key_id = "AKIA${tail}"\n`
    const leaks = { 'src/a.txt': key('QX7PLMN4RT5VWZ2D'), 'src/b.txt': key('ZT6KLMN3RT4VWQ7D') }

    test('confirms that the opt-out silences what was predicted, and nothing beside it', () => {
      change({ ...leaks, '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      const { confirmed, opened, isolated } = shown(['--with', 'gitleaks'], 0)
      expect(isolated).toBe(true)
      expect(opened.total).toBe(1)
      expect(confirmed).toMatchObject({ tool: 'gitleaks', findings: 2, excused: 1, written: 1, holds: true, silenced: { total: 0 }, remaining: { total: 0 } })
      const { stdout } = simulate(['--with', 'gitleaks'])
      expect(stdout).toContain('confirmed by gitleaks\n  2 findings without an excuse, 1 excused, 1 of them in its own form')
      expect(simulate(['--with', 'gitleaks', '--format', 'html']).stdout).toContain('<h2>Confirmed by <code>gitleaks</code></h2>')
    })
    test('takes the tool\'s settings from the base, and heeds neither ignore files nor comments of the change', () => {
      const allowed = '[extend]\nuseDefault = true\n[allowlist]\npaths = ["src"]\n'
      change({ 'src/a.txt': key('QX7PLMN4RT5VWZ2D').replace('\n', ' # gitleaks:allow\n'), 'src/b.txt': key('ZT6KLMN3RT4VWQ7D'), '.gitleaks.toml': allowed, '.gitleaksignore': 'src/b.txt:aws-access-token:1\n', '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      const { confirmed, problems } = shown(['--with', 'gitleaks'], 0)
      expect(confirmed).toMatchObject({ findings: 2, written: 1, holds: true })
      expect(problems).toContainEqual(expect.objectContaining({ severity: 'warning', code: 'SIMULATION_SETTINGS', message: expect.stringContaining('`.gitleaks.toml`, `.gitleaksignore`') as string }))
      repository.commit({ '.gitleaks.toml': allowed })
      expect(shown(['--with', 'gitleaks'], 0).confirmed).toMatchObject({ findings: 0, holds: true })
    })
    test('takes from the base what its settings point at, and no folder of the change in their place', () => {
      const leave = (path: string): string => `[extend]\nuseDefault = true\n[allowlist]\npaths = ["${path}"]\n`
      repository.commit({ '.gitleaks.toml': '[extend]\npath = "./rules/own.toml"\n', 'rules/own.toml': leave('nothing') })
      change({ ...leaks, 'rules/own.toml': leave('src'), '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      const { confirmed, problems } = shown(['--with', 'gitleaks'], 0)
      expect(confirmed).toMatchObject({ findings: 2, written: 1, holds: true })
      expect(problems.map(({ code, message }) => [code, message.includes('rules/own.toml')])).toContainEqual(['SIMULATION_SETTINGS', true])
      repository.git('checkout', '--quiet', '-B', 'change', 'main')
      repository.git('rm', '--quiet', '.gitleaks.toml', 'rules/own.toml')
      repository.commit({ ...leaks, '.gitleaks.toml/x': 'x', '.gitleaksignore/x': 'x', '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      repository.git('checkout', '--quiet', 'main')
      expect(shown(['--with', 'gitleaks'], 0).confirmed).toMatchObject({ findings: 2, written: 1, holds: true })
      repository.git('checkout', '--quiet', '-B', 'change', 'main')
      repository.git('rm', '--quiet', '-r', 'rules')
      repository.commit({ ...leaks, rules: 'a file', '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      repository.git('checkout', '--quiet', 'main')
      expect(simulate(['--with', 'gitleaks'])).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('SIMULATION_TOOL') as string })
    })
    test('reads the branch that was named, not a tag of its name', () => {
      repository.git('checkout', '--quiet', '-B', 'aside', 'main')
      repository.commit({ '.gitleaks.toml': '[extend]\nuseDefault = true\n[allowlist]\npaths = ["src"]\n' })
      repository.git('tag', 'main')
      repository.git('checkout', '--quiet', 'refs/heads/main')
      repository.git('checkout', '--quiet', '-B', 'change', 'refs/heads/main')
      repository.commit({ ...leaks, '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      const ran = simulate(['--with', 'gitleaks', '--format', 'json'])
      expect(ran.exit === 0 ? (JSON.parse(ran.stdout) as Simulation).confirmed?.findings : ran.stderr).toBe(2)
    })
    test('what its form cannot say is not waved through', () => {
      repository.commit({ '.exeat/policies.yaml': policy.replace(/^ {2}nativeForms:.*\n/m, '') })
      change({ ...leaks, '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      const { confirmed, problems } = shown(['--with', 'gitleaks'], 3)
      expect(confirmed).toMatchObject({ findings: 2, excused: 1, written: 0, holds: true })
      expect(problems).toContainEqual(expect.objectContaining({ severity: 'error', code: 'NATIVE_INEXPRESSIBLE' }))
    })
    test('is not led out of the tree by what stands in it', () => {
      repository.git('checkout', '--quiet', '-B', 'change', 'main')
      mkdirSync(join(repository.dir, 'src'))
      symlinkSync('/etc', join(repository.dir, 'src', 'etc'))
      repository.commit({ ...leaks, 'src/with\nnewline \u202e.txt': key('RT6KLMN3RT4VWQ7D'), '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      repository.git('checkout', '--quiet', 'main')
      expect(shown(['--with', 'gitleaks'], 0).confirmed).toMatchObject({ findings: 3, holds: true })
    })
  })

  describeWith('conftest', 'conftest', () => {
    const rego = (also = ''): string => `package main\nimport rego.v1\ndeny_root contains msg if { input.user == "root"; msg := "root" }\n${also}`
    const files = { 'a.json': '{"user":"root"}', 'b.json': '{"user":"root"}' }

    test('confirms, with the policies of the base and not those of the change', () => {
      repository.commit({ 'policy/main.rego': rego() })
      change({ ...files, 'policy/main.rego': rego('deny_all contains msg if { msg := "all" }\n'), '.exeat/one.yaml': optOut('conftest/data.main.deny_root', 'paths: [a.json]') })
      const { confirmed } = shown(['--with', 'conftest', '--target', 'a.json', '--target', 'b.json'], 0)
      expect(confirmed).toMatchObject({ findings: 2, written: 1, holds: true })
    })
    test('takes data from the base too, and heeds no exception of an earlier export', () => {
      const reading = rego('deny_data contains msg if { not data.allowed; msg := "not allowed" }\n')
      repository.commit({ 'policy/main.rego': reading, 'conftest.toml': 'data = ["data"]\n', 'data/all.yaml': 'other: true\n', 'policy/exeat.rego': 'package main\nimport rego.v1\nexception contains ["root"] if true\n' })
      change({ ...files, 'data/all.yaml': 'allowed: true\n', '.exeat/one.yaml': optOut('conftest/data.main.deny_root', 'paths: [a.json]') })
      const { confirmed, problems } = shown(['--with', 'conftest', '--target', 'a.json', '--target', 'b.json'], 0)
      expect(confirmed).toMatchObject({ findings: 4, written: 1, holds: true })
      expect(problems.map(({ code }) => code)).toContain('SIMULATION_SETTINGS')
    })
    test('wants to be told what to look at, within the tree', () => {
      change({ ...files, '.exeat/one.yaml': optOut('conftest/data.main.deny_root', 'paths: [a.json]') })
      for (const more of [[], ['--target', '/etc/passwd'], ['--target', '../x'], ['--target', '--output=x'], ['--target', 'a.json', '--policies', '/etc']]) expect(simulate(['--with', 'conftest', ...more]), more.join(' ')).toMatchObject({ exit: 64 })
    })
  })

  describeWith('opa', 'opa', () => {
    test('is asked about each finding of the reports, by the compiled bundle', () => {
      const report = join(repository.dir, '..', 'gitleaks.json')
      const leak = (file: string) => ({ RuleID: 'aws-access-token', Description: 'AWS', StartLine: 1, EndLine: 1, StartColumn: 1, EndColumn: 9, Match: 'x', Secret: 'x', File: file, SymlinkFile: '', Commit: '', Entropy: 3, Author: '', Email: '', Date: '', Message: '', Tags: [], Fingerprint: `${file}:aws-access-token:1` })
      writeFileSync(report, JSON.stringify(['src/a.txt', 'src/b.txt'].map(leak)))
      change({ '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
      expect(shown([report, '--with', 'opa'], 0).confirmed).toMatchObject({ tool: 'opa', findings: 2, written: 1, holds: true })
      expect(simulate(['--with', 'opa'])).toMatchObject({ exit: 64 })
    })
  })

  describeWith('checkov', 'checkov', () => {
    test('confirms what its baseline says', () => {
      const bucket = (name: string): string => `resource "aws_s3_bucket" "${name}" {\n  bucket = "${name}"\n}\n`
      change({ 'main.tf': bucket('one'), 'other.tf': bucket('two'), '.exeat/one.yaml': optOut('checkov/CKV_AWS_18', 'paths: [main.tf]') })
      const { confirmed } = shown(['--with', 'checkov'], 0)
      expect(confirmed).toMatchObject({ written: 1, holds: true })
      expect(confirmed?.findings).toBeGreaterThan(5)
    })
  })

  describeWith('checkov', 'checkov', () => {
    test('runs no check of the change where the settings of the base point at a folder of checks', () => {
      const mark = join(repository.dir, '..', 'ran')
      repository.commit({ '.checkov.yaml': 'external-checks-dir:\n  - ./checks\n', 'checks/__init__.py': '' })
      change({ 'main.tf': 'resource "aws_s3_bucket" "one" {\n  bucket = "one"\n}\n', 'checks/evil.py': `open(${JSON.stringify(mark)}, "w")\n`, 'checks/__init__.py': `open(${JSON.stringify(mark)}, "w")\n`, '.exeat/one.yaml': optOut('checkov/CKV_AWS_18', 'paths: [main.tf]') })
      const { problems } = shown(['--with', 'checkov'], 0)
      expect(existsSync(mark)).toBe(false)
      expect(problems.map(({ code }) => code)).toContain('SIMULATION_SETTINGS')
    })
  })

  describe('a tool that misbehaves', () => {
    let bin: string
    beforeEach(() => {
      bin = join(repository.dir, '..', 'bin')
      mkdirSync(bin, { recursive: true })
      change({ 'src/a.txt': 'x\n', '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
    })
    const leak = '[{\\"RuleID\\":\\"aws-access-token\\",\\"Description\\":\\"AWS\\",\\"StartLine\\":1,\\"File\\":\\"src/a.txt\\",\\"Commit\\":\\"\\",\\"Fingerprint\\":\\"src/a.txt:aws-access-token:1\\",\\"Match\\":\\"x\\",\\"Secret\\":\\"x\\"}]'
    const run = (script: string, more: readonly string[] = []): Ran => {
      writeFileSync(join(bin, 'gitleaks'), `#!/bin/sh\nwhile [ "$1" != --report-path ]; do shift; done; report="$2"\n${script}\n`)
      chmodSync(join(bin, 'gitleaks'), 0o755)
      return simulate(['--with', 'gitleaks', ...more], { PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), SECRET_TOKEN: 'hunter2' })
    }
    const said = (code: string) => expect.stringContaining(code) as string

    test('fails, writes nothing, or writes what is no report', () => {
      expect(run('exit 3')).toMatchObject({ exit: 1, stdout: '', stderr: said('SIMULATION_TOOL') })
      expect(run('exit 0')).toMatchObject({ exit: 1, stdout: '', stderr: said('SIMULATION_TOOL') })
      expect(run('echo "<html>" > "$report"').exit).toBe(3)
    })
    test('hangs, with everything that it started', () => {
      const mark = join(repository.dir, '..', 'alive')
      expect(run(`(sleep 3; touch "${mark}") & (setsid sleep 600 &) ; sleep 600`, ['--max-seconds', '1'])).toMatchObject({ exit: 1, stderr: said('SIMULATION_TOOL') })
      spawnSync('sleep', ['3'])
      expect(existsSync(mark)).toBe(false)
    })
    test('prints without end', () => {
      expect(run('yes')).toMatchObject({ exit: 1, stderr: said('SIMULATION_TOOL') })
    })
    test('finds no network, no environment and no home', () => {
      const ran = run('{ env; echo "home $HOME"; cat /proc/net/dev; } 1>&2; exit 9')
      expect(ran.stderr).not.toMatch(/hunter2|eth0|\broot\/?$/)
      expect(ran).toMatchObject({ exit: 1 })
    })
    test('may not come from the repository itself', () => {
      const mark = join(repository.dir, '..', 'ran')
      const inside = join(repository.dir, 'node_modules', '.bin')
      mkdirSync(inside, { recursive: true })
      writeFileSync(join(inside, 'gitleaks'), `#!/bin/sh\ntouch "${mark}"\nexit 3\n`)
      chmodSync(join(inside, 'gitleaks'), 0o755)
      const alias = join(repository.dir, '..', 'alias')
      symlinkSync(inside, alias)
      for (const first of [inside, alias]) {
        const ran = simulate(['--with', 'gitleaks'], { PATH: [first, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) })
        expect(existsSync(mark)).toBe(false)
        expect(ran).toMatchObject({ exit: 1, stderr: said('lies in the repository') })
      }
    })
    test('leaves nothing behind when the command is ended from outside', async () => {
      const ready = join(repository.dir, '..', 'ready')
      writeFileSync(join(bin, 'gitleaks'), `#!/bin/sh\npwd > "${ready}"\nexec sleep 600\n`)
      chmodSync(join(bin, 'gitleaks'), 0o755)
      const child = spawn(process.execPath, [main, 'simulate', '--env', 'staging', '--base', 'main', '--head', 'change', '--own', '--with', 'gitleaks'],
        { cwd: repository.dir, env: { ...plainEnvironment(), PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) }, stdio: 'ignore' })
      const ended = new Promise((resolve) => { child.on('exit', (_, signal) => { resolve(signal) }) })
      await vi.waitFor(() => { expect(existsSync(ready) && readFileSync(ready, 'utf8')).toMatch(/\n$/) }, { timeout: 60_000, interval: 50 })
      const copy = readFileSync(ready, 'utf8').trim()
      expect(existsSync(copy)).toBe(true)
      child.kill('SIGTERM')
      expect(await ended).toBe('SIGTERM')
      expect(existsSync(copy)).toBe(false)
    })
    test('silences more than it was given, or less', () => {
      const [more, less] = [`if [ -e .gitleaksignore ]; then echo "[]" > "$report"; else printf "${leak.replace('[{', '[{').replace('src/a.txt', 'src/b.txt').replace('src/a.txt', 'src/b.txt')}" > "$report"; fi`, `printf "${leak}" > "$report"`]
      const silenced = run(more)
      expect(silenced.stdout).toContain('SIMULATION_DIFFERS')
      expect(silenced).toMatchObject({ exit: 2, stdout: expect.stringMatching(/gitleaks does otherwise[\s\S]*silenced, and nobody excused it: 1/) as string })
      expect(run(less)).toMatchObject({ exit: 2, stdout: expect.stringMatching(/still reported, though excused: 1/) as string })
    })
  })

  test('runs on nothing of a fork, nor where nobody can tell', () => {
    change({ '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
    const event = join(repository.dir, '..', 'event.json')
    const bare = (env: Readonly<Record<string, string>>, ...more: readonly string[]): Ran => runExeat(main, ['simulate', '--env', 'staging', '--base', 'main', '--head', 'change', '--with', 'gitleaks', ...more], repository.dir, { GITHUB_ACTIONS: '', GITLAB_CI: '', ...env })
    writeFileSync(event, JSON.stringify({ pull_request: { head: { repo: { id: 2 } }, base: { repo: { id: 1 } } } }))
    const forked = { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_EVENT_PATH: event }
    expect(bare(forked, '--own')).toMatchObject({ exit: 64, stderr: expect.stringContaining('SIMULATION_FORK') as string })
    expect(bare({ CI: 'true', GITLAB_CI: 'true', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '2', CI_MERGE_REQUEST_PROJECT_ID: '1' }, '--own')).toMatchObject({ exit: 64 })
    expect(bare({})).toMatchObject({ exit: 64, stderr: expect.stringContaining('--own') as string })
    expect(bare({ CI: 'true' })).toMatchObject({ exit: 64 })
  })
  test('a tool that is missing, or whose form can mean no finding, says so', () => {
    change({ '.exeat/one.yaml': optOut('gitleaks/aws-access-token', 'paths: [src/a.txt]') })
    expect(simulate(['--with', 'gitleaks'], { PATH: '/nowhere' }).exit).toBe(1)
    for (const tool of ['semgrep', 'kyverno']) expect(simulate(['--with', tool]), tool).toMatchObject({ exit: 1, stderr: expect.stringContaining('SIMULATION_TOOL') as string })
    expect(simulate(['--with', 'gitleaks', '--no-isolation']).exit).toBe(64)
  })
})
