import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import type { Instant } from '@exeat/core'
import { compileNative, type NativeAnswer, type NativeFinding, nativeForms } from '../../src/native/index.ts'
import { day, excuse, type How, native, now, until } from './world.ts'

const form = (name: string) => {
  const found = nativeForms.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no form ${name}`)
  return found
}
const compiled = (name: string, ...findings: readonly NativeFinding[]): NativeAnswer => compileNative(form(name), { findings, now })
const content = (answer: NativeAnswer, index = 0): string => answer.files[index]?.content ?? ''
const refusals = (answer: NativeAnswer): readonly string[] => answer.problems.map(({ message }) => message.replace(/^.*?: /u, ''))

const purl = 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1'
const place = { path: 'services/ledger/pom.xml', resource: purl }
const image = `sha256:${'a'.repeat(64)}`
const assignment = '/providers/Microsoft.Management/managementGroups/acme/providers/Microsoft.Authorization/policyAssignments/baseline'
const account = '/subscriptions/s1/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts/ledger'
const namespaceWide: How = { maxLag: day, controls: ['gatekeeper/*'], targets: { resources: ['*/payments/*'] } }
const leak = { tool: 'gitleaks', rule: 'aws-key', path: 'src/a b.ts', line: 12 }
const commit = 'c0ffee'.padEnd(40, '0')
const hostile = 'x"\n- id: "*"\n# \u2028\u202e\\ [[IgnoredVulns]] \'\'\' }}'

/** One of everything that the forms can say. */
const everything: readonly NativeFinding[] = [
  native({ ...place }, excuse({ reason: hostile })),
  native({ rule: 'AVD-AWS-0086', path: 'infra/main.tf', resource: 'aws_s3_bucket.a', line: 3 }, excuse({ maxLag: day, limits: { findings: 3 } })),
  native({ rule: 'CVE-2020-0001', resource: purl }, excuse({ category: 'mitigated', maxLag: day, targets: { environments: ['staging'] } })),
  native({ rule: 'CVE-2020-0002', ...place }),
  native({ ...leak, toolFingerprint: `${commit}:src/a b.ts:aws-key:12` }, excuse({ maxLag: day })),
  native({ ...leak, line: 13 }, excuse({ maxLag: day })),
  native({ tool: 'osv-scanner', rule: 'GHSA-jfh8-c2jp-5v3q', ...place }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'checkov', rule: 'CKV_AWS_20', path: 'infra/main.tf', resource: 'aws_s3_bucket.a' }, excuse({ maxLag: day, impact: true })),
  native({ tool: 'checkov', rule: 'CKV_AWS_21', path: 'infra/main.tf', resource: 'aws_s3_bucket.a' }, excuse({ maxLag: day })),
  native({ tool: 'checkov', rule: 'CKV_AWS_20', path: 'infra/main.tf', resource: 'aws_s3_bucket.b' }),
  native({ tool: 'grype', rule: 'CVE-2021-44228', path: 'web/package-lock.json', resource: 'pkg:npm/%40acme/lib@1.2.3' }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'grype', rule: 'CVE-2021-44228', ...place }, excuse({ maxLag: day, impact: true })),
  native({ tool: 'snyk', rule: 'SNYK-JS-LODASH-567746', ...place }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'kyverno', rule: 'require-labels/check-team', resource: 'Pod/payments/ledger' }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'kyverno', rule: 'require-labels/check-team', resource: 'Pod/payments/*' }, excuse({ maxLag: day })),
  native({ tool: 'kyverno', rule: 'require-labels', resource: 'Pod/payments/ledger' }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'conftest', rule: 'data.main.deny_root', path: 'a"b.yaml' }, excuse({ maxLag: day })),
  native({ tool: 'conftest', rule: 'data.main.deny', path: 'b.yaml' }, excuse({ maxLag: day })),
  native({ tool: 'conforma', rule: 'tasks.required_task_found:clamav-scan', image }, excuse({ reason: hostile })),
  native({ tool: 'conforma', rule: 'cve.cve_blockers', image }, excuse({ maxLag: day })),
  native({ tool: 'conforma', rule: 'tasks.*', image }, excuse({ maxLag: day })),
  native({ tool: 'semgrep', rule: 'ts.no-eval', path: 'src/a.ts', line: 3 }, excuse({ maxLag: day })),
  native({ tool: 'semgrep', rule: 'ts.no-exec', path: 'src/a.ts', line: 4 }, excuse({ maxLag: day, targets: { paths: ['src/a.ts'] } })),
  native({ tool: 'gatekeeper', rule: 'k8srequiredlabels', resource: 'Pod/payments/ledger' }, excuse(namespaceWide)),
  native({ tool: 'gatekeeper', rule: 'k8sallowedrepos', resource: 'Pod/payments/web' }, excuse(namespaceWide)),
  native({ tool: 'gatekeeper', rule: 'k8sallowedrepos', resource: 'Pod/web/web' }, excuse({ ...namespaceWide, controls: ['gatekeeper/k8sallowedrepos'] })),
  native({ tool: 'azure-policy', rule: `${assignment}#denyHttp`, resource: account }, excuse({ maxLag: day, reason: hostile })),
  native({ tool: 'azure-policy', rule: assignment, resource: `${account}2` }, excuse({ maxLag: day, category: 'mitigated' })),
  native({ tool: 'azure-policy', rule: assignment, resource: '/subscriptions/s1' }, excuse({ maxLag: day })),
]

