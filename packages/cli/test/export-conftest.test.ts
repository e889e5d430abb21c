/** The exceptions that are written for Conftest, read by Conftest itself. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileNative, nativeForms } from '@exeat/formats/native'
import type { Duration, Instant } from '@exeat/core'
import { describeWith } from '@exeat/testkit'
import { excuse, native } from '../../formats/test/native/world.ts'

const policy = 'package main\nimport rego.v1\ndeny_root contains msg if { input.user == "root"; msg := "root" }\ndeny_port contains msg if { input.port == 22; msg := "port" }\n'

describeWith('conftest', 'a round trip through Conftest', (conftest) => {
  test('the rule is excused in its file alone, and no longer than it may be', () => {
    const form = nativeForms.find(({ name }) => name === 'conftest')
    if (form === undefined) throw new Error('no form')
    const folder = mkdtempSync(join(tmpdir(), 'exeat-conftest-'))
    const failures = (until: number): number => {
      const finding = native({ tool: 'conftest', rule: 'data.main.deny_root', path: 'a.json' }, excuse({ until: until as Instant, maxLag: (until - 1) as Duration }))
      for (const { path, content } of compileNative(form, { findings: [finding], now: 0 as Instant }).files) writeFileSync(join(folder, 'policy', path), content)
      const { stdout } = spawnSync(conftest, ['test', 'a.json', 'b.json', '--output', 'json'], { cwd: folder, encoding: 'utf8' })
      return (JSON.parse(stdout) as readonly { readonly failures?: readonly object[] }[]).flatMap((each) => each.failures ?? []).length
    }
    try {
      mkdirSync(join(folder, 'policy'))
      writeFileSync(join(folder, 'policy', 'policy.rego'), policy)
      for (const name of ['a.json', 'b.json']) writeFileSync(join(folder, name), JSON.stringify({ user: 'root', port: 22 }))
      expect(failures(Date.UTC(2200, 0))).toBe(3)
      expect(failures(Date.UTC(2020, 0))).toBe(4)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 60_000)
})
