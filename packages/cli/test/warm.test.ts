/** What a gate with a warm cache loads: start-up is most of a small run, and one import too many brings the schemas along. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { buildCommand } from '../../../tools/build.ts'

const staticImport = /(?:\bfrom|\bimport)\s*"(\.[^"]+)"/g
const dynamicImport = /import\("(\.[^"]+)"\)/g

/** A file of the built command and all that it imports before it runs. */
function closure(entry: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const waiting = [entry]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue
    const text = readFileSync(file, 'utf8')
    found.set(file, text)
    for (const [, path = ''] of text.matchAll(staticImport)) waiting.push(resolve(dirname(file), path))
  }
  return found
}

test('a warm gate loads neither schemas nor YAML nor conditions, nor anything of the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-warm-'))
  try {
    await buildCommand(folder)
    const started = closure(join(folder, 'main.js'))
    const commands = [...started].flatMap(([file, text]) => [...text.matchAll(dynamicImport)].map(([, path = '']) => resolve(dirname(file), path)))
    const gate = commands.find((path) => /\bgate-\w+\.js$/.test(path))
    const loaded = [...new Map([...started, ...closure(gate ?? 'no gate')]).values()]
    expect(loaded.some((text) => text.includes('--severity-threshold'))).toBe(true)
    for (const cold of ['ZodError', 'YAMLParseError', 'RE2JS', 'DSSEv1', '/v1/bundle']) expect([cold, loaded.filter((text) => text.includes(cold)).length]).toEqual([cold, 0])
    expect(loaded.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(400_000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
