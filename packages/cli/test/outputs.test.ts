import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TemporaryRepository } from '@exeat/testkit'
import { base, sarif } from './base.ts'
import { builtCommand } from './built.ts'
import { runExeat, type Ran, sessionRepository } from './session.ts'

const schemas = fileURLToPath(new URL('../../../schemas/output/', import.meta.url))
const vectors = fileURLToPath(new URL('../../../vectors/scanner-outputs/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

const byKind: Readonly<Record<string, string>> = {
  GateResult: 'gate-result', Problems: 'problems', LintResult: 'lint-result', Explanation: 'explanation', OptOutList: 'opt-out-list', TestResult: 'test-result', ImpactResult: 'impact-result',
  LogVerification: 'log-verification', LogEntries: 'log-entries', ReceiptCheck: 'receipt-check',
}

interface Output { readonly kind: string; readonly [key: string]: unknown }

/** Parses an output and holds it against the committed schema of its kind. */
function checked(text: string): Output {
  const value = JSON.parse(text) as Output
  const validate = ajv.getSchema(`https://exeat.dev/schemas/output/${byKind[value.kind]}.v1.json`)
  if (validate === undefined) throw new Error(`no schema for ${value.kind}`)
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return value
}

const hostileText = '\u001b[31m\u202eevil\u2066|<b>`x`</b>::error::%0A,a=b @all ]]>'
const optOut = (name: string, until: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2021-44228]
  targets: { repositories: [acme/payments], environments: [development], paths: [services/ledger/pom.xml] }
  category: waiver
  reason: "two lines,\\n::error::and [markup](https://evil.example) <b>"
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: ${until} }
  limits: { findings: 3 }
`

const main = builtCommand()
let repository: TemporaryRepository
const gate = (...args: readonly string[]): Ran => runExeat(main, ['gate', ...args, '--env', 'development'], repository.dir)

beforeAll(() => {
  repository = sessionRepository(new Map([
    ...base,
    ['.exeat/one.yaml', optOut('one', '2035-01-01T00:00:00Z')],
    ['.exeat/ended.yaml', optOut('ended', '2026-02-01T00:00:00Z')],
    ['.exeat/broken.yaml', optOut('broken', '2035-01-01')],
    ['.exeat/tests.yaml', `apiVersion: exeat.dev/v1
kind: OptOutTest
metadata: { name: t }
spec:
  cases:
    - { name: blocked, now: 2030-01-01T00:00:00Z, finding: { control: trivy/CVE-1 }, expect: { outcome: excused } }
`],
  ]))
  repository.write('hostile.sarif', sarif([
    { rule: `CVE-${hostileText}`, path: 'a b/%3Cx%3E.yaml', message: `${hostileText}\n=cmd|' /C calc'!A0` },
    { rule: 'CVE-2021-44228', path: 'services/ledger/pom.xml', line: 12, suppressions: [{ kind: 'inSource', justification: hostileText }] },
  ]))
})
afterAll(() => { repository.remove() })

describe('JSON is what its schema says', () => {
  test.for([
    [['gate', 'hostile.sarif', '--env', 'development', '--format', 'json'], 2],
    [['gate', 'log4j.sarif', '--env', 'development', '--format', 'json'], 0],
    [['gate', 'log4j.sarif', '--format', 'json'], 2],
    [['gate', 'log4j.sarif', '--env', 'development', '--worktree', '--format', 'json'], 0],
    [['gate', 'log4j.sarif', '--env', 'development', '--now', '2036-01-01T00:00:00Z', '--format', 'json'], 2],
    [['gate', 'missing', '--env', 'development', '--format=json'], 3],
    [['gate', '--nope', '--format', 'json'], 64],
    [['lint', '--format', 'json'], 3],
    [['list', '--format', 'json'], 0],
    [['list', '--env', 'development', '--report', 'clean.sarif', '--format', 'json'], 0],
    [['explain', 'trivy/CVE-2021-44228', '--env', 'development', '--format', 'json'], 0],
    [['explain', 'trivy/CVE-2024-3094', '--env', 'development', '--severity', 'high', '--path', 'x', '--format', 'json'], 0],
    [['test', '--format', 'json'], 3],
    [['impact', 'one', 'log4j.sarif', '--format', 'json'], 0],
  ] as const)('%j, exit %d', ([args, exit]) => {
    const ran = runExeat(main, args, repository.dir)
    checked(ran.stdout)
    expect(ran.exit, ran.stderr).toBe(exit)
  })

  test.for(readdirSync(join(vectors, 'sarif')).map((name) => `sarif/${name}`).concat('trivy/kubernetes.json', 'semgrep/many_vulns.json', 'checkov', 'openvex'))('of %s', (name) => {
    const files = name.includes('.') ? [join(vectors, name)] : readdirSync(join(vectors, name)).map((file) => join(vectors, name, file))
    for (const file of files) checked(gate(file, '--format', 'json').stdout)
  })

  test('says how little it decides, and what each fact rests on', () => {
    const result = checked(gate('log4j.sarif', '--format', 'json').stdout)
    expect(result).toMatchObject({
      schemaVersion: 1, kind: 'GateResult', mode: 'git', authoritative: false, evidence: 'none', exit: 0,
      facts: { environment: { value: 'development', provenance: 'asserted', from: '--env' }, commit: { provenance: 'verified', from: 'protected ref' } },
      summary: { outcome: 'passed', findings: 1, passed: 0, excused: 1, blocked: 0, blocks: 0, shadow: 0 },
    })
    expect(result['authority']).toContain('advisory')
    expect(result['refusedOptOuts']).toMatchObject([{ name: 'broken', problems: [{ code: 'DOCUMENT_INSTANT' }] }])
  })
})

describe('attack-30: hostile text is harmless in every format', () => {
  const out = (format: string): string => gate('hostile.sarif', '--format', format).stdout

  test('table', () => {
    expect(out('table')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    expect(out('table')).toContain('\\u001b[31m')
  })

  test('github: commands are those of Exeat, one a line', () => {
    for (const line of out('github').trimEnd().split('\n')) expect(line).toMatch(/^::(?:error|notice|warning) [^\r\n]*$/)
    expect(out('github').split('\n').filter((line) => line.startsWith('::error'))).toHaveLength(1)
  })

  test('markdown: each row has the columns of its head', () => {
    const lines = out('markdown').split('\n')
    for (const [index, line] of lines.entries()) {
      if (!/^\|[-:|]+\|$/.test(line)) continue
      const columns = line.split('|').length
      for (let row = index + 1; lines[row]?.startsWith('|') === true; row++) expect(lines[row]?.split('|')).toHaveLength(columns)
    }
    expect(out('markdown').replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, 'code')).not.toMatch(/<b>|\]\(https|`/)
  })

  test('junit: well-formed, nothing of the report is an element', () => {
    const xml = out('junit')
    expect(xml).not.toContain('<b>')
    expect(xml.match(/<testcase /g)).toHaveLength(2)
    expect(xml.match(/<failure /g)).toHaveLength(1)
    expect(xml.match(/<skipped /g)).toHaveLength(1)
    expect(xml.replaceAll(/<\?xml[^>]*\?>|<\/?[a-z]+(?: [a-z]+="[^"<>]*")*\/?>/g, '')).not.toMatch(/[<>]/)
  })

  test('no cell of a table begins a formula', () => {
    expect(out('table')).not.toMatch(/^[=+@]/m)
  })
})

