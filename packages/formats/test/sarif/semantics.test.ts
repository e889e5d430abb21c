import { describe, expect, test } from 'vitest'
import { at, code, finding, log, reports, ruled, run } from './support.ts'

const result = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ ruleId: 'r', message: { text: 'm' }, ...more })
const count = (input: unknown): number => reports(input).reduce((sum, report) => sum + report.findings.length, 0)

describe('which results are findings', () => {
  test.each([undefined, null, 'fail', 'open', 'review', 'unheard-of'])('kind %s is one', (kind) => expect(count(log(run([result({ kind })])))).toBe(1))
  test.each(['pass', 'notApplicable', 'informational'])('kind %s is none', (kind) => expect(count(log(run([result({ kind })])))).toBe(0))
  test.each([undefined, 'new', 'unchanged', 'updated', 'unheard-of'])('baseline state %s is one', (baselineState) => expect(count(log(run([result({ baselineState })])))).toBe(1))
  test('baseline state absent is none', () => expect(count(log(run([result({ baselineState: 'absent' })])))).toBe(0))
  test('a kind that is no string refuses the file', () => expect(code(log(run([result({ kind: 1 })])))).toBe('SARIF_SHAPE'))
})

describe('suppressions that the report brings along', () => {
  test.each([undefined, 'accepted', 'underReview', 'rejected'])('status %s changes nothing and is listed', (status) => {
    const [report] = reports(log(run([result({ suppressions: [{ kind: 'inSource', status, justification: 'why' }] })])))
    expect(report?.findings).toEqual(reports(log(run([result()])))[0]?.findings)
    expect(report?.suppressions).toEqual([{ tool: 'semgrep', rule: 'r', kind: status === undefined || status === 'accepted' ? 'inSource' : `inSource, ${status}`, justification: 'why' }])
  })
  test('those on a result that is no finding are listed as well', () => {
    expect(reports(log(run([result({ kind: 'pass', suppressions: [{}, { kind: 'external' }] })])))[0]?.suppressions.map(({ kind }) => kind)).toEqual(['unknown', 'external'])
  })
  test.each([[[]], [null]])('%j is none', (suppressions) => expect(reports(log(run([result({ suppressions })])))[0]?.suppressions).toEqual([]))
  test('an object for an array refuses the file', () => expect(code(log(run([result({ suppressions: {} })])))).toBe('SARIF_SHAPE'))
})

