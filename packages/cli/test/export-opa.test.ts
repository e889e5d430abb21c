/** What the rule of the OPA bundle says, asked of OPA itself. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Finding, Instant } from '@exeat/core'
import { describeWith } from '@exeat/testkit'
import { compileNative, nativeForms } from '@exeat/formats/native'
import { excuse, native } from '../../formats/test/native/world.ts'

describeWith('opa', 'a round trip through OPA', (opa) => {
  test('exactly the approved findings are excused, and none that has ended', () => {
    const form = nativeForms.find(({ name }) => name === 'opa')
    if (form === undefined) throw new Error('no form')
    const long = Date.UTC(2200, 0) as Instant
    const approved = native({ path: 'a"b\n# c', resource: 'r', line: 3, message: '}}', rule: '__proto__' }, excuse({ until: long, reason: '"\n}' }))
    const plain = native({ path: 'a', line: 3 }, excuse({ until: long }))
    const ended = native({ path: 'ended' }, excuse({ until: Date.UTC(2020, 0) as Instant }))
    const blocked = native({ path: 'b', line: 3 })
    const answer = compileNative(form, { findings: [approved, plain, ended, blocked], now: Date.UTC(2019, 0) as Instant })
    const folder = mkdtempSync(join(tmpdir(), 'exeat-opa-'))
    try {
      for (const { path, content } of answer.files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), content)
      }
      const asked: readonly (readonly [Finding, boolean])[] = [
        [plain.finding, true], [ended.finding, false], [blocked.finding, false], [{ ...plain.finding, line: 4 }, false],
        [{ tool: 'trivy', rule: plain.finding.rule, title: plain.finding.title }, false], [{ ...plain.finding, resource: 'x' }, false], [{ ...plain.finding, severity: 'low' }, true],
      ]
      expect(answer.problems.map(({ message }) => message).join()).toContain('control character')
      const single = asked.map(([finding]) => spawnSync(opa, ['eval', '--bundle', folder, '--stdin-input', '--format', 'raw', 'count(data.exeat.excuses(input))'], { input: JSON.stringify(finding), encoding: 'utf8' }))
      expect(single.map(({ stdout, stderr }) => `${stdout.trim()}${stderr}`)).toEqual(asked.map(([, excused]) => (excused ? '1' : '0')))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 60_000)
})
