import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { documentCodes, documentDigest } from '@exeat/core'
import type { Problem } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { readDocuments, yamlCodes } from '../../src/yaml/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const brief = (problems: readonly Problem[]): string[] => problems.map(({ code, at }) => `${at?.line}:${at?.column} ${code}`)

interface Expected {
  readonly problems?: readonly string[]
  readonly documents: readonly { readonly kind?: string; readonly name?: string; readonly digest?: string; readonly problems?: readonly string[] }[]
}

function folder(name: 'valid' | 'invalid'): { readonly files: readonly string[]; readonly expected: ReadonlyMap<string, Expected>; read(file: string): ReturnType<typeof readDocuments> } {
  const path = new URL(`../../../../vectors/documents/${name}/`, import.meta.url)
  const expected = new Map(Object.entries(JSON.parse(readFileSync(new URL('expected.json', path), 'utf8')) as Record<string, Expected>))
  return {
    files: readdirSync(path).filter((file) => file !== 'expected.json').sort(),
    expected,
    read: (file) => readDocuments(readFileSync(new URL(file, path)), file),
  }
}

function answer(file: string, read: ReturnType<typeof readDocuments>): Expected {
  for (const problem of [...read.problems, ...read.documents.flatMap((document) => (document.ok ? [] : document.problems))]) {
    expect(problem.at?.file).toBe(file)
    expect(problem.message).toMatch(/^[a-z`]/)
    expect(problem.message).not.toMatch(/\.$/)
    // eslint-disable-next-line no-control-regex -- what a hostile file must not put on a terminal
    expect(problem.message + (problem.hint ?? '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  }
  return {
    ...(read.problems.length === 0 ? {} : { problems: brief(read.problems) }),
    documents: read.documents.map((document) => (document.ok
      ? { kind: document.kind, name: document.document.metadata.name, digest: documentDigest(document.document, sha256) }
      : { ...(document.kind === undefined ? {} : { kind: document.kind }), ...(document.name === undefined ? {} : { name: document.name }), problems: brief(document.problems) })),
  }
}

const valid = folder('valid')
const invalid = folder('invalid')

describe('vectors/documents', () => {
  test('the corpus is there, and every file has an expectation', () => {
    expect(valid.files.length).toBeGreaterThanOrEqual(20)
    expect(invalid.files.length).toBeGreaterThanOrEqual(60)
    expect([...valid.expected.keys()].sort()).toEqual(valid.files)
    expect([...invalid.expected.keys()].sort()).toEqual(invalid.files)
  })

  test.each(valid.files)('valid/%s', (file) => {
    const read = valid.read(file)
    expect(answer(file, read)).toEqual(valid.expected.get(file))
    expect(read.problems).toEqual([])
    expect(read.documents.every((document) => document.ok)).toBe(true)
  })

  test.each(invalid.files)('invalid/%s', (file) => {
    const read = invalid.read(file)
    expect(answer(file, read)).toEqual(invalid.expected.get(file))
    expect(read.problems.length > 0 || read.documents.some((document) => !document.ok)).toBe(true)
  })

  test('every code of documents is provoked by a file, but for the size, which a test below makes', () => {
    const provoked = new Set(invalid.files.flatMap((file) => {
      const read = invalid.read(file)
      return [...read.problems, ...read.documents.flatMap((document) => (document.ok ? [] : document.problems))].map((problem) => problem.code)
    }))
    const known = [...Object.keys(documentCodes), ...Object.keys(yamlCodes)]
    expect(known.filter((code) => !provoked.has(code))).toEqual(['YAML_TOO_LARGE'])
    expect([...provoked].filter((code) => !known.includes(code))).toEqual([])
  })
})
