import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { errorDocs } from '../../../tools/error-docs.ts'
import { codeEntry, codeGroups, exitOf } from '../src/edge/code-table.ts'
import { commands, laterCommands } from '../src/registry.ts'

const packages = fileURLToPath(new URL('../../', import.meta.url))

/** Tables that packages state: every exported constant that ends in `Codes`. */
function statedTables(): readonly { readonly file: string; readonly codes: readonly string[] }[] {
  return ['core', 'formats', 'git', 'log', 'verify', 'client', 'server', 'cli'].flatMap((name) => readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('codes.ts'))
    .map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(packages, name, 'src', file), 'utf8') }))
    .map(({ file, text }) => ({ file, codes: [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): (?:\{|[a-z]+\()/gm)].map(([, code]) => code ?? '') })))
}

describe('codes', () => {
  const tables = statedTables()

  test('tables are found in every package', () => {
    expect(tables.filter(({ codes }) => codes.length > 0).length).toBeGreaterThanOrEqual(6)
  })

  test.for(tables)('$file: each has an exit, a status and a summary, and is in the one table', ({ codes }) => {
    for (const code of codes) {
      const entry = codeEntry(code)
      expect(entry, `${code} is not in code-table.ts`).toBeDefined()
      expect([1, 2, 3, 4, 64]).toContain(entry?.exit)
      expect(entry?.http).toBeGreaterThanOrEqual(400)
      expect(entry?.summary.length).toBeGreaterThan(10)
    }
  })

  test('two packages that state the same code say the same of it', () => {
    const seen = new Map<string, string>()
    for (const { codes } of codeGroups) {
      for (const [code, { exit }] of Object.entries(codes)) {
        expect(seen.get(code) ?? String(exit), code).toBe(String(exit))
        seen.set(code, String(exit))
      }
    }
  })

  test('the page docs/errors.md is what the tables say', () => {
    expect(readFileSync(join(packages, '..', 'docs', 'errors.md'), 'utf8')).toBe(errorDocs())
  })

  test('usage before failure before invalid input; a code that nobody owns is a failure', () => {
    expect(exitOf(['JSON_SYNTAX'])).toBe(3)
    expect(exitOf(['JSON_SYNTAX', 'GIT_MISSING'])).toBe(1)
    expect(exitOf(['JSON_SYNTAX', 'GIT_MISSING', 'USAGE'])).toBe(64)
    expect(exitOf(['NO_SUCH_CODE'])).toBe(1)
    expect(exitOf(['__proto__', 'constructor'])).toBe(1)
  })

  test('no command of this release is called a later one', () => {
    expect(commands.filter(({ name }) => laterCommands.includes(name))).toEqual([])
  })
})
