/** What `readSarif` finds in real files, beside a walk over `JSON.parse` that knows nothing of it. */
import { describe, expect, test } from 'vitest'
import { bytesSource, isSarif } from '../../src/index.ts'
import { reports, vector, vectorNames } from './support.ts'

interface LooseResult {
  ruleId?: string
  kind?: string
  baselineState?: string
  suppressions?: unknown[]
  locations?: { physicalLocation?: { region?: { startLine?: number } } }[]
}

function walk(name: string): { tool: string; findings: LooseResult[] }[] {
  const parsed = JSON.parse(Buffer.from(vector(name)).toString('utf8').replace(/^\ufeff/u, '')) as { runs: { tool: { driver: { name: string } }; results?: LooseResult[] }[] }
  return parsed.runs.map((run) => ({
    tool: run.tool.driver.name,
    findings: (run.results ?? []).filter((result) => ['fail', 'open', 'review', undefined].includes(result.kind) && result.baselineState !== 'absent'),
  }))
}

test('the folder is not empty', () => expect(vectorNames.length).toBeGreaterThan(10))

describe.each(vectorNames)('%s', (name) => {
  const found = reports(vector(name))
  const expected = walk(name)

  test('is taken for SARIF', () => expect(isSarif(bytesSource(name, vector(name)))).toBe(true))

  test('one report a run, one finding a result', () => {
    expect(found.map((report) => report.findings.length)).toEqual(expected.map((run) => run.findings.length))
    expect(found.every((report) => report.completed)).toBe(true)
  })

  test('rules and lines are those of the results, in their order', () => {
    expect(found.map((report) => report.findings.map(({ rule }) => rule))).toEqual(expected.map((run) => run.findings.map(({ ruleId }) => ruleId ?? '(none)')))
    expect(found.map((report) => report.findings.map(({ line }) => line)))
      .toEqual(expected.map((run) => run.findings.map(({ locations }) => locations?.[0]?.physicalLocation?.region?.startLine)))
  })

  test('every suppression in it is listed as a shadow opt-out', () => {
    expect(found.map((report) => report.suppressions.length))
      .toEqual(expected.map((run) => run.findings.reduce((sum, { suppressions }) => sum + (suppressions?.length ?? 0), 0)))
  })

  test('paths are relative and climb nowhere', () => {
    for (const { path } of found.flatMap((report) => report.findings)) {
      if (path !== undefined) expect(path).toMatch(/^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?!.*\/\/).+$/u)
    }
  })
})

test('what the files say is kept', () => {
  expect(reports(vector('codeQL-output.sarif'))[0]?.findings[0]).toEqual({
    tool: 'codeql',
    rule: 'py/empty-except',
    title: 'Empty except',
    severity: 'low',
    message: "'except' clause does nothing but pass and there is no explanatory comment.",
    path: 'good/db_init.py',
    line: 39,
    aliases: ['CWE-390'],
    toolFingerprint: '9cbc869fbfffeb60:1',
  })
  expect(reports(vector('appendix_k3.sarif'))[0]?.findings[0]?.resource).toBe('Example.Worker.DoWork')
  expect(reports(vector('appendix_k4.sarif'))[0]).toMatchObject({
    commit: '5da53fbb2a0aaa12d648b73984acc9aac2e11c2a',
    findings: [{ severity: 'high', path: 'src/collections/list.h', line: 15, message: 'Variable "ptr" was used without being initialized.\nIt was declared [here](0).' }],
  })
  expect(reports(vector('bash-report.sarif'))[0]).toMatchObject({ tool: 'shellcheck', commit: '288c68d1ba1f35ebeff1d1bdb032186a23f0ea5b' })
  expect(reports(vector('no_runs.sarif'))).toEqual([])
})

test('absolute paths become paths of the repository once its root is told', () => {
  const [told] = reports(vector('bash-report.sarif'), { root: '/home/damien/dd' })
  expect(told?.findings.map(({ path }) => path)).toContain('docker/setEnv.sh')
  const [elsewhere] = reports(vector('bash-report.sarif'), { root: '/home/damien/d' })
  expect(elsewhere?.findings.map(({ path }) => path).filter((path) => path !== undefined)).toEqual([])
})
