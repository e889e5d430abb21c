import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifyCodes } from '../src/index.ts'

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && file !== 'codes.test.ts')
const tests = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n')

test.each(Object.keys(verifyCodes))('%s is provoked by a test', (code) => { expect(tests).toContain(`'${code}'`) })
