/** What a gate with a warm cache loads: start-up is most of a small run, and one import too many brings the schemas along. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isolatedGitEnvironment, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { policies, sarif, workspace } from './base.ts'
import { builtCommand } from './built.ts'

const main = builtCommand()
let repository: TemporaryRepository

beforeAll(() => {
  repository = temporaryRepository({ '.exeat/workspace.yaml': workspace, '.exeat/policies.yaml': policies, 'in.sarif': sarif([{ rule: 'CVE-2021-44228', path: 'pom.xml' }]) })
  mkdirSync(join(repository.dir, '..', 'cache'), { mode: 0o700 })
})
afterAll(() => { repository.remove() })

/** Runs the gate and answers its exit code and the files of the command that it loaded. */
function gate(): { readonly status: number | null; readonly loaded: readonly string[] } {
  const hook = join(repository.dir, '..', 'hook.cjs')
  const told = join(repository.dir, '..', 'loaded.json')
  writeFileSync(hook, `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(told)}, JSON.stringify(Object.keys(require.cache))))`)
  const env = { ...process.env, ...isolatedGitEnvironment, CI: '', EXEAT_CACHE_DIR: join(repository.dir, '..', 'cache') }
  const { status } = spawnSync(process.execPath, ['--require', hook, main, 'gate', 'in.sarif', '--env', 'development', '--ref', 'main'], { cwd: repository.dir, env })
  return { status, loaded: (JSON.parse(readFileSync(told, 'utf8')) as readonly string[]).filter((file) => file !== hook) }
}

test('a warm gate loads three files, with neither schemas nor YAML nor conditions, nor anything of the log', () => {
  const cold = gate()
  const warm = gate()
  expect([cold.status, warm.status]).toEqual([2, 2])
  expect(cold.loaded.length).toBeGreaterThan(warm.loaded.length)
  expect(warm.loaded).toHaveLength(3)
  const texts = warm.loaded.map((file) => readFileSync(file, 'utf8'))
  expect(texts.some((text) => text.includes('--severity-threshold'))).toBe(true)
  for (const mark of ['ZodError', 'YAMLParseError', 'RE2JS', 'DSSEv1', '/v1/bundle']) expect([mark, texts.filter((text) => text.includes(mark)).length]).toEqual([mark, 0])
  expect(texts.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(400_000)
})
