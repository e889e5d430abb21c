import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identityCodes } from '../../src/identity/codes.ts'

const text = (folder: string, wanted: RegExp): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => wanted.test(name)).map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')

const source = text(join(import.meta.dirname, '..', '..', 'src'), /^(?!identity\/codes).*\.ts$/)
const tests = text(join(import.meta.dirname, '..'), /^(?!.*codes).*\.test\.ts$/)

test.each(Object.entries(identityCodes))('%s is used, provoked by a test, and says what it means', (code, { summary }) => {
  expect([source.includes(`'${code}'`), tests.includes(`'${code}'`)]).toEqual([true, true])
  expect(summary).toMatch(/^[A-Z][^\n]*\.$/)
})
