import { expect, test } from 'vitest'
import { canonicalTool, controlOf, splitControl, toolNames } from '../../src/control/index.ts'

test('every canonical name is its own, and no producer name is claimed twice', () => {
  for (const name of toolNames) expect(canonicalTool(name)).toBe(name)
  expect([...toolNames].sort()).toEqual(toolNames)
})

test.each([['Trivy', 'trivy'], ['Semgrep OSS', 'semgrep'], ['CodeQL', 'codeql'], [' KICS ', 'kics'], ['Shell Script Analysis', 'shellcheck'], ['Azure Policy', 'azure-policy'], ['Enterprise Contract', 'conforma'], ['KyvernoValidatingPolicy', 'kyverno'], ['KyvernoImageValidatingPolicy', 'kyverno']])('%s is %s', (written, wanted) => {
  expect(canonicalTool(written)).toBe(wanted)
})

test.each(['', 'trivvy', '__proto__', 'constructor', 'toString', 'trivy/'])('`%s` is no tool', (name) => {
  expect(canonicalTool(name)).toBeUndefined()
})

test('a control is split at its first slash', () => {
  expect(splitControl('eslint/security/detect-eval')).toEqual({ tool: 'eslint', rule: 'security/detect-eval' })
  expect([splitControl('trivy'), splitControl('/x'), splitControl('trivy/')]).toEqual([undefined, undefined, undefined])
  expect(controlOf({ tool: 'trivy', rule: 'CVE-1' })).toBe('trivy/CVE-1')
})
