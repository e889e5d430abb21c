import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { base } from './base.ts'
import { builtCommand } from './built.ts'
import { parseSession, runStep, sessionRepository } from './session.ts'

const folder = fileURLToPath(new URL('sessions/', import.meta.url))
const names = readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()
const main = builtCommand()

const folded = (text: string): string => text.replaceAll(/\s+/g, ' ')

describe('sessions', () => {
  test('there are some, and enough of them were asked for', () => {
    const threads = new Set(names.flatMap((name) => parseSession(readFileSync(join(folder, name), 'utf8'), name).threads))
    expect(threads.size).toBeGreaterThanOrEqual(12)
  })

  for (const name of names) {
    const session = parseSession(readFileSync(join(folder, name), 'utf8'), name)
    test(`${name}: ${session.title} (${session.threads.join(', ') || 'design'})`, () => {
      const repository = sessionRepository(base)
      try {
        for (const step of session.steps) {
          const ran = runStep(main, step, repository)
          const output = `${ran.stdout}${ran.stderr}`
          const told = `$ ${step.command}\n${output}exit ${ran.exit}\n`
          let rest = folded(output)
          for (const { present, text } of step.wanted) {
            if (!present) {
              expect(folded(output), told).not.toContain(folded(text))
              continue
            }
            const at = rest.indexOf(folded(text))
            expect(at, `lacks, after what came before: ${text}\n${told}`).toBeGreaterThanOrEqual(0)
            rest = rest.slice(at + folded(text).length)
          }
          expect(ran.exit, told).toBe(step.exit)
        }
      } finally {
        repository.remove()
      }
    })
  }

  test.for([
    ['no step', ''], ['no exit code', '$ exeat\n> x\n'], ['an exit code that is none', '$ exeat\nexit x\n'], ['stray text', 'hello\n$ exeat\nexit 0\n'],
  ])('refuses a file with %s', ([, text]) => {
    expect(() => parseSession(text ?? '', 'x.txt')).toThrow('x.txt')
  })
})