describe('golden files', () => {
  test.for(nativeForms.map(({ name }) => name))('%s', async (name) => {
    const { files, entries, losses, problems, exportAgainBy } = compiled(name, ...everything)
    const told = JSON.stringify({ entries: entries.map(({ optOut, control, until, ends }) => ({ optOut, control, until, ends })), losses, problems: problems.map(({ message }) => message), exportAgainBy }, undefined, 1)
    const text = [...files.map(({ path, content }) => `=== ${path}\n${content}`), `=== told\n${told}\n`].join('')
    await expect(text).toMatchFileSnapshot(fileURLToPath(new URL(`golden/${name}.txt`, import.meta.url)))
  })

  test.for(nativeForms.map(({ name }) => name))('%s says the same in any order, and writes a whole file where nothing is excused', (name) => {
    expect(compiled(name, ...everything.toReversed()).entries).toEqual(compiled(name, ...everything).entries)
    const empty = compiled(name)
    expect(empty.files.length).toBe(compiled(name, ...everything).files.length)
    expect(empty).toMatchObject({ entries: [], losses: [], problems: [] })
    expect(empty.exportAgainBy).toBeUndefined()
  })
})

describe('never wider', () => {
  test('an entry that would reach a finding that is not excused is refused', () => {
    const answer = compiled('trivy', native(place, excuse()), native(place))
    expect(answer.entries).toEqual([])
    expect(answer.problems).toMatchObject([{ code: 'NATIVE_INEXPRESSIBLE', at: { file: '.exeat/hotfix.yaml' } }])
    expect(refusals(answer)[0]).toContain('which is not excused')
  })

  test.for([
    ['an impact', excuse({ maxLag: day, impact: true })],
    ['named paths', excuse({ maxLag: day, targets: { paths: ['a/**'] } })],
    ['named resources', excuse({ maxLag: day, targets: { resources: [purl] } })],
    ['named images', excuse({ maxLag: day, targets: { images: [`sha256:${'a'.repeat(64)}`] } })],
    ['named fingerprints', excuse({ maxLag: day, targets: { fingerprints: ['b'.repeat(64)], resources: [purl] } })],
    ['terms that allow only forms that end', excuse()],
  ] as const)('a coarser form is refused with %s', ([, granted]) => {
    const answer = compiled('osv-scanner', native({ tool: 'osv-scanner', ...place }, granted))
    expect(answer.entries).toEqual([])
    expect(answer.problems.length).toBe(1)
  })

  test('counted uses, conditions of each decision, grants without a log and missing documents are refused', () => {
    for (const granted of [excuse({ limits: { uses: 3 } }), excuse({ atDecide: true }), excuse({ unlogged: true }), { by: excuse().by, terms: excuse().terms }]) {
      expect(compiled('trivy', native(place, granted)).problems.length).toBe(1)
    }
    expect(compiled('trivy', native(place, excuse({ atDecide: true, maxLag: day }))).exportAgainBy).toBe(now + day)
  })

  test.for([
    ['the rule with a term', { rule: 'cve.blockers:CVE-1', image }], ['a longer code with the same end', { rule: 'policy.release.cve.blockers', image }],
    ['another image, where the entry has none', { rule: 'cve.blockers', image: `sha256:${'b'.repeat(64)}` }],
  ] as const)('an entry of Conforma for a rule reaches %s too', ([, other]) => {
    const excused = native({ tool: 'conforma', rule: 'cve.blockers', ...(other.image === image ? { image } : {}) }, excuse({ maxLag: day }))
    expect(compiled('conforma', excused).entries.length).toBe(1)
    expect(refusals(compiled('conforma', excused, native({ tool: 'conforma', ...other })))[0]).toContain('which is not excused')
  })

  test('an entry of Conforma with a term and an image is exact, and reaches no other', () => {
    const excused = native({ tool: 'conforma', rule: 'cve.blockers:CVE-1', image }, excuse())
    const others = [{ rule: 'cve.blockers', image }, { rule: 'cve.blockers:CVE-2', image }, { rule: 'cve.blockers:CVE-1' }, { rule: 'cve.blockers:CVE-1:x', image }]
    const answer = compiled('conforma', excused, ...others.map((other) => native({ tool: 'conforma', ...other })))
    expect(answer).toMatchObject({ entries: [{ ends: until }], problems: [], losses: [{ kind: 'ends-earlier' }] })
  })

  test.for([
    ['in it', { rule: `${assignment}#a`, resource: `${account}/blobServices/default` }], ['written in another case', { rule: `${assignment}#A`, resource: account.toUpperCase() }],
  ] as const)('an exemption of Azure Policy reaches a resource %s too', ([, other]) => {
    const excused = native({ tool: 'azure-policy', rule: `${assignment}#a`, resource: account }, excuse({ maxLag: day }))
    expect(refusals(compiled('azure-policy', excused, native({ tool: 'azure-policy', ...other })))[0]).toContain('which is not excused')
  })

  test('an exemption of Azure Policy without a reference reaches every policy of the initiative', () => {
    const excused = native({ tool: 'azure-policy', rule: assignment, resource: account }, excuse({ maxLag: day }))
    expect(refusals(compiled('azure-policy', excused, native({ tool: 'azure-policy', rule: `${assignment}#b`, resource: account })))[0]).toContain('which is not excused')
    expect(compiled('azure-policy', excused, native({ tool: 'azure-policy', rule: `${assignment}2`, resource: account }), native({ tool: 'azure-policy', rule: assignment, resource: `${account}2` })).entries.length).toBe(1)
  })

  test.for([
    ['named paths', excuse({ maxLag: day, targets: { paths: ['src/a.ts'] } })], ['named fingerprints', excuse({ maxLag: day, targets: { fingerprints: ['b'.repeat(64)] } })],
    ['an impact', excuse({ maxLag: day, impact: true })], ['terms that allow only forms that end', excuse()],
  ] as const)('Semgrep, whose form is the whole rule, is refused with %s', ([, granted]) => {
    expect(compiled('semgrep', native({ tool: 'semgrep', rule: 'no-eval', path: 'src/a.ts' }, granted)).problems.length).toBe(1)
  })

  test('Semgrep is refused where the rule found something that is not excused, in any file', () => {
    const answer = compiled('semgrep', native({ tool: 'semgrep', rule: 'no-eval', path: 'src/a.ts' }, excuse({ maxLag: day })), native({ tool: 'semgrep', rule: 'no-eval', path: 'src/b.ts' }))
    expect(refusals(answer)[0]).toContain('which is not excused')
  })

  test.for([
    ['another rule', excuse({ ...namespaceWide, controls: ['gatekeeper/k8s*'] })], ['another namespace', excuse({ ...namespaceWide, targets: { resources: ['*/web/*'] } })],
    ['one object', excuse({ ...namespaceWide, targets: { resources: ['Pod/payments/ledger'] } })], ['paths', excuse({ ...namespaceWide, targets: { paths: ['a'] } })],
    ['an impact', excuse({ ...namespaceWide, impact: true })], ['terms that allow only forms that end', excuse({ controls: ['gatekeeper/*'] })],
  ] as const)('Gatekeeper, whose form is the whole namespace, is refused with %s', ([, granted]) => {
    expect(compiled('gatekeeper', native({ tool: 'gatekeeper', rule: 'k8sallowedrepos', resource: 'Pod/payments/ledger' }, granted)).problems.length).toBe(1)
  })

  test('Gatekeeper is refused where any rule found something in the namespace that is not excused', () => {
    const excused = native({ tool: 'gatekeeper', rule: 'k8sallowedrepos', resource: 'Pod/payments/ledger' }, excuse(namespaceWide))
    expect(refusals(compiled('gatekeeper', excused, native({ tool: 'gatekeeper', rule: 'other', resource: 'Service/payments/web' })))[0]).toContain('which is not excused')
    expect(compiled('gatekeeper', excused, native({ tool: 'gatekeeper', rule: 'other', resource: 'Service/web/web' }), native({ tool: 'gatekeeper', rule: 'other', resource: 'Namespace/payments' })).entries.length).toBe(1)
  })

  test('a waiver is no statement that a product is not affected', () => {
    expect(refusals(compiled('openvex', native(place, excuse({ maxLag: day }))))[0]).toContain('does not mean')
  })

  test('another tool\'s findings are none of its business', () => {
    expect(compiled('trivy', native({ ...place, tool: 'grype' }, excuse()))).toMatchObject({ entries: [], problems: [] })
  })
})