describe('rules', () => {
  const rules = [{ id: 'A', shortDescription: { text: 'rule A' } }, { id: 'B/x', name: 'rule B' }, { id: 'B', guid: 'g-b', shortDescription: { text: 'plain B' } }]
  const of = (more: Record<string, unknown>, tool: Record<string, unknown> = {}): { rule: string; title: string } => {
    const { rule, title } = finding(log({ tool: { driver: { name: 'x', rules }, ...tool }, results: [{ message: { text: 'm' }, ...more }] }))
    return { rule, title }
  }
  test.each([
    ['ruleId', { ruleId: 'A' }, 'A', 'rule A'],
    ['ruleIndex', { ruleIndex: 1 }, 'B/x', 'rule B'],
    ['rule.index', { rule: { index: 2 } }, 'B', 'plain B'],
    ['rule.id', { rule: { id: 'A' } }, 'A', 'rule A'],
    ['rule.guid', { rule: { guid: 'g-b' } }, 'B', 'plain B'],
    ['hierarchical id', { ruleId: 'A/1/2' }, 'A/1/2', 'rule A'],
    ['the longest parent', { ruleId: 'B/x/1' }, 'B/x/1', 'rule B'],
    ['id and index that agree', { ruleId: 'A/1', ruleIndex: 0 }, 'A/1', 'rule A'],
    ['id and index that differ: the id', { ruleId: 'A', ruleIndex: 2 }, 'A', 'rule A'],
    ['index -1 is none', { ruleId: 'B', ruleIndex: -1 }, 'B', 'plain B'],
    ['unknown id', { ruleId: 'Z' }, 'Z', 'm'],
    ['index beyond', { ruleIndex: 99 }, '(none)', 'm'],
    ['huge index', { ruleIndex: 1e300 }, '(none)', 'm'],
    ['nothing', {}, '(none)', 'm'],
    ['empty id', { ruleId: '' }, '(none)', 'm'],
    ['a prototype key', { ruleId: '__proto__' }, '__proto__', 'm'],
    ['another', { ruleId: 'constructor' }, 'constructor', 'm'],
  ])('%s', (_, more, rule, title) => expect(of(more)).toEqual({ rule, title }))

  const extensions = [{ name: 'e0', guid: 'g0', rules: [{ id: 'A', shortDescription: { text: 'first' } }] }, { name: 'e1', guid: 'g1', rules: [{ id: 'A', shortDescription: { text: 'second' } }] }]
  test.each([
    ['index', { index: 1 }, 'second'],
    ['guid', { guid: 'g0' }, 'first'],
    ['name', { name: 'e1' }, 'second'],
    ['nothing: the driver', {}, 'rule A'],
    ['one that is not there', { index: 7 }, 'm'],
  ])('in an extension by %s', (_, toolComponent, title) => expect(of({ ruleId: 'A', rule: { index: 0, toolComponent } }, { extensions }).title).toBe(title))

  test('may stand behind the results', () => {
    expect(finding('{"runs":[{"results":[{"ruleIndex":0,"message":{}}],"tool":{"driver":{"rules":[{"id":"late"}],"name":"Trivy"}}}],"version":"2.1.0"}')).toMatchObject({ tool: 'trivy', rule: 'late' })
  })
  test('rules that are no array refuse the file', () => expect(code(log(ruled([], { A: {} })))).toBe('SARIF_SHAPE'))
})

describe('severity', () => {
  const of = (rule: Record<string, unknown>, more: Record<string, unknown> = {}, invocations?: unknown): string | undefined =>
    finding(log(ruled([{ ruleId: 'r', message: { text: 'm' }, ...more }], [{ id: 'r', guid: 'g', ...rule }], { invocations }))).severity
  test.each([
    ['10.0', 'critical'], ['9', 'critical'], ['9.0', 'critical'], ['8.9', 'high'], ['7.0', 'high'], ['6.9', 'medium'], ['4', 'medium'], ['3.9', 'low'], ['0.1', 'low'], ['0.0', 'info'],
    [9.8, 'critical'],
  ])('score %s is %s, whatever the level', (score, severity) => {
    expect(of({ properties: { 'security-severity': score }, defaultConfiguration: { level: 'note' } }, { level: 'error' })).toBe(severity)
  })
  test.each(['high', '', '-1', 'NaN', '9,8', null, true, [9], { a: 1 }])('score %j is none', (score) => {
    expect(of({ properties: { 'security-severity': score } }, { level: 'error' })).toBe('high')
  })
  test('of rules with one id the severest counts where the result does not say which, in either order', () => {
    const rules = ['0.0', '9.8', '5.0'].map((score) => ({ id: 'r', properties: { 'security-severity': score } }))
    const severity = (result: Record<string, unknown>, among: readonly unknown[]): string | undefined =>
      finding(log(ruled([{ ruleId: 'r', message: { text: 'm' }, ...result }], [...among]))).severity
    expect([severity({}, rules), severity({}, rules.toReversed())]).toEqual(['critical', 'critical'])
    expect(severity({ ruleIndex: 2 }, rules)).toBe('medium')
  })
  test.each([['error', 'high'], ['warning', 'medium'], ['note', 'low'], ['none', 'info']])('level %s is %s', (level, severity) => {
    expect(of({}, { level })).toBe(severity)
    expect(of({ defaultConfiguration: { level } })).toBe(severity)
  })
  test('a level that SARIF does not know is unknown, not harmless', () => expect(of({}, { level: 'info' })).toBeUndefined())
  test('nothing said is a warning', () => expect(of({})).toBe('medium'))
  test('a rule that is pointed to and missing is unknown', () => {
    expect(finding(log(ruled([{ ruleId: 'r', ruleIndex: 5, message: {} }], []))).severity).toBeUndefined()
    expect(finding(log(ruled([{ ruleId: 'r', rule: { toolComponent: { index: 3 } }, message: {} }], [{ id: 'r' }]))).severity).toBeUndefined()
  })
  test('an override of the invocation comes before the default, and the result before both', () => {
    const override = (descriptor: unknown): unknown => [{ executionSuccessful: true, ruleConfigurationOverrides: [{ configuration: { level: 'error' }, descriptor }] }]
    for (const descriptor of [{ id: 'r' }, { index: 0 }, { guid: 'g' }]) expect(of({ defaultConfiguration: { level: 'note' } }, {}, override(descriptor))).toBe('high')
    for (const descriptor of [{ id: 'other' }, { index: 1 }, { guid: 'h' }, {}]) expect(of({ defaultConfiguration: { level: 'note' } }, {}, override(descriptor))).toBe('low')
    expect(of({}, { level: 'note' }, override({ id: 'r' }))).toBe('low')
  })
  test('of several invocations only the one that the result names', () => {
    const invocations = [{ executionSuccessful: true }, { executionSuccessful: true, ruleConfigurationOverrides: [{ configuration: { level: 'error' }, descriptor: { id: 'r' } }] }]
    expect(of({}, { provenance: { invocationIndex: 1 } }, invocations)).toBe('high')
    expect(of({}, { provenance: { invocationIndex: 0 } }, invocations)).toBe('medium')
    expect(of({}, {}, invocations)).toBe('medium')
  })
  test.each(['open', 'review'])('a result of kind %s is as severe as if it failed', (kind) => {
    expect(of({ defaultConfiguration: { level: 'error' } }, { kind, level: 'none' })).toBe('high')
    expect(of({ defaultConfiguration: { level: 'error' } }, { kind })).toBe('high')
    expect(of({}, { kind })).toBe('medium')
  })
})

