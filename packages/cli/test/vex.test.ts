import { expect, test } from 'vitest'
import type { Finding, Report, VexStatement } from '@exeat/core'
import { statementsOn } from '../src/gate/vex.ts'

const finding = (part: Partial<Finding> = {}): Finding => ({ tool: 'trivy', rule: 'CVE-1', title: 't', resource: 'pkg:npm/a@1', ...part })
const report = (...products: readonly string[]): Report => ({
  input: 'vex.json', format: 'openvex', tool: 'openvex', completed: true, findings: [], suppressions: [],
  statements: [{ vulnerability: 'CVE-1', products, status: 'not_affected' } satisfies VexStatement],
})
const count = (found: Finding, ...products: readonly string[]): number => statementsOn(found, [report(...products)]).length

test('a statement speaks of its vulnerability, by any id that the tool gives', () => {
  expect([count(finding()), count(finding({ rule: 'CVE-2' })), count(finding({ rule: 'GHSA-1', aliases: ['CVE-1'] }))]).toEqual([1, 0, 1])
})

test('another package is another product; what names no package may hold any', () => {
  expect(count(finding(), 'pkg:npm/a@1?arch=x#y')).toBe(1)
  expect(count(finding(), 'pkg:npm/b@1')).toBe(0)
  expect(count(finding(), 'pkg:npm/b@1', 'acme/ledger')).toBe(1)
  const { resource: _, ...bare } = finding()
  expect(count(bare, 'pkg:npm/b@1')).toBe(1)
})
