/** What each form suppresses, by a reading of its documented rules apart from the code that writes it, is never more than what is excused. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import type { Finding, Instant } from '@exeat/core'
import { compileNative, type NativeFile, type NativeFinding, nativeForms } from '../../src/native/index.ts'
import { day, excuse, native, now } from './world.ts'

type Suppresses = (finding: Finding, at: number) => boolean
const text = (files: readonly NativeFile[]): string => files[0]?.content ?? ''

interface TrivyEntry { readonly id: string; readonly paths?: readonly string[]; readonly purls?: readonly string[]; readonly expired_at: string }
interface GrypeEntry { readonly vulnerability: string; readonly package: { readonly name: string; readonly version: string; readonly type?: string; readonly location?: string } }
interface Baseline { readonly failed_checks: readonly { readonly file: string; readonly findings: readonly { readonly resource: string; readonly check_ids: readonly string[] }[] }[] }
interface Exempted { readonly spec: { readonly exceptions: readonly { readonly policyName: string; readonly ruleNames: readonly string[] }[]; readonly match: { readonly any: readonly { readonly resources: { readonly kinds: readonly string[]; readonly namespaces: readonly string[]; readonly names: readonly string[] } }[] } } }
interface CelExempted { readonly spec: { readonly policyRefs: readonly { readonly name: string }[]; readonly matchConditions: readonly { readonly expression: string }[]; readonly expiresAt: string } }
interface Volatile { readonly volatileConfig: { readonly exclude: readonly { readonly value: string; readonly effectiveUntil: string; readonly imageDigest?: string; readonly imageRef?: string }[] } }
interface Exemption { readonly id: string; readonly properties: { readonly policyAssignmentId: string; readonly policyDefinitionReferenceIds?: readonly string[]; readonly expiresOn: string } }
interface OpaEntry { readonly until: string; readonly finding: Partial<Finding> }

/** Readers of the files, by tool. */
const readers: Readonly<Record<string, (files: readonly NativeFile[]) => Suppresses>> = {
  trivy(files) {
    const value = parseYaml(text(files)) as Record<string, readonly TrivyEntry[]>
    const entries = [...value['vulnerabilities'] ?? [], ...value['misconfigurations'] ?? []]
    return ({ rule, path, resource }, at) => entries.some((entry) => entry.id === rule && at <= Date.parse(entry.expired_at)
      && (entry.paths?.includes(path ?? '') ?? true) && (entry.purls?.includes(resource ?? '') ?? true))
  },
  gitleaks(files) {
    const lines = new Set(text(files).split('\n').filter((line) => !line.startsWith('#')))
    return ({ rule, path, line, toolFingerprint }) => lines.has(`${path}:${rule}:${line}`) || (toolFingerprint !== undefined && lines.has(toolFingerprint))
  },
  'osv-scanner': (files) => {
    const entries = [...text(files).matchAll(/^id = "(.*)"\nignoreUntil = (.*)$/gmu)]
    return ({ rule }, at) => entries.some(([, id, until = '']) => id === rule && at < Date.parse(until))
  },
  snyk(files) {
    const { ignore } = parseYaml(text(files)) as { ignore: Record<string, readonly { readonly '*': { readonly expires: string } }[]> }
    return ({ rule }, at) => Object.hasOwn(ignore, rule) && ignore[rule]?.some((entry) => new Date(at).toISOString() <= entry['*'].expires) === true
  },
  grype(files) {
    const { ignore } = parseYaml(text(files)) as { ignore: readonly GrypeEntry[] }
    return ({ rule, path, resource = '' }) => {
      const [, type, whole = '', version] = /^pkg:(\w+)\/(.+)@(\w+)$/u.exec(resource) ?? []
      const name = type === 'npm' ? decodeURIComponent(whole) : whole.split('/').at(-1)
      return ignore.some((entry) => entry.vulnerability === rule && entry.package.name === name && entry.package.version === version
        && (entry.package.type ?? type) === type && (entry.package.location ?? path) === path)
    }
  },
  checkov(files) {
    const { failed_checks: failed } = JSON.parse(text(files)) as Baseline
    return ({ rule, resource }) => failed.some(({ findings }) => findings.some((each) => each.resource === resource && each.check_ids.includes(rule)))
  },
  kyverno(files) {
    const documents = text(files).split(/^---$/mu).slice(1).map((each) => parseYaml(each) as Exempted)
    return ({ rule, resource = '' }) => documents.some(({ spec: { exceptions, match } }) => exceptions.some(({ policyName, ruleNames }) => ruleNames.some((name) => `${policyName}/${name}` === rule))
      && match.any.some(({ resources: { kinds, namespaces, names } }) => `${kinds[0]}/${namespaces[0]}/${names[0]}` === resource))
  },
  'azure-policy': (files) => {
    const { value } = JSON.parse(text(files)) as { value: readonly Exemption[] }
    return ({ rule, resource = '' }, at) => value.some(({ id, properties }) => {
      const [of, reference] = rule.toLowerCase().split('#')
      const exempted = id.toLowerCase().split('/providers/microsoft.authorization/policyexemptions/')[0]?.split('/') ?? []
      return properties.policyAssignmentId.toLowerCase() === of && (properties.policyDefinitionReferenceIds?.some((each) => each.toLowerCase() === reference) ?? true)
        && exempted.every((part, index) => resource.toLowerCase().split('/')[index] === part) && at <= Date.parse(properties.expiresOn)
    })
  },
  semgrep(files) {
    const excluded = text(files).split('\n').flatMap((line) => /^--exclude-rule=(\S+)$/u.exec(line)?.[1] ?? [])
    return ({ rule }) => excluded.includes(rule)
  },
  gatekeeper(files) {
    const { match } = parseYaml(text(files)) as { match: readonly { readonly excludedNamespaces: readonly string[] }[] }
    return ({ resource = '' }) => match.some(({ excludedNamespaces }) => resource.split('/').filter((part) => part !== '').length === 3 && excludedNamespaces.includes(resource.split('/').at(1) ?? ''))
  },
  conforma(files) {
    const { volatileConfig: { exclude } } = parseYaml(text(files)) as Volatile
    return ({ rule, image }, at) => {
      const [, pkg = '', name = '', term] = /^(?:.*\.)?(\w+)\.(\w+)(?::(.*))?$/u.exec(rule) ?? []
      const matchers = [pkg, `${pkg}.*`, `${pkg}.${name}`, ...(term === undefined ? [] : [`${pkg}:${term}`, `${pkg}.${name}:${term}`]), '*']
      return exclude.some((entry) => matchers.includes(entry.value) && (entry.imageRef ?? image) === image && (entry.imageDigest ?? image) === image && at <= Date.parse(entry.effectiveUntil))
    }
  },
  'kyverno-cel': (files) => {
    const documents = text(files).split(/^---$/mu).slice(1).map((each) => parseYaml(each) as CelExempted)
    const attributes = (resource: string): Record<string, string | undefined> => {
      const [kind, ...rest] = resource.split('/')
      return { kind, 'metadata.name': rest.at(-1), ...(rest.length === 2 ? { 'metadata.namespace': rest[0] } : {}) }
    }
    const holds = (expression: string, resource: string): boolean => expression.split(' && ').every((part) => {
      const [, asked] = /^has\(object\.([\w.]+)\)$/u.exec(part) ?? []
      const [, compared, value] = /^object\.([\w.]+) == "([^"\\]*)"$/u.exec(part) ?? []
      if (asked === undefined && compared === undefined && part !== 'object != null') throw new Error(part)
      return asked !== undefined ? attributes(resource)[asked] !== undefined : compared === undefined || attributes(resource)[compared] === value
    })
    return ({ rule, resource = '' }) => documents.some(({ spec: { policyRefs, matchConditions } }) => (
      policyRefs.some((ref) => ref.name === rule) && matchConditions.every(({ expression }) => holds(expression, resource))))
  },
  opa(files) {
    const { findings } = JSON.parse(files.find(({ path }) => path.endsWith('data.json'))?.content ?? '') as { findings: readonly OpaEntry[] }
    const told = (finding: object): string => JSON.stringify(Object.entries(finding).filter(([key]) => !['severity', 'toolFingerprint'].includes(key)).toSorted())
    return (finding, at) => findings.some((entry) => at < Date.parse(entry.until) && JSON.stringify(Object.entries(entry.finding).toSorted()) === told(finding))
  },
}