describe('messages and titles', () => {
  const of = (message: unknown, rule: Record<string, unknown> = {}, driver: Record<string, unknown> = {}): { message?: string | undefined; title: string } => {
    const found = finding(log({ tool: { driver: { name: 'x', rules: [{ id: 'r', ...rule }], ...driver } }, results: [{ ruleId: 'r', message }] }))
    return { message: found.message, title: found.title }
  }
  test('text, with arguments in their places', () => {
    expect(of({ text: 'a {0} {1} {{0}} {7}', arguments: ['x', '{0}'] }).message).toBe('a x {0} {0} {7}')
    expect(of({ text: 'a {0} {{' }).message).toBe('a {0} {{')
    expect(of({ markdown: '*a*' }).message).toBe('*a*')
  })
  test('by id, from the rule and then from the tool', () => {
    const strings = { messageStrings: { a: { text: 'rule {0}' } } }
    const global = { globalMessageStrings: { a: { text: 'tool' }, b: { text: 'global {0}' } } }
    expect(of({ id: 'a', arguments: ['1'] }, strings, global).message).toBe('rule 1')
    expect(of({ id: 'b', arguments: ['2'] }, strings, global).message).toBe('global 2')
    expect(of({ id: '__proto__' }, strings, global).message).toBeUndefined()
  })
  test('the title is the rule, else the message, on one line of bounded length', () => {
    expect(of({ text: 'm' }, { shortDescription: { text: 'short\n  text' }, name: 'n' }).title).toBe('short text')
    expect(of({ text: 'm' }, { name: 'n' }).title).toBe('n')
    expect(of({ text: 'm' }, { name: '' }).title).toBe('m')
    expect(of({}).title).toBe('r')
    expect(of({ text: '😀'.repeat(1000) }).title.length).toBeLessThanOrEqual(120)
  })
  test('a message that is a string refuses the file', () => expect(code(log(run([{ ruleId: 'r', message: 'm' }])))).toBe('SARIF_SHAPE'))
})