describe('never longer', () => {
  test('Trivy counts the instant itself, so its end is the millisecond before', () => {
    const { vulnerabilities } = parseYaml(content(compiled('trivy', native(place, excuse())))) as { vulnerabilities: readonly { expired_at: string }[] }
    expect(Date.parse(vulnerabilities[0]?.expired_at ?? '')).toBe(until - 1)
  })

  test.for([
    ['trivy', place], ['snyk', { rule: 'SNYK-JS-A-1' }],
  ] as const)('the millisecond that %s loses is told', ([tool, finding]) => {
    const exact = compiled(tool, native({ tool, ...finding }, excuse({ maxLag: day, until: now + 5000 as Instant })))
    expect(exact.losses).toContainEqual(expect.objectContaining({ kind: 'ends-earlier', message: 'ends at 2026-11-23T12:00:04.999Z, 1 ms before the opt-out' }))
  })

  test('a tool whose end is not counted itself loses none', () => {
    const answer = compiled('osv-scanner', native({ tool: 'osv-scanner', ...place }, excuse({ maxLag: day, until: now + 5000 as Instant })))
    expect(answer.entries).toMatchObject([{ ends: now + 5000 }])
    expect(answer.losses.map(({ kind }) => kind)).not.toContain('ends-earlier')
  })

  test('a coarse form that ends lives for the lag at most, and of several excuses the first end counts', () => {
    const answer = compiled('osv-scanner', native({ tool: 'osv-scanner', ...place }, excuse({ maxLag: day })), native({ tool: 'osv-scanner', ...place }, excuse({ maxLag: day, name: 'short', until: now + 5000 as Instant })))
    expect(answer.entries).toMatchObject([{ optOut: 'short', ends: now + 5000 }])
    expect(compiled('osv-scanner', native({ tool: 'osv-scanner', ...place }, excuse({ maxLag: day }))).entries[0]?.ends).toBe(now + day)
  })

  test('Snyk compares text, so its end has three fractional digits always', () => {
    const granted = excuse({ maxLag: day, until: now + 1001 as Instant })
    expect(content(compiled('snyk', native({ tool: 'snyk', rule: 'SNYK-JS-A-1' }, granted)))).toContain('expires: "2026-11-23T12:00:01.000Z"')
  })

  test('what has ended, or has an end that is none, is refused', () => {
    for (const end of [now, now - 1, Number.NaN]) expect(compiled('trivy', native(place, excuse({ until: end as Instant }))).problems.length).toBe(1)
  })

  test('Azure Policy is told whole seconds before the end, and nothing where none is left', () => {
    const finding = (how: Parameters<typeof excuse>[0]) => native({ tool: 'azure-policy', rule: assignment, resource: account }, excuse({ maxLag: day, ...how }))
    const { value } = JSON.parse(content(compiled('azure-policy', finding({ until: now + 5500 as Instant })))) as { value: readonly { properties: { expiresOn: string } }[] }
    expect(value[0]?.properties.expiresOn).toBe('2026-11-23T12:00:05Z')
    expect(refusals(compileNative(form('azure-policy'), { findings: [finding({ until: now + 900 as Instant })], now: now + 100 as Instant }))).toEqual(['nothing is left of its time'])
  })

  test('a form without an end needs the lag, says so, and is due again within it', () => {
    const finding = (how: Parameters<typeof excuse>[0]) => native({ ...leak, toolFingerprint: `${commit}:src/a b.ts:aws-key:12` }, excuse(how))
    expect(compiled('gitleaks', finding({})).entries).toEqual([])
    const answer = compiled('gitleaks', finding({ maxLag: day }))
    expect(answer.exportAgainBy).toBe(now + day)
    expect(content(answer)).toContain('# not evaluated while excused\n')
  })
})

