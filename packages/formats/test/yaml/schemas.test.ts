import { readFileSync, readdirSync } from 'node:fs'
import { documentJsonSchemas, documentKinds } from '@exeat/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { readDocuments } from '../../src/yaml/index.ts'

const root = new URL('../../../../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const ajv = (): Ajv2020 => new Ajv2020({ allErrors: true, strict: true, strictRequired: false, formats: { 'date-time': true } })
const committed = readdirSync(new URL('schemas/', root)).filter((name) => name.endsWith('.json')).sort()
const byKind: ReadonlyMap<string, ValidateFunction> = new Map(committed.map((name) => {
  const schema = JSON.parse(text(`schemas/${name}`)) as { properties: { kind: { const?: string } } }
  return [schema.properties.kind.const ?? 'any', ajv().compile(schema)]
}))
const any = byKind.get('any')

/** Plain data of a file as an editor sees it: a parser that is not ours to test. */
const plain = (path: string): unknown[] => parseAllDocuments(text(path)).filter(({ contents }) => contents !== null).map((document) => document.toJS() as unknown)
const files = (folder: string): string[] => readdirSync(new URL(folder, root)).filter((file) => file !== 'expected.json').sort()

/** Wrong only in what a schema cannot say. */
const beyondSchemas = /^(DOCUMENT_CHARACTER|DOCUMENT_NOT_NFC|DOCUMENT_INSTANT|DOCUMENT_DURATION|DOCUMENT_FORMAT|DOCUMENT_RANGE|WINDOW_REVERSED|EMERGENCY_|FINGERPRINT_ALONE|PATTERN_|CONTROL_|ENVIRONMENT_UNPROVEN|PERSON_TWICE)/

describe('schemas', () => {
  test('the committed ones are those of the decoders: run `npm run schemas`', () => {
    const generated = documentJsonSchemas()
    expect(committed).toEqual([...generated.keys()].sort())
    for (const [name, schema] of generated) expect(text(`schemas/${name}`)).toBe(`${JSON.stringify(schema, undefined, 2)}\n`)
  })

  test('there is one a kind, each valid 2020-12 with an id of its own, and one for all', () => {
    expect([...byKind.keys()].sort()).toEqual([...documentKinds, 'any'].sort())
    const ids = committed.map((name) => (JSON.parse(text(`schemas/${name}`)) as { $id: string }).$id)
    expect(ids).toEqual(committed.map((name) => `https://exeat.dev/schemas/${name}`))
  })

  test.each(files('vectors/documents/valid'))('takes valid/%s', (file) => {
    for (const value of plain(`vectors/documents/valid/${file}`)) {
      if (value === null) continue
      const { kind } = value as { kind: string }
      const validate = byKind.get(kind)
      validate?.(value)
      expect(validate?.errors ?? null).toBeNull()
      any?.(value)
      expect(any?.errors ?? null).toBeNull()
    }
  })

  const structural = files('vectors/documents/invalid').filter((file) => {
    const { documents, problems } = readDocuments(readFileSync(new URL(`vectors/documents/invalid/${file}`, root)), file)
    const codes = documents.flatMap((document) => (document.ok ? [] : document.problems.map(({ code }) => code)))
    // A group may have any DNS label for a name but this one.
    if (file === 'workspace-group-constructor.yaml') return false
    return problems.length === 0 && codes.every((code) => !code.startsWith('YAML_')) && codes.some((code) => !beyondSchemas.test(code))
  })

  test('there are files with structural faults', () => expect(structural.length).toBeGreaterThan(40))

  test.each(structural)('refuses invalid/%s', (file) => {
    expect(plain(`vectors/documents/invalid/${file}`).some((value) => any?.(value) === false)).toBe(true)
  })
})
