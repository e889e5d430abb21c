/** Bad input gets a clear error, exit 3, nothing excused; none hangs, crashes or excuses anything. */
import { closeSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TemporaryRepository } from '@exeat/testkit'
import { base, sarif } from './base.ts'
import { builtCommand } from './built.ts'
import { type Ran, runExeat, sessionRepository } from './session.ts'

const main = builtCommand()
let repository: TemporaryRepository
const gate = (...args: readonly string[]): Ran => runExeat(main, ['gate', ...args, '--env', 'development'], repository.dir)

const optOut = `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: log4j }
spec:
  controls: [trivy/CVE-2021-44228]
  targets: { repositories: [acme/payments], environments: [development], paths: [services/ledger/pom.xml] }
  category: waiver
  reason: r
  owner: o
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
  limits: { findings: 3 }
`

beforeAll(() => { repository = sessionRepository(new Map([...base, ['.exeat/log4j.yaml', optOut]])) })
afterAll(() => { repository.remove() })

/** Exit 3 with a code and a place, nothing on standard output, no stack trace; the sound report beside it is not excused either. */
function refused(ran: Ran, code: string, place: string): void {
  expect(ran.stderr).toContain(`error[${code}] ${place}`)
  expect(ran.stderr).not.toMatch(/^ {4}at |INTERNAL/m)
  expect(ran.stdout).toBe('')
  expect(ran.exit).toBe(3)
}

const deep = (open: string, close: string, inner = '1'): string => `${open.repeat(10_000)}${inner}${close.repeat(10_000)}`

describe('reports', () => {
  test.for([
    ['empty', '', 'JSON_EMPTY', ':1:1'],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0xff]), 'JSON_', ':1:'],
    ['cut', '{"version": "2.1.0",\n "runs": [', 'JSON_TRUNCATED', ':2:'],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "'), Buffer.from([0xc3, 0x28]), Buffer.from('"}}}]}')]), 'JSON_ENCODING', ':1:'],
    ['10,000 deep', deep('[', ']'), 'JSON_TOO_DEEP', ':1:'],
    ['10,000 deep in SARIF', `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy"}}, "properties": ${deep('{"a":', '}')}, "results": []}]}`, 'JSON_TOO_DEEP', ':1:'],
    ['duplicate keys', '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy"}}, "results": [], "results": []}]}', 'JSON_DUPLICATE_KEY', ':1:'],
    ['no report', '{"hello": "world"}', 'REPORT_UNRECOGNISED', ':1:1'],
    ['null', 'null', 'REPORT_', ':1:1'],
    ['an empty list', '[]', 'REPORT_AMBIGUOUS', ':1:1'],
    ['text', 'no vulnerabilities found\n', 'JSON_SYNTAX', ':1:2'],
  ] as const)('%s', ([name, content, code, place]) => {
    const file = `bad-${name.replaceAll(/\W+/g, '-')}.json`
    repository.write(file, content)
    const ran = gate('log4j.sarif', file)
    expect(ran.stderr).toMatch(new RegExp(`error\\[${code}[A-Z_]*\\] ${file.replaceAll('.', '\\.')}${place}`))
    refused(ran, /error\[([A-Z_]+)\]/.exec(ran.stderr)?.[1] ?? '', file)
  })

  test('200 MB of JSON that is no report, and 200 MB that ends too early', () => {
    const write = (file: string, head: string, piece: string, tail: string): void => {
      const handle = openSync(join(repository.dir, file), 'w')
      writeSync(handle, head)
      const block = piece.repeat(Math.ceil((1 << 20) / piece.length))
      for (let written = 0; written < 200 * (1 << 20); written += block.length) writeSync(handle, block)
      writeSync(handle, tail)
      closeSync(handle)
    }
    write('huge.json', '[', '{"a":1},', '{}]')
    refused(gate('huge.json'), 'JSON_TOO_LARGE', 'huge.json')
    write('huge.sarif', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy"}},"results":[', `{"ruleId":"x","message":{"text":"${'y'.repeat(2000)}"}},`, '')
    refused(gate('huge.sarif'), 'JSON_TRUNCATED', 'huge.sarif')
    execFileSync('rm', ['huge.json', 'huge.sarif'], { cwd: repository.dir })
  })

  test('keys that would reach a prototype are keys as any other: they neither excuse nor crash', () => {
    repository.write('proto.sarif', sarif([{ rule: '__proto__', path: 'constructor' }]).replace('"version"', '"__proto__": {"outcome": "passed", "severity": "info"}, "constructor": {"prototype": {"polluted": true}}, "version"'))
    const ran = gate('proto.sarif', '--format', 'json')
    expect(ran.exit).toBe(2)
    expect(JSON.parse(ran.stdout)).toMatchObject({ summary: { findings: 1, blocked: 1 }, decisions: [{ control: 'trivy/__proto__', outcome: 'blocked' }] })
  })

  test('a path that escapes matches no target that names one', () => {
    repository.write('escape.sarif', sarif([{ rule: 'CVE-2021-44228', path: '../../services/ledger/pom.xml' }, { rule: 'CVE-2021-44228', path: '/services/ledger/pom.xml' }]))
    expect(JSON.parse(gate('escape.sarif', '--format', 'json').stdout)).toMatchObject({ summary: { findings: 2, blocked: 2, excused: 0 } })
  })

  test('a folder, a pipe and a device are not read', () => {
    mkdirSync(join(repository.dir, 'folder'))
    refused(gate('folder'), 'INPUT_NOT_A_FILE', 'folder:1:1')
    execFileSync('mkfifo', [join(repository.dir, 'pipe')])
    refused(gate('pipe'), 'INPUT_NOT_A_FILE', 'pipe:1:1')
    refused(gate('/dev/zero'), 'INPUT_NOT_A_FILE', '/dev/zero:1:1')
  })

  test('a name with control characters is shown safely', () => {
    const ran = gate('no\u001b[31msuch\n::error::x')
    expect(ran.exit).toBe(3)
    expect(ran.stderr).not.toContain('\u001b')
    expect(ran.stderr.split('\n').filter((line) => line.startsWith('::'))).toEqual([])
  })

  test('an unknown input format is a slip, and a forced one is held to its shape', () => {
    expect(gate('log4j.sarif', '--input-format', 'trivvy')).toMatchObject({ exit: 64, stderr: expect.stringContaining('error[FORMAT_UNKNOWN]') as string })
    refused(gate('log4j.sarif', '--input-format', 'semgrep'), 'REPORT_SHAPE', 'log4j.sarif')
  })
})

