import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { logCodes } from '../src/index.ts'

const suites = ['fsck', 'note', 'reader', 'receipt', 'tiles', 'tree', 'vectors'].map((name) => readFileSync(`${import.meta.dirname}/${name}.test.ts`, 'utf8')).join('\n')

test.each(Object.keys(logCodes))('%s is provoked by a test', (code) => {
  expect(suites).toContain(`'${code}'`)
})

test.each(Object.entries(logCodes))('%s says what it means in one sentence', (_, { summary, exit, http }) => {
  expect(summary).toMatch(/^[A-Z][^\n]*\.$/)
  expect([1, 2, 3]).toContain(exit)
  expect([409, 422, 503]).toContain(http)
})
