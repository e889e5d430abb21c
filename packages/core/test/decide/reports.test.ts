import { describe, expect, test } from 'vitest'
import type { Block, Fact, Facts, Report } from '../../src/model/index.ts'
import { judgeReports } from '../../src/decide/index.ts'
import { setOf, workspace } from '../policy/build.ts'
import { finding, staging } from './build.ts'

type Gates = NonNullable<ReturnType<typeof workspace>['document']['spec']['gates']>

const head = 'a'.repeat(40)
const report = (part: Partial<Report> = {}): Report =>
  ({ input: 'trivy.json', format: 'trivy', tool: 'trivy', completed: true, findings: [], suppressions: [], statements: [], ...part })
const judge = (gates: Gates, reports: readonly Report[], facts: Facts = staging): readonly Block[] => judgeReports(setOf([], { workspace: workspace({ gates }) }), reports, facts)
const codes = (...given: Parameters<typeof judge>): readonly string[] => judge(...given).map(({ code, tool }) => `${code} ${tool}`)
const told = (value: string): Fact<string> => ({ value, provenance: 'asserted', from: 'test' })
const at = (environment: string, part: Partial<Facts> = {}): Facts => ({ ...staging, environment: told(environment), ...part })

test('complete reports of the commit, where nothing more is asked for, block nothing', () => {
  expect(judge([], [report(), report({ commit: head }), report({ tool: 'homemade', findings: [finding()] })])).toEqual([])
  expect(judge([], [])).toEqual([])
})

describe('TOOL_MISSING', () => {
  const gates: Gates = [{ environments: ['staging'], requiredTools: ['trivy', 'semgrep'] }, { repositories: ['acme/payments'], requiredTools: ['semgrep', 'gitleaks'] }]

  test('each required tool that said nothing, by name, once', () => {
    expect(judge(gates, [report()])).toEqual(['gitleaks', 'semgrep'].map((tool) => ({
      code: 'TOOL_MISSING', tool, message: `\`${tool}\` must report here, and no report of it was given`, hint: `run ${tool} and give its report to the gate`,
    })))
  })

  test('nothing is missing once all reported, empty or not and in whatever spelling of the table', () => {
    expect(judge(gates, [report(), report({ tool: 'Semgrep OSS' }), report({ tool: 'gitleaks', findings: [finding({ tool: 'gitleaks' })] })])).toEqual([])
    expect(codes([{ requiredTools: ['Trivy'] }], [])).toEqual(['TOOL_MISSING trivy'])
  })

  test('a gate of another environment or repository asks nothing', () => {
    expect(codes([{ environments: ['test'], requiredTools: ['semgrep'] }], [report()])).toEqual([])
    const elsewhere: Facts = { ...staging, repository: { value: { name: 'acme/shop', id: '2' }, provenance: 'asserted', from: 'test' } }
    expect(codes([{ repositories: ['acme/payments'], requiredTools: ['semgrep'] }], [report()], elsewhere)).toEqual([])
  })

  test('unknown facts ask for more: no environment, an undeclared one, one that is claimed and not proven, no repository', () => {
    const gate: Gates = [{ environments: ['production'], requiredTools: ['semgrep'] }]
    const { environment: _, ...nowhere } = staging
    for (const facts of [nowhere, at('undeclared'), at('canary')]) expect(codes(gate, [report()], facts)).toEqual(['TOOL_MISSING semgrep'])
    expect(codes(gate, [report()], at('canary', { environment: { ...told('canary'), provenance: 'verified' } }))).toEqual([])
    const { repository: __, ...homeless } = staging
    expect(codes([{ repositories: ['acme/payments'], requiredTools: ['semgrep'] }], [report()], homeless)).toEqual(['TOOL_MISSING semgrep'])
  })
})

describe('REPORT_INCOMPLETE', () => {
  test('a tool that says it did not finish has not passed, whatever it found until then', () => {
    expect(judge([{ requiredTools: ['trivy'] }], [report({ completed: false, input: 'half.sarif' })])).toEqual([{
      code: 'REPORT_INCOMPLETE', input: 'half.sarif', tool: 'trivy', message: '`trivy` says in `half.sarif` that it did not finish', hint: 'see what the tool printed, and run it again',
    }])
  })
})

