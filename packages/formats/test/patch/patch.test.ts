import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { patchOf } from '../../src/patch/index.ts'
import { readDocuments } from '../../src/yaml/index.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const edits = { controls: ['trivy/CVE-1'], targets: { paths: ['a b/c.xml', 'true', 'd/e'] }, limits: { findings: 2 } }

/** The file after `git apply`. */
function applied(before: string, patch: string, file = '.exeat/one.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-patch-'))
  try {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), before)
    execFileSync('git', ['apply', '-'], { cwd: folder, input: patch, env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } })
    return readFileSync(join(folder, file), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const spec = (...lines: string[]): string => ['apiVersion: exeat.dev/v1', 'kind: OptOut', 'metadata: { name: one }', 'spec:', ...lines, '  category: waiver', '  reason: r', '  owner: o',
  '  window: { from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z }', ''].join('\n')

test.for([
  ['flow', spec('  controls: [trivy/*]   # why', '  targets: { paths: [a/**] }', '  limits: { findings: 9 }')],
  ['block', spec('  controls:', '    - trivy/*   # why', '    - trivy/x', '', '  # before targets', '  targets:', '    paths:', '      - a/**', '', '  limits:', '    findings: 9')],
  ['what is missing', spec('  controls: [trivy/*]')],
  ['several documents', `# head\n${spec('  controls: [trivy/*]')}---\n${spec('  controls: [trivy/*]').replace('name: one', 'name: two')}# tail\n`],
  ['no line feed at the end', spec('  controls: [trivy/*]').trimEnd()],
  ['the last key', `${spec('  controls: [trivy/*]').trimEnd()}\n  targets:\n    paths: [a/**]`],
] as const)('%s: the patch applies and says what was asked, and the rest stays', ([, before]) => {
  const patch = patchOf(bytes(before), '.exeat/one.yaml', 'one', edits)
  const after = applied(before, patch ?? '')
  const [document, ...others] = readDocuments(bytes(after), 'one.yaml').documents
  expect(document?.ok === true && document.kind === 'OptOut' ? document.document.spec : document).toMatchObject({ ...edits, category: 'waiver' })
  for (const other of others) expect(other.ok && other.kind === 'OptOut' && other.document.spec.controls).toEqual(['trivy/*'])
  for (const comment of before.match(/^#.*$|# before.*$/gm) ?? []) expect(after).toContain(comment)
})

test('what it cannot patch it does not', () => {
  const sound = spec('  controls: [trivy/*]')
  expect(patchOf(bytes(sound), 'one.yaml', 'two', edits)).toBeUndefined()
  expect(patchOf(bytes(`${sound}---\n${sound}`), 'one.yaml', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes('{'), 'one.yaml', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes('\ufffe'), 'one.yaml', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes(JSON.stringify({ kind: 'OptOut', metadata: { name: 'one' }, spec: { controls: ['x'] } })), 'one.json', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes(sound.replaceAll('\n', '\r\n')), 'one.yaml', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes(sound), 'one\n+++ b/evil.yaml', 'one', edits)).toBeUndefined()
  expect(patchOf(bytes(spec('  controls: [trivy/x]')), 'one.yaml', 'one', { controls: ['trivy/x'] })).toBeUndefined()
})