const assigned = '/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/p'
const account = '/subscriptions/s/providers/Microsoft.Storage/storageAccounts/a'
const rules: Readonly<Record<string, readonly string[]>> = {
  trivy: ['CVE-2020-1', 'CVE-2020-2', 'AVD-AWS-0086', 'secret', '*'], gitleaks: ['key', 'token', 'a:b'], 'osv-scanner': ['GHSA-a-b-c', 'CVE-2020-1'], snyk: ['SNYK-JS-A-1', '__proto__'],
  grype: ['CVE-2020-1', 'GHSA-a-b-c'], checkov: ['CKV_1', 'CKV_2'], kyverno: ['policy/rule', 'policy/*', 'policy'], 'azure-policy': [assigned, `${assigned}#a`, `${assigned.toUpperCase()}#A`, `${assigned}#b`, '*'],
  semgrep: ['a.b', 'a.c', '-x'], gatekeeper: ['a', 'b'], conforma: ['p.r', 'p.r:t', 'p.r:u', 'q.p.r', '*'], 'kyverno-cel': ['policy', 'policy/rule', 'a" || true'], opa: ['CVE-2020-1', '__proto__'],
}
const place = {
  path: fc.option(fc.constantFrom('a/b.txt', 'a/*', '#a', 'a:b', 'c.txt', 'a"b'), { nil: undefined }),
  resource: fc.option(fc.constantFrom('pkg:npm/a@1', 'pkg:npm/a', 'pkg:npm/%40s/a@1', 'pkg:deb/debian/a@1', 'Pod/n/a', 'Pod/n/*', 'pkg:maven/g/a@1', 'pkg:maven/h/a@1', account, account.toUpperCase(), `${account}/blobServices/b`, `${account}b`, '/subscriptions/s'), { nil: undefined }),
  image: fc.option(fc.constantFrom(`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`), { nil: undefined }),
  line: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
}
const granted = fc.option(fc.record({
  name: fc.constantFrom('one', 'two'), ms: fc.integer({ min: -2000, max: 3 * day }), lag: fc.option(fc.integer({ min: 1, max: 2 * day }), { nil: undefined }), impact: fc.boolean(), atDecide: fc.boolean(),
  targets: fc.constantFrom(undefined, { paths: ['a/b.txt'] }, { resources: ['pkg:npm/a@1'] }, { resources: ['*/n/*'] }), uses: fc.boolean(),
}), { nil: undefined })

