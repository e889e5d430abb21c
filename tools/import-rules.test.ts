/** The import rules look at real modules and find a planted violation of each kind: a cruise of nothing reports no violations either. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Cruise {
  readonly modules: readonly unknown[]
  readonly summary: { readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[] }
}

const root = resolve(import.meta.dirname, '..')
const depcruise = join(root, 'node_modules', '.bin', 'depcruise')
let planted: string

function cruise(folder: string): Cruise {
  const { stdout } = spawnSync(depcruise, ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'packages'], {
    cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout) as Cruise
}

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(planted, file)), { recursive: true })
  writeFileSync(join(planted, file), text)
}

beforeAll(() => {
  planted = mkdtempSync(join(tmpdir(), 'exeat-imports-'))
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'tsconfig.base.json', 'package.json']) cpSync(join(root, file), join(planted, file))
  symlinkSync(join(root, 'node_modules'), join(planted, 'node_modules'))
  plant('packages/core/src/impure.ts', "import { readFileSync } from 'node:fs'\nexport const read = readFileSync\n")
  plant('packages/core/src/ring-a.ts', "import { b } from './ring-b.ts'\nexport const a = (): unknown => b\n")
  plant('packages/core/src/ring-b.ts', "import { a } from './ring-a.ts'\nexport const b = (): unknown => a\n")
  plant('packages/log/src/curious.ts', "export * from '../../core/src/ring-a.ts'\n")
  plant('packages/git/src/tested.ts', "export * from '../../testkit/src/index.ts'\n")
  plant('packages/testkit/src/index.ts', 'export const kit = 1\n')
  plant('packages/server/src/store/sqlite/index.ts', 'export const tables = 1\n')
  plant('packages/server/src/store/postgres/borrowed.ts', "export * from '../sqlite/index.ts'\n")
  plant('packages/server/src/store/shared.ts', "export * from './sqlite/index.ts'\n")
  plant('packages/server/src/ports/bound.ts', "export * from '../store/sqlite/index.ts'\n")
  plant('packages/server/src/forge/gitlab/index.ts', 'export const lab = 1\n')
  plant('packages/server/src/forge/github/borrowed.ts', "export * from '../gitlab/index.ts'\n")
  plant('packages/formats/src/lost.ts', "export * from './nowhere.ts'\n")
})

afterAll(() => {
  rmSync(planted, { recursive: true, force: true })
})

test('every planted violation is found', () => {
  const found = cruise(planted).summary.violations.map(({ rule, from }) => `${rule.name} ${from}`)
  expect(found).toEqual(expect.arrayContaining([
    'pure-packages packages/core/src/impure.ts',
    expect.stringContaining('no-circular packages/core/src/ring-'),
    'log-imports packages/log/src/curious.ts',
    'no-tests-in-product packages/git/src/tested.ts',
    'server-adapters packages/server/src/store/postgres/borrowed.ts',
    'server-adapters packages/server/src/store/shared.ts',
    'server-ports packages/server/src/ports/bound.ts',
    'forge-adapters packages/server/src/forge/github/borrowed.ts',
    'not-resolvable packages/formats/src/lost.ts',
  ]))
})

test('the real tree is cruised: as many modules as it has sources', () => {
  const sources = execFileSync('git', ['ls-files', 'packages/*/src/**.ts'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
  expect(sources.length).toBeGreaterThan(20)
  expect(cruise(root).modules.length).toBeGreaterThanOrEqual(sources.length)
})