describe('REPORT_OTHER_COMMIT', () => {
  const of = (commit: string, known: string | undefined = head): readonly string[] => {
    const { commit: _, ...rest } = staging
    return codes([], [report({ commit })], known === undefined ? rest : { ...rest, commit: told(known) })
  }

  test('says both sides', () => {
    expect(judge([], [report({ commit: 'b'.repeat(40) })])).toEqual([{
      code: 'REPORT_OTHER_COMMIT', input: 'trivy.json', tool: 'trivy', hint: 'scan the commit that is judged',
      message: `\`trivy.json\` is of commit \`${'b'.repeat(40)}\`, the run is of \`${head}\``,
    }])
  })

  test('a run that knows no commit cannot say that a report is of it', () => {
    const { commit: _, ...unknown } = staging
    expect(judge([], [report({ commit: head })], unknown)).toMatchObject([{ code: 'REPORT_OTHER_COMMIT', message: `\`trivy.json\` is of commit \`${head}\`, the run is of an unknown one` }])
    expect(codes([], [report()], unknown)).toEqual([])
  })

  test('an abbreviation of seven digits or more is the commit, on either side and in either case', () => {
    const commit = '0123456789abcdef0123456789abcdef01234567'
    for (const [stated, known] of [[commit, commit], ['0123456', commit], [commit, '0123456'], [commit.toUpperCase(), commit], ['0123456789ABCDEF', commit]] as const) expect(of(stated, known)).toEqual([])
    for (const [stated, known] of [['012345', commit], [commit, '012345'], ['', commit], [commit, ''], ['1234567', commit], ['0123457', commit]] as const) {
      expect(of(stated, known)).toEqual(['REPORT_OTHER_COMMIT trivy'])
    }
  })

  test('a name of full length abbreviates nothing, and nothing abbreviates what has no full length', () => {
    const commit = '0123456789abcdef0123456789abcdef01234567'
    for (const [stated, known] of [[`${commit}0`, commit], [commit, `${commit}${'0'.repeat(24)}`], [commit.slice(0, 8), commit.slice(0, 12)]] as const) {
      expect(of(stated, known)).toEqual(['REPORT_OTHER_COMMIT trivy'])
    }
  })

  test('what is no object name is no abbreviation of anything', () => {
    for (const [stated, known] of [
      ['xmaster', 'xmaster-1'], ['1234567 ', '1234567 8'], [' 1234567', ' 12345678'], ['1'.repeat(65), '1'.repeat(66)], ['x1234567', 'x1234567'], ['1234567x', '1234567x'],
      ['1234567', `1234567z${'1'.repeat(40)}`], ['1234567', `1234567${'1'.repeat(33)}z`], ['1234567', '12345678'],
    ] as const) {
      expect(of(stated, known)).toEqual(['REPORT_OTHER_COMMIT trivy'])
      expect(of(known, stated)).toEqual(['REPORT_OTHER_COMMIT trivy'])
    }
    expect(of('1'.repeat(64), '1'.repeat(64))).toEqual([])
    expect([of('1'.repeat(7), '1'.repeat(64)), of('1'.repeat(64), '1'.repeat(41))]).toEqual([[], []])
  })
})

describe('REPORT_NOT_ATTESTED', () => {
  const gate: Gates = [{ environments: ['production'], attested: true }, { environments: ['staging'], attested: false }]

  test('every report, where a gate that covers the run asks for attested ones', () => {
    expect(judge(gate, [report(), report({ input: '-', tool: 'semgrep' })], at('production', { environment: { ...told('production'), provenance: 'verified' } }))).toEqual([['trivy.json', 'trivy'], ['-', 'semgrep']].map(([input, tool]) => ({
      code: 'REPORT_NOT_ATTESTED', input, tool, message: `the workspace asks for attested reports, and nothing attests \`${input}\``,
      hint: 'this release verifies no attestations yet: a workspace that asks for them blocks',
    })))
  })

  test('or might cover it; elsewhere none is asked for', () => {
    expect(codes(gate, [report()], at('production'))).toEqual(['REPORT_NOT_ATTESTED trivy'])
    expect(codes(gate, [report()])).toEqual([])
    expect(codes([{ attested: true }], [report()])).toEqual(['REPORT_NOT_ATTESTED trivy'])
  })
})

test('missing tools first, then each report in order with all that is wrong with it', () => {
  const gates: Gates = [{ requiredTools: ['semgrep'], attested: true }]
  expect(codes(gates, [report({ commit: 'b'.repeat(40), completed: false }), report({ tool: 'grype' })])).toEqual([
    'TOOL_MISSING semgrep', 'REPORT_INCOMPLETE trivy', 'REPORT_OTHER_COMMIT trivy', 'REPORT_NOT_ATTESTED trivy', 'REPORT_NOT_ATTESTED grype',
  ])
})