function findingOf(tool: string, [rule, part, grant]: readonly [string, { readonly [K in keyof typeof place]: unknown }, { readonly name: string; readonly ms: number; readonly lag: number | undefined; readonly impact: boolean; readonly atDecide: boolean; readonly targets: object | undefined; readonly uses: boolean } | undefined]): NativeFinding {
  const named = nativeForms.find(({ name }) => name === tool)?.tool ?? tool
  const attributes = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Partial<Finding>
  return native({ tool: named, rule, ...attributes }, grant === undefined ? undefined : excuse({
    name: grant.name, controls: grant.name === 'one' ? [`${named}/*`] : [`${named}/${rule}`], until: now + grant.ms as Instant, impact: grant.impact, atDecide: grant.atDecide,
    ...(grant.lag === undefined ? {} : { maxLag: grant.lag as typeof day }), ...(grant.targets === undefined ? {} : { targets: grant.targets }), ...(grant.uses ? { limits: { uses: 1 } } : {}),
  }))
}

test.for(Object.keys(readers))('%s', (tool) => {
  const form = nativeForms.find(({ name }) => name === tool)
  const read = readers[tool]
  if (form === undefined || read === undefined) throw new Error(tool)
  let written = 0
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...rules[tool] ?? []), fc.record(place), granted), { maxLength: 8 }), (drawn) => {
    const findings = drawn.map((each) => findingOf(tool, each))
    const answer = compileNative(form, { findings, now })
    const suppresses = read(answer.files)
    written += answer.entries.length
    for (const { finding, excuse: why } of findings) {
      if (why === undefined || why.by.until <= now) expect(suppresses(finding, now)).toBe(false)
      else if (form.selfExpiring) expect(suppresses(finding, why.by.until)).toBe(false)
      else if (suppresses(finding, now)) expect(answer.exportAgainBy).toBeGreaterThan(now)
    }
    const said = answer.entries.flatMap(({ fingerprints }) => fingerprints)
    for (const { finding, fingerprint } of findings) if (said.includes(fingerprint)) expect(suppresses(finding, now)).toBe(true)
    expect(said.length + answer.problems.length).toBe(findings.filter(({ excuse: why }) => why !== undefined).length)
  }), { numRuns: 1000 })
  expect(written).toBeGreaterThan(0)
})