describe('documents', () => {
  const withFile = (path: string, content: string, act: (repository: TemporaryRepository) => void): void => {
    const own = sessionRepository(new Map([...base, ['.exeat/log4j.yaml', optOut]]))
    try {
      own.write(path, content)
      act(own)
    } finally {
      own.remove()
    }
  }
  const worktree = (own: TemporaryRepository): Ran => runExeat(main, ['gate', 'log4j.sarif', '--env', 'development', '--worktree'], own.dir)

  test.for([
    ['a file that does not parse', 'a: [', 'YAML_'],
    ['a policy with a key twice', base.get('.exeat/policies.yaml')?.replace('mfa: none', 'mfa: none\n  mfa: none').replace('name: development', 'name: other') ?? '', 'YAML_DUPLICATE_KEY'],
    ['nesting without end', `apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nspec: ${'['.repeat(10_000)}`, 'YAML_'],
    ['anchors that explode', `apiVersion: exeat.dev/v1\nkind: OptOutPolicy\na: &a [x]\nb: [*a, *a]\n`, 'YAML_A'],
  ] as const)('%s refuses the run', ([, content, code]) => {
    withFile('.exeat/bad.yaml', content, (own) => {
      const ran = worktree(own)
      expect(ran.stderr).toContain(`error[${code}`)
      expect(ran.stderr).toContain('.exeat/bad.yaml:')
      expect([ran.exit, ran.stdout]).toEqual([3, ''])
    })
  })

  test('a symbolic link out of the tree refuses the run', () => {
    withFile('x', '', (own) => {
      symlinkSync('/etc/passwd', join(own.dir, '.exeat', 'link.yaml'))
      expect(worktree(own)).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringContaining('GOVERNANCE_ENTRY_REFUSED') as string })
    })
  })

  test('patterns and tickets that would take other engines for ever are answered at once', () => {
    const nested = optOut.replace('[services/ledger/pom.xml]', `["${'a*'.repeat(7)}b", "${'**/'.repeat(7)}x"]`)
    withFile('.exeat/policies.yaml', `${base.get('.exeat/policies.yaml')?.replace('impact: false', () => "impact: false, ticket: '^(a+)+$'") ?? ''}`, (own) => {
      own.write('.exeat/log4j.yaml', nested.replace('owner: o', `owner: o\n  ticket: ${'a'.repeat(40)}!`))
      own.write('log4j.sarif', sarif([{ rule: 'CVE-2021-44228', path: 'a'.repeat(300) }]))
      const ran = worktree(own)
      expect(ran.exit, ran.stderr).toBe(2)
      expect(ran.stdout).toContain('0 excused')
    })
  })
})
