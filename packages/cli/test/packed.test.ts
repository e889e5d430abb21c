/** What is published is what is tested: the packed command, unpacked into an empty folder, runs with nothing beside it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const cli = resolve(import.meta.dirname, '..')
const shell = process.platform === 'win32'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-packed-'))
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: cli, shell, stdio: 'pipe' })
  const [packed] = readdirSync(folder)
  execFileSync('tar', ['-xzf', join(folder, packed ?? ''), '-C', folder], { stdio: 'pipe' })
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const exeat = (...args: readonly string[]): { readonly status: number | null; readonly stdout: string } =>
  spawnSync(process.execPath, [join(folder, 'package', 'bin', 'exeat.mjs'), ...args], { cwd: folder, encoding: 'utf8' })

test('holds the command and nothing of its making', () => {
  expect(readdirSync(join(folder, 'package')).sort()).toEqual(['bin', 'dist', 'package.json'])
})

test('says its version, writes documents, and finds them sound, without any package installed', () => {
  expect(exeat('--version').stdout.trim()).toBe('0.1.0')
  execFileSync('git', ['init', '--quiet', '--initial-branch=main'], { cwd: folder })
  expect(exeat('init').status).toBe(0)
  expect(exeat('lint').status).toBe(0)
  expect(exeat('test').status).toBe(0)
  writeFileSync(join(folder, 'a.py'), 'run()  # nosec B602\n')
  expect(exeat('scan', 'a.py').stdout).toContain('bandit/B602')
  expect(exeat('adopt', 'a.py', '--owner', 'alice', '--for', '1d').status).toBe(0)
  expect(exeat('lint').status).toBe(0)
})
