import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import type { AdoptResult, ScanResult } from '@exeat/core/wire'
import { builtCommand } from '../built.ts'
import { type Ran, runExeat } from '../session.ts'

const main = builtCommand()
const validate = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
  .compile(JSON.parse(readFileSync(fileURLToPath(new URL('../../../../schemas/output/adopt-result.v1.json', import.meta.url)), 'utf8')) as object)

const made: TemporaryRepository[] = []
afterEach(() => { for (const each of made.splice(0)) each.remove() })

const exeat = (dir: string, ...args: readonly string[]): Ran => runExeat(main, args, dir)
const adopted = (dir: string, ...args: readonly string[]): AdoptResult => {
  const ran = exeat(dir, 'adopt', '--owner', 'alice@acme.example', '--for', '10d', '--format', 'json', ...args)
  expect(ran.exit, ran.stderr).toBe(0)
  const result = JSON.parse(ran.stdout) as AdoptResult
  expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return result
}
const scanned = (dir: string): ScanResult => JSON.parse(exeat(dir, 'scan', '--no-blame', '--format', 'json').stdout) as ScanResult

const files = {
  'main.tf': '#checkov:skip=CKV_AWS_20:public on purpose\nx = 1\n#checkov:skip=CKV_AWS_20:public on purpose\n#trivy:ignore:AVD-AWS-0086:exp:2020-01-01\n',
  'src/a.py': 'run()  # nosec B602\nrun()  # nosec\n',
  '.trivyignore': 'CVE-2020-1 exp:2099-01-01\n# accepted\nCVE-2020-2\n',
  '.github/workflows/scan.yml': 'jobs:\n  scan:\n    steps:\n      - run: trivy fs . || true\n',
  'src/a.cc': 'f(); // NOLINT(cert-err34-c)\n',
  'src/reordered\u202e.py': 'run()  # nosec B301\n',
  'src/hostile \u001b[31m\u202e`$(x)`\n: {}.py': 'run()  # nosec B101 \u202e\u001b[2J "quoted": {a}\n',
}

function workspace(): TemporaryRepository {
  const one = temporaryRepository(files)
  made.push(one)
  expect(exeat(one.dir, 'init', '--repo', 'acme/payments').exit).toBe(0)
  return one
}

