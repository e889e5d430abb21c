/** Whatever a repository holds: an answer, in time that grows with the text and no faster. What is quadratic runs into the test's own timeout. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findSuppressions, mayHoldSuppressions } from '../../src/shadow/index.ts'

const folder = fileURLToPath(new URL('../../../../vectors/shadow/', import.meta.url))
const corpus = readdirSync(folder).filter((name) => name.endsWith('.txt')).map((name) => readFileSync(`${folder}${name}`, 'utf8').replaceAll(/^.*? \| /gm, '')).join('\n')
const paths = ['a.py', 'a.ts', 'a.go', 'a.cc', 'a.rs', 'a.rb', 'a.php', 'a.sql', 'a.lua', 'a.ps1', 'a.tf', 'a.sh', 'Makefile', 'Dockerfile', 'a.yaml', 'a.md', 'a.html', 'a.vue', 'a.xyz', 'Jenkinsfile', '.github/workflows/a.yml', '.gitlab-ci.yml', 'azure-pipelines.yml',
  '.circleci/config.yml', '.trivyignore', '.trivyignore.yaml', '.checkov.yaml', '.checkov.baseline', '.gitleaks.toml', 'osv-scanner.toml', '.snyk', '.secrets.baseline', 'pyproject.toml', '.bandit', 'setup.cfg', 'e.rego', '.semgrepignore', '.gitleaksignore', 'audit-ci.json', 'config/brakeman.ignore', '.tfsec/config.json', 'kics.config']
const families = ['a.py', 'a.ts', 'a.tf', 'a.sh', 'a.yaml', 'a.vue', 'Jenkinsfile', '.gitlab-ci.yml', '.trivyignore', '.gitleaks.toml', '.snyk', 'e.rego']
const long = (piece: string): string => piece.repeat(Math.ceil(200_000 / piece.length))

describe('any text', () => {
  const piece = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('"', "'", '`', '${', '}', '/*', '*/', '//', '#', '<<EOF', '\n', '\r\n', '\\', '"""', '<!--', '<script>', '- ', ': ', '|\n', '&a', '*a', '[', '{', '\u0000', '\u202e', '\ud800', '# nosec', '|| true', 'trivy fs . ', 'nosemgrep: a.b'),
    fc.nat(corpus.length - 1).map((at) => corpus.slice(at, at + 80)))

  test('has an answer that depends on nothing but itself, with lines that the text has', () => {
    fc.assert(fc.property(fc.constantFrom(...paths), fc.array(piece, { maxLength: 40 }), (path, pieces) => {
      const text = pieces.join('')
      const found = findSuppressions(path, text)
      expect(found).toEqual(findSuppressions(path, text))
      const lines = text.split('\n').length
      for (const { line, tool, rule } of found) {
        expect(line).toBeGreaterThanOrEqual(1)
        expect(line).toBeLessThanOrEqual(lines)
        expect(tool).not.toBe('')
        expect(rule).not.toBe('')
      }
      if (found.length > 0) expect(mayHoldSuppressions(path, Buffer.from(text, 'utf8').toString('latin1'))).toBe(true)
    }), { numRuns: 1500 })
  })

  test('cut anywhere, the corpus has an answer', () => {
    for (let at = 0; at < corpus.length; at += 997) for (const path of ['a.ts', 'a.py', 'a.tf', 'a.yaml', '.gitlab-ci.yml', 'a.sh']) findSuppressions(path, corpus.slice(at, at + 5000))
  })
})

