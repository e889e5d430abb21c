/** What is signed stands whole before whoever signs it: each thing that the document says. */
import { decodeDocument, type Instant, type OptOut } from '@exeat/core'
import { expect, test } from 'vitest'
import { signedText } from '../src/acts/signed-text.ts'
import type { Io } from '../src/edge/io.ts'

const spec = {
  controls: ['trivy/CVE-2021-44228'], category: 'waiver', reason: 'The fix breaks start-up', ticket: 'INC-7', compensatingControl: 'the proxy filters it', owner: 'alice@acme.example', renews: 'earlier',
  targets: { repositories: ['acme/payments'], environments: ['staging'], paths: ['pom.xml'], resources: ['Pod/team-a/web'], images: [`sha256:${'a'.repeat(64)}`], fingerprints: ['b'.repeat(64)] },
  window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, limits: { findings: 3, uses: 17 }, expected: { usesPerDay: 23, points: ['gate/1001/staging'] },
}

/** Every text and number of it. */
const leaves = (value: unknown): readonly string[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [String(value)])

test('every text and number of a document that says all it can', () => {
  const read = decodeDocument({ value: { apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: 'hotfix' }, spec }, file: 'a.yaml', at: () => ({ file: 'a.yaml', line: 1, column: 1 }) })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const io = { stdout: { columns: 4000, isTTY: false }, env: {}, now: Date.parse('2026-11-23T00:00:00Z') as Instant } as unknown as Io
  const text = signedText('approve', { document: read.document as OptOut, findings: 1, approvals: [], binding: { optOut: 'c'.repeat(64), terms: 'd'.repeat(64), impact: null }, code: 'CODE', evidence: 'a test' }, io)
  expect(leaves(spec).filter((leaf) => !text.includes(leaf))).toEqual([])
})