describe('adopting', () => {
  test('writes documents that lint finds sound and a scan finds to cover what they were made from; what is left is told with its reason', () => {
    const one = workspace()
    const dry = adopted(one.dir, '--dry-run')
    expect(existsSync(join(one.dir, '.exeat/opt-outs/adopted'))).toBe(false)
    const result = adopted(one.dir)
    expect(result.written).toEqual(dry.written)
    expect(result.written.map(({ optOuts }) => optOuts.map(({ control, findings }) => `${control} ${findings}`))).toEqual([['trivy/CVE-2020-1 1', 'trivy/CVE-2020-2 1'], ['checkov/CKV_AWS_20 2'], ['bandit/B602 1']])
    expect(exeat(one.dir, 'lint'), 'lint').toMatchObject({ exit: 0 })
    const after = scanned(one.dir)
    const covered = after.suppressions.filter(({ optOut }) => optOut?.state === 'active')
    expect(covered.map(({ tool, rule }) => `${tool}/${rule}`).toSorted()).toEqual(['bandit/B602', 'checkov/CKV_AWS_20', 'checkov/CKV_AWS_20', 'trivy/CVE-2020-1', 'trivy/CVE-2020-2'])
    expect(result.left.map(({ tool, rule, because }) => [`${tool}/${rule}`, because.slice(0, 30)]).toSorted()).toEqual([
      ['bandit/*', 'it silences every rule: name t'], ['bandit/B101', 'its path holds characters that a '.slice(0, 30)], ['bandit/B301', 'no opt-out can say it: `spec.targets'.slice(0, 30)], ['clang-tidy/cert-err34-c', '`clang-tidy` is no tool whose f'.slice(0, 30)], ['trivy/*', '`|| true` silences every rule o'.slice(0, 30)], ['trivy/AVD-AWS-0086', 'it ended at 2020-01-01T00:00:00Z'.slice(0, 30)],
    ])
    const again = adopted(one.dir)
    expect(again).toMatchObject({ written: [], covered: 5 })
    expect(adopted(one.dir, '--wildcards').written.flatMap(({ optOuts }) => optOuts.map(({ control }) => control))).toEqual(['bandit/*'])
    expect(exeat(one.dir, 'lint')).toMatchObject({ exit: 0 })
  }, 60_000)

  test('never ends later than the suppression, and ends when it was told to', () => {
    const one = workspace()
    const [trivy] = adopted(one.dir, '--dry-run').written.filter(({ path }) => path.includes('trivyignore'))
    expect(trivy?.optOuts.every(({ until }) => until < '2099')).toBe(true)
    const result = JSON.parse(exeat(one.dir, 'adopt', '--owner', 'a', '--until', '2120-01-01T00:00:00Z', '--dry-run', '--format', 'json').stdout) as AdoptResult
    expect(result.written.flatMap(({ optOuts }) => optOuts.map(({ control, until }) => `${control} ${until}`))).toEqual(expect.arrayContaining(['trivy/CVE-2020-1 2099-01-01T00:00:00Z', 'trivy/CVE-2020-2 2120-01-01T00:00:00Z']))
  })

  test('overwrites nothing: what is new is written beside what stands', () => {
    const one = workspace()
    const [first] = adopted(one.dir, 'src/a.py').written
    const before = readFileSync(join(one.dir, first?.path ?? ''), 'utf8')
    one.write('src/a.py', 'run()  # nosec B602\nrun()  # nosec B307\n')
    const [second] = adopted(one.dir, 'src/a.py').written
    expect(second?.path).not.toBe(first?.path)
    expect(second?.optOuts.map(({ control }) => control)).toEqual(['bandit/B307'])
    expect(readFileSync(join(one.dir, first?.path ?? ''), 'utf8')).toBe(before)
    expect(exeat(one.dir, 'lint').exit).toBe(0)
  })

  test('a lapsed opt-out is renewed, not written anew', () => {
    const one = workspace()
    const [first] = adopted(one.dir, 'src/a.py').written
    const path = join(one.dir, first?.path ?? '')
    one.write(first?.path ?? '', readFileSync(path, 'utf8').replace(/from: \S+/, 'from: 2026-01-01T00:00:00Z').replace(/until: \S+/, 'until: 2026-01-02T00:00:00Z'))
    const again = adopted(one.dir, 'src/a.py')
    expect(again.written).toEqual([])
    expect(again.left.map(({ because }) => because)).toEqual(expect.arrayContaining([expect.stringContaining('renew that one')]))
  })

  test('writes nothing through a link', () => {
    const one = workspace()
    const outside = temporaryFolder()
    try {
      rmSync(join(one.dir, '.exeat/opt-outs'), { recursive: true })
      mkdirSync(join(outside, 'adopted'))
      symlinkSync(outside, join(one.dir, '.exeat/opt-outs'))
      expect(exeat(one.dir, 'adopt', '--owner', 'a', '--for', '1d').exit).not.toBe(0)
      expect(readdirSync(join(outside, 'adopted'))).toEqual([])
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  })

  test.for([
    [['--for', '1d'], '--owner'], [['--owner', 'a'], '--until'], [['--owner', 'a', '--for', '1d', '--until', '2099-01-01T00:00:00Z'], '--until'], [['--owner', 'a', '--for', 'soon'], '--for soon'],
    [['--owner', 'a', '--until', '2099-01-01'], 'offset'], [['--owner', 'a', '--until', '2020-01-01T00:00:00Z'], 'not after now'],
  ] as const)('%j is wrong usage', ([args, text]) => {
    const one = temporaryRepository(files)
    made.push(one)
    const ran = exeat(one.dir, 'adopt', ...args)
    expect(ran.exit).toBe(64)
    expect(ran.stderr).toContain(text)
  })

  test('without a workspace there is nowhere to write to', () => {
    const one = temporaryRepository(files)
    made.push(one)
    expect(exeat(one.dir, 'adopt', '--owner', 'a', '--for', '1d')).toMatchObject({ exit: 3, stderr: expect.stringContaining('exeat init') as string })
  })
})