describe('a line without end', () => {
  const pieces = ['# nosec ', '// nosemgrep: a.b ', '/*nosemgrep*/', '/* nosemgrep /* ', '"', "'", '`${', '/a', '[/', '<<A ', '<<A\n', '# noqa: S101,', 'checkov:skip=CKV_A_1:', '#trivy:ignore:A:exp:', '<script>//nosemgrep', '<!-- nosemgrep ', 'trivy || true;', 'trivy || (', '$(', '- ', 'a: |', ' :"', '&a [*a, ',
    '[[allowlist]]', "'''", '= [', 'exception[x] {\n', 'sh "', 'catchError {', '{- ', '\t-trivy ', '\\\n', 'skips: B101,', 'NOLINT(', 'lgtm[', ' noqa', 'eslint-disable-line no-eval -- ', '*/']
  test.for(pieces)('of %j', { timeout: 20_000 }, (text) => {
    for (const path of families) findSuppressions(path, long(text))
  })

  test('of a megabyte, with a suppression at its end', () => {
    expect(findSuppressions('a.js', `${'a=b/c;d="e";'.repeat(90_000)}// nosemgrep: x.y`)).toMatchObject([{ rule: 'x.y', line: 1 }])
    expect(findSuppressions('a.py', `${'a=b;d="e";'.repeat(100_000)}# nosec`)).toMatchObject([{ tool: 'bandit', line: 1 }])
  })
})

describe('YAML of somebody else', () => {
  test('that is deep, wide, cyclic or multiplied is left without harm', () => {
    const bomb = `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(20)}]`).join('\n')}\nsteps: *a12\n`
    const merges = `m0: &m0 { script: [trivy fs .] }\n${Array.from({ length: 12 }, (_, index) => `m${index + 1}: &m${index + 1} { k: { <<: [${`*m${index}, `.repeat(20)}] } }`).join('\n')}\njob: *m12\n`
    for (const text of [bomb, merges, 'a: &a [*a, trivy]\nsteps: *a\n', `trivy: ${'['.repeat(100_000)}`, `trivy:\n${Array.from({ length: 1000 }, (_, index) => `${' '.repeat(index)}- a:`).join('\n')}`, `${'trivy: x\n'.repeat(60_000)}`, '%YAML 1.1\n---\ntrivy: 1\n']) {
      for (const path of paths) expect(Array.isArray(findSuppressions(path, text))).toBe(true)
    }
  }, 60_000)

  test('cannot reach a prototype', () => {
    const keys = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
    for (const key of keys) {
      expect(findSuppressions('.snyk', `ignore:\n  ${key}:\n    - "*": { reason: x }\n`).map(({ rule }) => rule)).toEqual([key])
      expect(findSuppressions('.secrets.baseline', `{"results": {"${key}": [{"type": "${key}"}]}}`).map(({ rule, paths: where }) => [rule, where])).toEqual([[key, [key]]])
      expect(findSuppressions('a.sh', `${key} --exit-code 0 || true\ntrivy --${key}=0\n`)).toEqual([])
      expect(findSuppressions(key, '# nosec\n')).toEqual([])
    }
    expect(({} as Record<string, unknown>)['reason']).toBeUndefined()
  })

  test('that cannot be read is told, where its name says that it silences something', () => {
    for (const [path, tool] of [['.trivyignore.yaml', 'trivy'], ['.checkov.baseline', 'checkov'], ['.secrets.baseline', 'detect-secrets'], ['.snyk', 'snyk']] as const) {
      expect(findSuppressions(path, 'a: [unclosed')).toMatchObject([{ tool, rule: '*', line: 1, mark: expect.stringContaining('unread') as string }])
    }
  })
})

describe('an end', () => {
  test.for([
    ['2026-01-01', '2026-01-01T00:00:00Z'], ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00Z'], ['2026-01-01T10:00:00+02:00', '2026-01-01T08:00:00Z'], ['2026-01-01 10:00', '2026-01-01T10:00:00Z'],
    ['2026-13-01', undefined], ['2026-02-30', undefined], ['01/02/2026', undefined], ['never', undefined], ['20260101', undefined], ['2026-1-1', undefined],
  ] as const)('written %s is read as %s', ([written, wanted]) => {
    const [found] = findSuppressions('.trivyignore.yaml', `vulnerabilities:\n  - id: CVE-1\n    expired_at: "${written}"\n`)
    expect(found?.expires).toEqual(wanted === undefined ? { written } : { written, at: Date.parse(wanted) })
  })
})
