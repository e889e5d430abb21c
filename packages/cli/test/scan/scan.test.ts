import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import type { ScanResult } from '@exeat/core/wire'
import { base } from '../base.ts'
import { builtCommand } from '../built.ts'
import { type Ran, runExeat } from '../session.ts'

const main = builtCommand()
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
const validate = ajv.compile(JSON.parse(readFileSync(fileURLToPath(new URL('../../../../schemas/output/scan-result.v1.json', import.meta.url)), 'utf8')) as object)

const made: TemporaryRepository[] = []
afterEach(() => { for (const each of made.splice(0)) each.remove() })

function repository(files: Readonly<Record<string, string | Uint8Array>>): TemporaryRepository {
  const one = temporaryRepository(files)
  made.push(one)
  return one
}

const scan = (dir: string, ...args: readonly string[]): Ran => runExeat(main, ['scan', ...args], dir)

/** The answer for programs, held against its committed schema. */
function scanned(dir: string, ...args: readonly string[]): ScanResult {
  const ran = scan(dir, '--format', 'json', ...args)
  const result = JSON.parse(ran.stdout) as ScanResult
  expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  expect(ran.exit, ran.stderr).toBe(result.exit)
  return result
}

const placed = ({ suppressions }: ScanResult): readonly string[] => suppressions.map(({ tool, rule, path, line }) => `${path}:${line} ${tool}/${rule}`)

const optOut = (name: string, control: string, path: string, until = '2035-01-01T00:00:00Z'): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: ["${control}"]
  targets: { paths: ["${path}"] }
  category: waiver
  reason: Known and accepted.
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: ${until} }
  limits: { findings: 3 }
`

describe('a scan', () => {
  test('tells tool, rule, place, reason, author and age of each, and leaves out what git ignores and what others wrote', () => {
    const one = repository({
      'src/a.py': 'run()  # nosec B602 -- input is a constant\n', 'main.tf': '#checkov:skip=CKV_AWS_20:public on purpose\n#trivy:ignore:AVD-AWS-0086:exp:2020-01-01\n',
      'node_modules/x/a.js': '// eslint-disable-line no-eval\n', '.gitignore': 'secret/\n', 'text.txt': '# nosec\n', 'bin.py': new Uint8Array([35, 0, 32, 110, 111, 115, 101, 99]),
    })
    one.write('secret/a.py', 'x()  # nosec\n')
    one.write('new.py', 'x()  # nosec\n')
    const result = scanned(one.dir)
    expect(placed(result)).toEqual(['main.tf:1 checkov/CKV_AWS_20', 'main.tf:2 trivy/AVD-AWS-0086', 'new.py:1 bandit/*', 'src/a.py:1 bandit/B602'])
    expect(result.suppressions[3]).toMatchObject({ kind: 'comment', mark: 'nosec', reason: 'input is a constant', author: 'Alice', since: '2026-11-22T10:00:00Z', commit: one.git('rev-parse', 'HEAD') })
    expect(result.suppressions[2]).not.toHaveProperty('author')
    expect(result.suppressions[1]?.expires).toEqual({ written: '2020-01-01', at: '2020-01-01T00:00:00Z' })
    expect(result.summary).toMatchObject({ total: 4, files: 3, uncovered: 4, forEver: 3, expired: 1, whole: 1, withoutReason: 2 })
    expect(result.scanned).toMatchObject({ vendored: 1, binary: 1, unreadable: [] })
    expect(placed(scanned(one.dir, '--vendored'))).toContain('node_modules/x/a.js:1 eslint/no-eval')
    expect(placed(scanned(join(one.dir, 'src')))).toEqual(['src/a.py:1 bandit/B602'])
    expect(placed(scanned(one.dir, 'main.tf'))).toHaveLength(2)
    expect(scanned(one.dir, '--no-blame').suppressions.every(({ author }) => author === undefined)).toBe(true)
    const text = scan(one.dir)
    expect(text).toMatchObject({ exit: 0, stderr: '' })
    expect(text.stdout).toMatch(/4 controls switched off in 3 files[^]*src\/a\.py[^]*bandit\/B602[^]*“input is a constant”[^]*exeat adopt/)
    expect(scan(one.dir, '--fail').exit).toBe(2)
  })

  test('says which opt-out covers one, and that a lapsed one does not', () => {
    const one = repository({
      'a.py': 'run()  # nosec B602\n', 'b.py': 'run()  # nosec B602\n', 'c.py': 'run()  # nosec\n', 'd.py': 'run()  # nosec B101\n',
      '.exeat/workspace.yaml': base.get('.exeat/workspace.yaml') ?? '',
      '.exeat/a.yaml': optOut('a', 'bandit/B602', 'a.py'), '.exeat/b.yaml': optOut('b', 'bandit/B602', 'b.py', '2026-02-01T00:00:00Z'), '.exeat/c.yaml': optOut('c', 'bandit/B*', 'c.py'), '.exeat/d.yaml': optOut('d', 'bandit/B1*', 'd.py'),
    })
    expect(scanned(one.dir).suppressions.map(({ path, optOut: by }) => [path, by?.name, by?.state])).toEqual([['a.py', 'a', 'active'], ['b.py', 'b', 'lapsed'], ['c.py', undefined, undefined], ['d.py', 'd', 'active']])
    expect(scan(one.dir, '--fail').exit).toBe(2)
  })

  test('works without git, where vendored and built folders are left out, and finds nothing where nothing is', () => {
    const dir = temporaryFolder()
    try {
      for (const folder of ['src', 'node_modules', 'dist', '.git']) mkdirSync(join(dir, folder))
      writeFileSync(join(dir, 'src', 'a.go'), 'f() // #nosec G101 -- test data\n')
      for (const folder of ['node_modules', 'dist', '.git']) writeFileSync(join(dir, folder, 'a.go'), 'f() // #nosec G101\n')
      const result = scanned(dir)
      expect(placed(result)).toEqual(['src/a.go:1 gosec/G101'])
      expect(result).toMatchObject({ git: false, scanned: { vendored: 2 } })
      rmSync(join(dir, 'src', 'a.go'))
      expect(scan(dir)).toMatchObject({ exit: 0, stdout: expect.stringContaining('no suppression found') as string })
      expect(scan(dir, '--diff', 'main')).toMatchObject({ exit: 64, stderr: expect.stringContaining('SCAN_NO_BASE') as string })
      expect(scan(dir, 'nowhere')).toMatchObject({ exit: 64, stderr: expect.stringContaining('SCAN_PATH') as string })
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  test('follows no link, reads no pipe or huge file, and says so; names that hold anything are shown harmless', () => {
    const outside = temporaryFolder()
    try {
      writeFileSync(join(outside, 'a.py'), 'x()  # nosec\n')
      const one = repository({ 'evil\u001b[31m\u202e\n.py': 'x()  # nosec \u001b[2J\u202e\n', 'big.py': `${'x = 1\n'.repeat(800_000)}x()  # nosec\n`, 'invalid.py': new Uint8Array([0xff, 0xfe, 0x0a, ...Buffer.from('x()  # nosec B101\n')]) })
      symlinkSync(join(outside, 'a.py'), join(one.dir, 'link.py'))
      symlinkSync(outside, join(one.dir, 'folder'))
      const result = scanned(one.dir)
      expect(placed(result)).toEqual(['evil\u001b[31m\u202e\n.py:1 bandit/*', 'invalid.py:2 bandit/B101'])
      expect(result.scanned).toMatchObject({ large: 1 })
      expect(result.scanned.links).toBeGreaterThanOrEqual(1)
      const text = scan(one.dir).stdout
      expect(text).not.toContain('\u001b')
      expect(text).not.toContain('\u202e')
      expect(text).toContain('evil\\u001b')
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  })

  test('a folder that a link has replaced leads nowhere', () => {
    const outside = temporaryFolder()
    try {
      writeFileSync(join(outside, 'a.py'), 'x()  # nosec\n')
      const one = repository({ 'src/a.py': 'x()\n' })
      rmSync(join(one.dir, 'src'), { recursive: true })
      symlinkSync(outside, join(one.dir, 'src'))
      const result = scanned(one.dir)
      expect(placed(result)).toEqual([])
      expect(result.scanned.links).toBeGreaterThanOrEqual(1)
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  })
})