describe('aliases', () => {
  test('from taxa, relationships and tags, without the rule itself', () => {
    const taxonomies = [{ name: 'CWE', guid: 'cwe', taxa: [{ id: '79' }, { id: '89' }] }]
    const rules = [{
      id: 'CVE-2021-44228',
      relationships: [{ target: { index: 1, toolComponent: { name: 'CWE', index: 0 } } }, { target: { id: 'GHSA-jfh8-c2jp-5v3q' } }, { target: { id: '7', toolComponent: { name: 'other' } } }],
      properties: { tags: ['external/cwe/cwe-0502', 'CVE-2021-44228', 'security', 'constructor'] },
    }]
    const found = finding(log(ruled([{ ruleIndex: 0, message: {}, taxa: [{ id: '79', toolComponent: { guid: 'cwe' } }] }], rules, { taxonomies })))
    expect(found.aliases).toEqual(['CWE-502', 'CWE-79', 'CWE-89', 'GHSA-jfh8-c2jp-5v3q'])
  })
  test('none where nothing is said', () => expect(finding(log(ruled([{ ruleId: 'r', message: {} }], [{ id: 'r' }])))).not.toHaveProperty('aliases'))
})

describe('where', () => {
  test('several locations: the first', () => {
    const place = (uri: string): unknown => ({ physicalLocation: { artifactLocation: { uri } } })
    expect(finding(log(run([result({ locations: [place('a'), place('b')] })]))).path).toBe('a')
    expect(finding(log(run([result({ locations: [] })])))).not.toHaveProperty('path')
    expect(finding(log(run([result({ locations: [{}, place('b')] })])))).not.toHaveProperty('path')
  })
  test.each([[13, 13], [1, 1], [0, undefined], [-1, undefined], [1.5, undefined], [Infinity, undefined], [null, undefined]])('line %s', (startLine, line) => {
    const text = JSON.stringify(log(run([at({ uri: 'a' }, { startLine: 'LINE' })]))).replace('"LINE"', startLine === Infinity ? '1e999' : String(startLine))
    expect(finding(text).line).toBe(line)
  })
  test('a line that is text refuses the file', () => expect(code(log(run([at({ uri: 'a' }, { startLine: '1' })])))).toBe('SARIF_SHAPE'))
  test('snippet', () => expect(finding(log(run([at({ uri: 'a' }, { startLine: 1, snippet: { text: 'x\n y' } })]))).snippet).toBe('x\n y'))
  test('a logical location is the resource where it says so or stands alone', () => {
    const of = (location: unknown): string | undefined => finding(log(run([result({ locations: [location] })], { logicalLocations: [{ fullyQualifiedName: 'kept', kind: 'resource' }] }))).resource
    expect(of({ logicalLocations: [{ fullyQualifiedName: 'f' }] })).toBe('f')
    expect(of({ logicalLocations: [{ fullyQualifiedName: 'aws_s3_bucket.b', kind: 'resource' }], physicalLocation: {} })).toBe('aws_s3_bucket.b')
    expect(of({ logicalLocations: [{ fullyQualifiedName: 'f', kind: 'function' }], physicalLocation: {} })).toBeUndefined()
    expect(of({ logicalLocations: [{ index: 0 }], physicalLocation: {} })).toBe('kept')
    expect(of({ logicalLocations: [{ index: 9 }] })).toBeUndefined()
  })
  test('image digest, if one', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const of = (repoDigests: unknown): string | undefined => finding(log(run([result()], { properties: { repoDigests } }))).image
    expect(of([`alpine@${digest}`, `docker.io/alpine@${digest}`])).toBe(digest)
    expect(of([`alpine@${digest}`, `alpine@sha256:${'b'.repeat(64)}`])).toBeUndefined()
    expect(of([`alpine@sha256:A`])).toBeUndefined()
    expect(of('alpine')).toBeUndefined()
  })
  test('the tool\'s fingerprint is kept, whatever the order of its keys', () => {
    const of = (more: Record<string, unknown>): string | undefined => finding(log(run([result(more)]))).toolFingerprint
    expect(of({ partialFingerprints: { b: '2', a: '1' } })).toBe('1')
    expect(of({ partialFingerprints: { a: '1', b: '2' }, fingerprints: { z: '9' } })).toBe('9')
    expect(of({ partialFingerprints: {} })).toBeUndefined()
  })
})