describe('files', () => {
  test('several formats at once, each whole; SARIF is the input with suppressions', () => {
    const ran = gate('log4j.sarif', '--format', 'table', '--format', 'json', '-o', 'out.json', '--format', 'sarif', '-o', 'out.sarif', '-o', 'out.md', '-o', 'out.xml')
    expect(ran.exit).toBe(0)
    expect(ran.stdout).toContain('PASSED')
    checked(readFileSync(join(repository.dir, 'out.json'), 'utf8'))
    const before = JSON.parse(readFileSync(join(repository.dir, 'log4j.sarif'), 'utf8')) as { runs: { results: Record<string, unknown>[] }[] }
    const after = JSON.parse(readFileSync(join(repository.dir, 'out.sarif'), 'utf8')) as typeof before
    expect(after.runs[0]?.results[0]?.['suppressions']).toMatchObject([{ kind: 'external', status: 'accepted', properties: { exeat: { optOut: 'one' } } }])
    delete after.runs[0]?.results[0]?.['suppressions']
    expect(after).toEqual(before)
    expect(readFileSync(join(repository.dir, 'out.md'), 'utf8')).toContain('## Exeat: passed')
    expect(readFileSync(join(repository.dir, 'out.xml'), 'utf8')).toContain('<testsuites')
  })

  test('several SARIF inputs go into a folder, a file each, and not into one file', () => {
    const refused = gate('log4j.sarif', 'clean.sarif', '--format', 'sarif', '-o', 'one.sarif')
    expect([refused.exit, refused.stderr]).toEqual([64, expect.stringContaining('OUTPUT_CONFLICT')])
    expect(existsSync(join(repository.dir, 'one.sarif'))).toBe(false)
    expect(gate('log4j.sarif', 'clean.sarif', '--format', 'sarif', '-o', 'out/').exit).toBe(0)
    expect(readdirSync(join(repository.dir, 'out')).sort()).toEqual(['clean.sarif', 'log4j.sarif'])
  })

  test('a report is never replaced by an output, under whatever name', () => {
    const before = readFileSync(join(repository.dir, 'log4j.sarif'), 'utf8')
    symlinkSync('log4j.sarif', join(repository.dir, 'alias.sarif'))
    for (const [format, output] of [['json', 'log4j.sarif'], ['sarif', './log4j.sarif'], ['json', 'alias.sarif']] as const) {
      const refused = gate('log4j.sarif', '--format', format, '-o', output)
      expect([refused.exit, refused.stderr]).toEqual([64, expect.stringContaining('OUTPUT_CONFLICT')])
    }
    expect(readFileSync(join(repository.dir, 'log4j.sarif'), 'utf8')).toBe(before)
  })

  test('a failed run leaves what was there, and nothing half-written', () => {
    writeFileSync(join(repository.dir, 'kept.json'), 'before')
    writeFileSync(join(repository.dir, 'cut.sarif'), '{"version": "2.1.0", "runs": [{')
    expect(gate('cut.sarif', '--format', 'json', '-o', 'kept.json').exit).toBe(3)
    expect(readFileSync(join(repository.dir, 'kept.json'), 'utf8')).toBe('before')
    expect(readdirSync(repository.dir).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('an output that cannot be written is a failure of the run', () => {
    expect(gate('log4j.sarif', '--format', 'json', '-o', 'no/such/folder/out.json')).toMatchObject({ exit: 1, stderr: expect.stringContaining('OUTPUT_FAILED') as string })
    mkdirSync(join(repository.dir, 'taken.json'))
    expect(gate('log4j.sarif', '--format', 'json', '-o', 'taken.json')).toMatchObject({ exit: 1, stderr: expect.stringContaining('OUTPUT_FAILED') as string })
  })

  test('a full disk is a failure, and leaves no file', ({ skip }) => {
    if (!existsSync('/dev/full')) skip('there is no /dev/full')
    expect(gate('log4j.sarif', '--format', 'json', '-o', '/dev/full')).toMatchObject({ exit: 1, stderr: expect.stringContaining('the disk is full') as string })
  })

  test('standard output that is cut short is a failure too, and never looks like a whole answer', ({ skip }) => {
    if (!existsSync('/dev/full')) skip('there is no /dev/full')
    const full = openSync('/dev/full', 'w')
    try {
      const args = [main, 'gate', 'log4j.sarif', '--env', 'development', '--format', 'json']
      const ran = spawnSync(process.execPath, args, { cwd: repository.dir, stdio: ['ignore', full, 'pipe'], encoding: 'utf8' })
      expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining('standard output cannot be written: the disk is full') as string })
    } finally {
      closeSync(full)
    }
  })

  test('an unreadable report excuses nothing', ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may read everything')
    repository.write('secret.sarif', sarif([]))
    chmodSync(join(repository.dir, 'secret.sarif'), 0)
    expect(gate('secret.sarif')).toMatchObject({ exit: 3, stderr: expect.stringContaining('permission denied') as string })
  })
})