describe('a change', () => {
  test('fails where it adds one, and not for those that were there, moved, or came with a renamed file', () => {
    const one = repository({ 'a.py': 'run()  # nosec B602\n', 'old.py': 'go()  # nosec B101\n' })
    one.git('checkout', '--quiet', '-b', 'change')
    one.git('mv', 'old.py', 'renamed.py')
    one.commit({ 'a.py': '\n\n\nrun()  # nosec B602\n' })
    expect(scanned(one.dir, '--diff', 'main')).toMatchObject({ exit: 0, summary: { total: 2, added: 0 } })
    one.commit({ 'a.py': 'run()  # nosec B602\nrun()  # nosec B602\n' })
    const added = scanned(one.dir, '--diff', 'main')
    expect(added).toMatchObject({ exit: 2, summary: { added: 1 }, base: { ref: 'main', tip: one.git('rev-parse', 'main') } })
    expect(scan(one.dir, '--diff', 'main').stdout).toContain('this change adds 1 undeclared suppression, against main')
  })

  test('fails where other code comes under an old one: nobody looked at that', () => {
    const one = repository({ 'a.py': 'run()  # nosec B602\n', 'b.tf': '#checkov:skip=CKV_AWS_20:x\nresource "a" "b" {}\n' })
    one.git('checkout', '--quiet', '-b', 'change')
    one.commit({ 'a.py': 'run(user_input)  # nosec B602\n', 'b.tf': '#checkov:skip=CKV_AWS_20:x\nresource "a" "other" {}\n' })
    expect(scanned(one.dir, '--diff', 'main').summary.added).toBe(2)
  })

  test('is judged by the opt-outs of its base, not by those that it brings', () => {
    const one = repository({ 'a.py': 'run()\n', '.exeat/workspace.yaml': base.get('.exeat/workspace.yaml') ?? '' })
    one.git('checkout', '--quiet', '-b', 'change')
    one.commit({ 'a.py': 'run()  # nosec B602\n', '.exeat/a.yaml': optOut('a', 'bandit/B602', 'a.py') })
    expect(scanned(one.dir, '--diff', 'main')).toMatchObject({ exit: 2, summary: { added: 1 } })
    one.git('checkout', '--quiet', 'main')
    one.commit({ '.exeat/a.yaml': optOut('a', 'bandit/B602', 'a.py') })
    one.git('checkout', '--quiet', 'change')
    expect(scanned(one.dir, '--diff', 'main')).toMatchObject({ exit: 0, summary: { added: 0 } })
  })

  test('of a base that is not there, or a history that is cut off, is an error and no pass', () => {
    const one = repository({ 'a.py': 'run()  # nosec B602\n' })
    expect(scan(one.dir, '--diff', 'nowhere')).toMatchObject({ exit: 1, stderr: expect.stringContaining('REF_MISSING') as string })
    expect(scan(one.dir, '--diff', '--output=x')).toMatchObject({ exit: 1, stderr: expect.stringContaining('REF_MISSING') as string })
  })
})