describe('the run', () => {
  const completed = (more: Record<string, unknown>): boolean | undefined => reports(log(run([], more)))[0]?.completed
  test('did it finish', () => {
    expect(completed({})).toBe(true)
    expect(completed({ invocations: [{ executionSuccessful: true }, {}] })).toBe(true)
    expect(completed({ invocations: [{ executionSuccessful: true }, { executionSuccessful: false }] })).toBe(false)
    expect(completed({ invocations: [{ processStartFailureMessage: 'no such file' }] })).toBe(false)
    expect(code(log(run([], { invocations: [{ executionSuccessful: 'false' }] })))).toBe('SARIF_SHAPE')
  })
  test.each([undefined, null])('results %s: it did not scan', (results) => {
    expect(reports(log(run(results)))[0]).toMatchObject({ completed: false, findings: [] })
  })
  test('commit', () => {
    expect(reports(log(run([], { versionControlProvenance: [{ repositoryUri: 'https://a', revisionId: 'abc' }] })))[0]?.commit).toBe('abc')
    expect(reports(log(run([], { versionControlProvenance: [] })))[0]).not.toHaveProperty('commit')
  })
  test('several runs are several reports', () => {
    expect(reports(log(run([result()]), { tool: { driver: { name: ' Trivy ' } }, results: [] }, { tool: { driver: { name: 'Weird Tool' } }, results: [result()] })).map(({ tool, findings }) => [tool, findings.length]))
      .toEqual([['semgrep', 1], ['trivy', 0], ['weird tool', 1]])
  })
})

describe('files that are refused', () => {
  test.each([
    ['results in another file', log(run([], { externalPropertyFileReferences: { results: [{ location: { uri: 'r.sarif-external' } }] } })), 'SARIF_EXTERNAL'],
    ['rules in another file', log(run([], { externalPropertyFileReferences: { driver: { location: { uri: 'd' } } } })), 'SARIF_EXTERNAL'],
    ['invocations in another file', log(run([], { externalPropertyFileReferences: { invocations: [{}] } })), 'SARIF_EXTERNAL'],
    ['inline external results', { ...log(run([])) as object, inlineExternalProperties: [{ results: [{}] }] }, 'SARIF_EXTERNAL'],
    ['version 2.0.0', { version: '2.0.0', runs: [] }, 'SARIF_VERSION'],
    ['version as a number', { version: 2.1, runs: [] }, 'SARIF_SHAPE'],
    ['no version', { runs: [] }, 'SARIF_VERSION'],
    ['no runs', { version: '2.1.0' }, 'SARIF_SHAPE'],
    ['runs: null', { version: '2.1.0', runs: null }, 'SARIF_NO_RUNS'],
    ['runs as an object', { version: '2.1.0', runs: {} }, 'SARIF_SHAPE'],
    ['a run that is null', log(null), 'SARIF_SHAPE'],
    ['no tool', log({ results: [] }), 'SARIF_SHAPE'],
    ['no name', log({ tool: { driver: {} }, results: [] }), 'SARIF_SHAPE'],
    ['empty name', log({ tool: { driver: { name: ' ' } }, results: [] }), 'SARIF_SHAPE'],
    ['a result that is null', log(run([null])), 'SARIF_SHAPE'],
    ['a result that is text', log(run(['x'])), 'SARIF_SHAPE'],
    ['results as an object', log(run({})), 'SARIF_SHAPE'],
    ['null', null, 'SARIF_VERSION'],
    ['an array', [], 'SARIF_SHAPE'],
    ['an empty object', {}, 'SARIF_VERSION'],
  ])('%s', (_, input, expected) => expect(code(input)).toBe(expected))

  test('external parts that change no answer are none of them', () => {
    expect(reports(log(run([], { externalPropertyFileReferences: { conversion: {}, graphs: [{}], results: [], invocations: null } })))).toHaveLength(1)
  })
})
