import { readFileSync } from 'node:fs'
import { fromPlain, toPlain } from '@exeat/core'
import type { Json } from '@exeat/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDocuments } from '../../src/yaml/index.ts'
import type { ReadDocuments } from '../../src/yaml/index.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string): ReadDocuments => readDocuments(utf8(text), 'a.yaml')
const all = ({ problems, documents }: ReadDocuments): string[] =>
  [...problems, ...documents.flatMap((document) => (document.ok ? [] : document.problems))].map(({ code, at }) => `${at?.line}:${at?.column} ${code}`)

const valid = readFileSync(new URL('../../../../vectors/documents/valid/opt-out-minimal.yaml', import.meta.url), 'utf8')

describe('hostile files', () => {
  const deep = 10 * 1024 * 1024
  test.each([
    ['[', '['.repeat(deep)], ['{a: ', '{a: '.repeat(deep / 4)], ['- ', '- '.repeat(deep / 2)], ['? ', '? '.repeat(deep / 2)],
  ])('10 MB of `%s` is too large, and too deep where it may be that large', (_, text) => {
    expect(all(read(text))).toEqual(['1:1 YAML_TOO_LARGE'])
    expect(all(readDocuments(utf8(text), 'a.yaml', { maxBytes: 2 * deep }))[0]).toMatch(/^1:\d+ YAML_TOO_DEEP$/)
  })

  test('nesting by indentation is bounded as well', () => {
    const text = Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')
    expect(all(read(text))).toEqual(['33:33 YAML_TOO_DEEP'])
  })

  test('the limit is 1 MiB, to the byte', () => {
    const comment = (bytes: number): string => `#${'x'.repeat(bytes - 1)}`
    expect(read(comment(1024 * 1024))).toEqual({ documents: [], problems: [] })
    expect(all(read(comment(1024 * 1024 + 1)))).toEqual(['1:1 YAML_TOO_LARGE'])
  })

  test('noise that fits the size is cut off before each sign costs an error', () => {
    for (const text of [`[${','.repeat(1_000_000)}`, 'a:\n'.repeat(340_000)]) expect(all(read(text))[0]).toMatch(/^\d+:\d+ YAML_TOO_LARGE$/)
  })

  test('nothing of a file that does not parse is given out', () => {
    expect(read(`${valid}---\n${valid}\nbroken: "`).documents).toEqual([])
  })

  test('any bytes are answered, and only documents are given out', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { documents } = readDocuments(bytes, 'a.yaml')
      expect(documents.some((document) => document.ok)).toBe(false)
    }))
  })

  test('any text made of YAML\'s own pieces is answered', () => {
    const piece = fc.constantFrom('a', ': ', '- ', '? ', '[', ']', '{', '}', ',', '"', "'", '|', '>', '&x ', '*x ', '!t ', '<<: ', '#', '\n', '\n  ', '\t', '%YAML 1.1', '---\n', '...\n', '\ufeff', 'kind: OptOut\n', '__proto__: ')
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { documents, problems } = read(pieces.join(''))
      expect(documents.some((document) => document.ok)).toBe(false)
      for (const problem of problems) expect(problem.at?.line).toBeGreaterThan(0)
    }), { numRuns: 2_000 })
  })
})

describe('places', () => {
  test('columns count characters, not UTF-16 units or bytes', () => {
    expect(all(read('kind: OptOut\n"😀é": 1\n{ "😀": 2, x: 1 }\n'))).toHaveLength(1)
    expect(all(read('{ apiVersion: exeat.dev/v1, kind: OptOut, metadata: { name: a }, "😀é": 1, spec: {} }'))).toContain('1:66 DOCUMENT_KEY_UNKNOWN')
    expect(all(read('{ "😀é": 1, kind: Nothing }'))).toEqual(['1:18 DOCUMENT_KIND'])
  })

  test('a byte order mark and CRLF do not move them', () => {
    const text = 'kind: OptOut\nspec: { a: 1 }\n'
    const expected = all(read(text))
    expect(expected).toContain('2:9 DOCUMENT_KEY_UNKNOWN')
    expect(all(read(`\ufeff${text}`))).toEqual(expected)
    expect(all(read(text.replaceAll('\n', '\r\n')))).toEqual(expected)
  })

  test('of every document in the file', () => {
    const { documents } = read(`# first\n${valid}---\n\n${valid}...\n---\n- list\n`)
    expect(documents.map(({ at }) => `${at.line}:${at.column}`)).toEqual(['2:1', '13:1', '24:1'])
  })

  test('of any part of a good document, on demand', () => {
    const [document] = read(valid).documents
    if (document?.ok !== true) throw new Error('the vector is broken')
    expect(document.located.at(['spec', 'controls', 0])).toEqual({ file: 'a.yaml', line: 5, column: 14 })
    expect(document.located.at(['spec', 'controls'], 'key')).toMatchObject({ line: 5, column: 3 })
    expect(document.located.at(['spec', 'targets', 'paths', 3])).toMatchObject({ line: 4, column: 1 })
    expect(document.located.at(['nowhere'])).toMatchObject({ line: 1, column: 1 })
  })
})

describe('what stands and falls with what', () => {
  test('a broken opt-out is told apart from what refuses the run', () => {
    const { documents } = read(`kind: OptOut\n---\nkind: OptOutPolicy\n---\nkind: Oops\n---\nkind: OptOut\nkind: Workspace\n---\nkind: &a OptOut\n---\nkind: !!str OptOut\n---\nx: &a OptOut\nkind: *a\n`)
    expect(documents.map((document) => (document.ok ? 'ok' : document.kind))).toEqual(['OptOut', 'OptOutPolicy', undefined, undefined, 'OptOut', 'OptOut', undefined])
  })

  test('a key that changes prototypes changes none', () => {
    read('kind: OptOut\n__proto__: { polluted: true }\nspec: { constructor: { prototype: { polluted: true } } }\n')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(all(read('kind: Workspace\n__proto__: { kind: OptOut }\n'))).toContain('2:1 DOCUMENT_KEY_UNKNOWN')
  })

  test('the decoded form survives JSON', () => {
    const [document] = read(valid).documents
    if (document?.ok !== true) throw new Error('the vector is broken')
    const text = JSON.stringify(toPlain(document.document))
    expect(fromPlain(JSON.parse(text) as Json)).toEqual(document.document)
    expect(fromPlain({ ...JSON.parse(text) as Record<string, Json>, apiVersion: 'exeat.dev/v2' })).toBeUndefined()
    expect(fromPlain({ ...JSON.parse(text) as Record<string, Json>, kind: 'constructor' })).toBeUndefined()
    expect(fromPlain(null)).toBeUndefined()
    expect(fromPlain([])).toBeUndefined()
  })
})
