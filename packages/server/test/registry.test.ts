/** No implementation of `LogTables` without its suite, no code without a row in the table and a test that provokes it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { storeCodes } from '../src/codes.ts'

const stores = join(import.meta.dirname, '..', 'src', 'store')
const testkit = join(import.meta.dirname, '..', '..', 'testkit', 'src')
const implementations = readdirSync(stores, { withFileTypes: true }).filter((each) => each.isDirectory()).map(({ name }) => name)

test('there are the stores that there should be', () => {
  expect(implementations.toSorted()).toEqual(['postgres', 'sqlite'])
})

test.each(implementations)('%s is run through the suite, with the tables that the program opens', (name) => {
  const suite = readFileSync(join(import.meta.dirname, `${name}.test.ts`), 'utf8')
  const kind = readFileSync(join(import.meta.dirname, `${name}-kind.ts`), 'utf8')
  const opener = /export (?:async )?function (open\w+Tables)/.exec(readFileSync(join(stores, name, 'index.ts'), 'utf8'))?.[1]
  expect(suite).toMatch(/^ *logStoreSuite\(\w+\)$/m)
  expect(suite).toContain(`./${name}-kind.ts`)
  expect(opener).toBeDefined()
  expect(kind).toMatch(new RegExp(`open: async \\(\\) => must\\((await )?${opener}\\(`))
})

test('nothing else in the store implements the tables', () => {
  const files = readdirSync(stores, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const implementing = files.filter((file) => /\): (TableWriter|TableReader|LogTables)\b/.test(readFileSync(join(stores, file), 'utf8')))
  expect(implementing.length).toBeGreaterThanOrEqual(2 * implementations.length)
  for (const file of implementing) expect(implementations).toContain(file.split(/[\\/]/)[0])
})

const tests = [
  ...readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && file !== 'registry.test.ts').map((file) => join(import.meta.dirname, file)),
  ...readdirSync(testkit).filter((file) => file.startsWith('log-store-')).map((file) => join(testkit, file)),
].map((file) => readFileSync(file, 'utf8')).join('\n')

test.each(Object.keys(storeCodes))('%s is provoked by a test', (code) => {
  expect(tests.includes(`'${code}'`)).toBe(true)
})

test.each(Object.entries(storeCodes))('%s says what it means in one sentence', (_, { summary, exit, http }) => {
  expect(summary).toMatch(/^[A-Z][^\n]*\.$/)
  expect([1, 2, 3]).toContain(exit)
  expect([409, 422, 503]).toContain(http)
})
