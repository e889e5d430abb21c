/** Every real file, damaged: a problem or the same findings, never fewer without a problem, never a throw. */
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { nativeReaders } from '../../src/index.ts'
import type { Json, ReadAnswer } from '../../src/index.ts'
import { bytes, parsed, places, read, refusal, replaced, total, valueAt, vector, vectorFiles } from './support.ts'

const reportsOfTools = vectorFiles.filter((name) => name.endsWith('.json') && !/no_vuln\.json$|not_a_document|gitleaks\/no_findings/u.test(name))
const wrong: readonly Json[] = [null, true, 7, 'x', [], {}]
const kind = (value: Json): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)

/** Null is what these tools write for none; nothing else in the file would give the cut away. */
const nullIsNone: ReadonlySet<string> = new Set(['trivy/legacy_many_vulns.json Vulnerabilities', 'tfsec/many_findings_current.json results'])

/** The real value with three elements of each list, where the report still holds together so. */
function sample(value: Json): Json {
  const short = shortened(value)
  return read(JSON.stringify(short)).ok ? short : value
}

/** What `readReports` makes of a value that was parsed: thousands of values, and the parser is tried elsewhere. */
function unparsed(value: Json): ReadAnswer {
  const [reader, ...others] = nativeReaders.filter((each) => each.detect(value))
  return reader === undefined || others.length > 0 ? read(JSON.stringify(value)) : reader.read(value, 'report.json')
}

function shortened(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return [...value.slice(0, 2), ...value.slice(2).slice(-1)].map(shortened)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)]))
}

test('the samples still find something', () => {
  const found = reportsOfTools.filter((name) => total(read(JSON.stringify(sample(parsed(name))))) > 0)
  // Without a finding in the real file: Kubescape's and the statements of OpenVEX, Semgrep's empty one.
  expect(reportsOfTools.filter((name) => !found.includes(name) && total(read(vector(name))) > 0)).toEqual([])
  expect(found.length).toBeGreaterThan(25)
})

describe.each(reportsOfTools)('%s', (name) => {
  const whole = vector(name)
  const value = sample(parsed(name))
  const before = total(read(JSON.stringify(value)))
  const all = places(value)

  test('cut anywhere', () => {
    const length = Buffer.from(whole).toString('utf8').trimEnd().length
    const points = new Set([0, 1, 2, ...Array.from({ length: 20 }, (_, index) => Math.floor(length * index / 20)), length - 2, length - 1])
    for (const point of points) expect(read(whole.subarray(0, point)).ok, `cut at ${point}`).toBe(false)
  })

  test('one value of a wrong type', () => {
    expect(all.length).toBeGreaterThan(1)
    for (const path of all) for (const by of wrong) {
      const there = valueAt(value, path)
      if (kind(there) === kind(by) || (by === null && nullIsNone.has(`${name} ${path.at(-1)}`))) continue
      const after = total(unparsed(replaced(value, path, by)))
      if (after !== -1) expect(after, `/${path.join('/')} as ${JSON.stringify(by)}`).toBeGreaterThanOrEqual(before)
    }
  })

  test('keys of prototypes in every object', () => {
    const after = total(read(withPrototypeKeys(value)))
    expect([before, -1]).toContain(after)
  })

  test('a key that stands twice, binary, bad UTF-8, something behind it, a byte order mark', () => {
    const text = Buffer.from(whole).toString('utf8').trim()
    const key = /"[^"\\]+"\s*:/u.exec(text)
    if (key !== null) expect(refusal(text.replace('{', `{${key[0]}0,`))).toMatch(/^JSON_DUPLICATE_KEY /u)
    expect(refusal(`${text} {}`)).toMatch(/^JSON_TRAILING /u)
    expect(refusal(Buffer.concat([bytes(text), Buffer.from([0])]))).toMatch(/^JSON_/u)
    expect(refusal(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(text)]))).toMatch(/^JSON_BOM /u)
    const quote = text.indexOf('"')
    expect(refusal(Buffer.concat([bytes(text.slice(0, quote + 1)), Buffer.from([0xff]), bytes(text.slice(quote + 1))]))).toMatch(/^JSON_ENCODING /u)
  })

  test('any values replaced or taken away: never a throw', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(), fc.option(fc.jsonValue(), { nil: undefined })), { minLength: 1, maxLength: 4 }), (changes) => {
      let changed = value
      for (const [index, by] of changes) {
        const now = places(changed)
        const path = now[index % now.length]
        if (path !== undefined) changed = replaced(changed, path, by as Json | undefined)
      }
      for (const reader of nativeReaders) {
        expect(typeof reader.detect(changed)).toBe('boolean')
        expect(typeof reader.doubtful(changed)).toBe('boolean')
        expect(typeof reader.read(changed, 'r').ok).toBe('boolean')
      }
    }), { numRuns: whole.length > 100_000 ? 10 : 60 })
  })
})

function withPrototypeKeys(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(withPrototypeKeys).join(',')}]`
  const own = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${withPrototypeKeys(inner)}`)
  return `{${['"__proto__":{"Vulnerabilities":[],"polluted":1}', '"constructor":{"prototype":{"polluted":1}}', '"toString":1', '"hasOwnProperty":null', ...own].join(',')}}`
}

afterAll(() => {
  if (Object.hasOwn(Object.prototype, 'polluted')) throw new Error('a reader wrote to the prototype of all objects')
})

test('a rule, a package or a control named like a prototype is one like any other', () => {
  for (const id of ['__proto__', 'constructor', 'toString']) {
    const trivy = read(`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem","Results":[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"${id}","PkgName":"${id}","Severity":"${id}"}]}]}`)
    expect(trivy.ok && trivy.reports[0]?.findings).toMatchObject([{ rule: id }])
    expect(trivy.ok && trivy.reports[0]?.findings[0]?.severity).toBeUndefined()
    const npm = read(`{"auditReportVersion":2,"vulnerabilities":{"${id}":{"name":"${id}","via":[{"source":1,"name":"${id}","severity":"high"}]}}}`)
    expect(npm.ok && npm.reports[0]?.findings).toMatchObject([{ rule: '1', severity: 'high' }])
    expect(refusal(`{"auditReportVersion":2,"vulnerabilities":{"a":{"name":"a","via":["${id}"]}}}`)).toMatch(/leads to no advisory/u)
    const kubescape = read(`{"summaryDetails":{"controls":{"${id}":{"scoreFactor":9}}},"results":[{"resourceID":"${id}","controls":[{"controlID":"${id}","status":{"status":"failed"}}]}]}`)
    expect(kubescape.ok && kubescape.reports[0]?.findings).toMatchObject([{ rule: id, severity: 'critical' }])
  }
})

test('10,000 arrays or objects within each other', () => {
  for (const [open, close] of [['[', ']'], ['{"results":', '}'], ['{"a":', '}']] as const) {
    expect(refusal(`${open.repeat(10_000)}1${close.repeat(10_000)}`)).toMatch(/^JSON_TOO_DEEP /u)
  }
})

test('every reader has a folder and is known under its name alone', () => {
  const names = nativeReaders.map((reader) => reader.format)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(existsSync(new URL(`../../src/findings/${name.replaceAll('-', '_')}/index.ts`, import.meta.url)), name).toBe(true)
  for (const reader of nativeReaders) for (const value of [null, [], {}, 0, '', 'x', true, [null], [[]], [{}], { results: [] }] as Json[]) {
    expect(reader.detect(value), `${reader.format} ${JSON.stringify(value)}`).toBe(false)
  }
})