describe('hostile text', () => {
  test.for(['Pod/payments/*', 'Pod/payments/led?er', 'Pod/*/a', '*/payments/a', 'Pod/payments', 'Pod/pay\nments/a', 'Pod/payments/a/b'])('Kyverno is given no object that means several: %j', (resource) => {
    expect(compiled('kyverno', native({ tool: 'kyverno', rule: 'policy/rule', resource }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for([
    ['policy/rule', 'Pod/payments/a'], ['*', 'Pod/payments/a'], ['a" || true || "', 'Pod/payments/a'], ['', 'Pod/payments/a'], ['__proto__', 'Pod/payments/a'],
    ['policy', 'Pod/payments/a" || "'], ['policy', 'Pod/payments/*'], ['policy', 'Pod/a'], ['policy', 'pod/payments/a'], ['policy', undefined],
  ] as const)('nor an expression of CEL that says more: %j', ([rule, resource]) => {
    expect(compiled('kyverno-cel', native({ tool: 'kyverno', rule, ...(resource === undefined ? {} : { resource }) }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for(['data.main.deny', 'data.main.deny_a"]', 'data.main.deny_*', 'data.main.deny_a\n}', 'data.ma in.deny_a', 'main.deny_a'])('nor Conftest a rule that is none: %j', (rule) => {
    expect(compiled('conftest', native({ tool: 'conftest', rule, path: 'a' }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for([
    ['*', account], [`${assignment}#`, account], [`${assignment}#a#b`, account], [`${assignment}/x`, account], ['__proto__', account], [assignment, undefined], [assignment, '/'],
    [assignment, '/subscriptions/s1'], [assignment, '/subscriptions/s1/resourceGroups/pay'], [assignment, `${account}/blobServices/..`], [assignment, `${account}/./a`], [`${assignment}#..`, account], [assignment, '/subscriptions/s1/providers/Microsoft.Resources/resourceGroups/pay'], [assignment, `${account}?x=1`], [assignment, `${account}/a/b/c`],
  ] as const)('nor Azure Policy a scope that holds more: %j', ([rule, resource]) => {
    expect(compiled('azure-policy', native({ tool: 'azure-policy', rule, ...(resource === undefined ? {} : { resource }) }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for(['-x', 'a b', 'a;b', '$(a)', 'a*', ''])('nor Semgrep an argument that is more than a rule: %j', (rule) => {
    expect(compiled('semgrep', native({ tool: 'semgrep', rule }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for(['/payments/a', 'Pod/*/a', 'Pod/pay*/a', 'Pod/a', 'Pod//a', '*'])('nor Gatekeeper a namespace that is several: %j', (resource) => {
    expect(compiled('gatekeeper', native({ tool: 'gatekeeper', rule: 'a', resource }, excuse({ maxLag: day, controls: ['gatekeeper/*'] }))).problems.length).toBe(1)
  })

  test.for([['*'], ['@slsa3'], ['cve'], ['cve.*'], ['a.b.c'], ['cve.a:'], ['cve.a:b c'], ['__proto__'], ['cve.a', 'latest'], ['cve.a', 'sha256:1']] as const)('nor Conforma a value that means more: %j', ([rule, of]) => {
    expect(compiled('conforma', native({ tool: 'conforma', rule, ...(of === undefined ? {} : { image: of }) }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for(['*', 'SNYK-*', 'SNYK-JS-A\n', '__proto__'])('nor Snyk an id that is none: %j', (rule) => {
    expect(compiled('snyk', native({ tool: 'snyk', rule }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  test.for(['a*', '[a]', 'a\nb', '!a'])('nor Grype a pattern: %j', (path) => {
    expect(compiled('grype', native({ tool: 'grype', path, resource: 'pkg:npm/a@1' }, excuse({ maxLag: day }))).problems.length).toBe(1)
  })

  const paths = ['a\nb', 'a*', '[a]', 'a?', '{a,b}', '!a', 'a\\b', 'a\u2028b', '\u202ea']
  test.for(paths)('Trivy is given no path that it would read as something else: %j', (path) => {
    expect(compiled('trivy', native({ ...place, path }, excuse())).entries).toEqual([])
  })

  test.for(['a:b', '#a', ' a', 'a ', 'a\\b', 'a\nb', 'a\rb'])('nor Gitleaks: %j', (path) => {
    expect(compiled('gitleaks', native({ ...leak, path }, excuse({ maxLag: day }))).entries).toEqual([])
  })

  test('a fingerprint that the report made up is not believed', () => {
    for (const toolFingerprint of ['*', `${commit}:other:aws-key:12`, `x\n${commit}:src/a b.ts:aws-key:12`]) {
      expect(content(compiled('gitleaks', native({ ...leak, toolFingerprint }, excuse({ maxLag: day })))).split('\n').at(-2)).toBe('src/a b.ts:aws-key:12')
    }
  })

  test.for(['__proto__', 'constructor', 'toString'])('a rule, path or name %s is a word like any other', (word) => {
    const answer = compiled('opa', native({ rule: word, path: word, resource: word }, excuse({ name: word })))
    expect(answer.entries).toMatchObject([{ optOut: word }])
  })

  test('a reason is one value and nothing else', () => {
    const yaml = parseYaml(content(compiled('trivy', native(place, excuse({ reason: hostile }))))) as { vulnerabilities: readonly object[] }
    expect(yaml.vulnerabilities.length).toBe(1)
    expect(Object.keys(yaml.vulnerabilities[0] ?? {})).toEqual(['id', 'paths', 'purls', 'expired_at', 'statement'])
    const toml = content(compiled('osv-scanner', native({ tool: 'osv-scanner', ...place }, excuse({ maxLag: day, reason: hostile }))))
    expect(toml.match(/^\[\[IgnoredVulns\]\]$/gmu)?.length).toBe(1)
    expect(toml.match(/^reason = "(?:[^"\\\n]|\\["\\]|\\u[0-9A-F]{4})*"$/gmu)?.length).toBe(1)
  })
})
