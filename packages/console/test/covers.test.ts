/** What is signed in a browser stands whole on the page: each thing that the document says. */
import { decodeDocument, type OptOut } from '@exeat/core'
import { type ComponentType, createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'

const spec = {
  controls: ['trivy/CVE-2021-44228'], category: 'waiver', reason: 'The fix breaks start-up', ticket: 'INC-7', compensatingControl: 'the proxy filters it', owner: 'alice@acme.example',
  targets: { repositories: ['acme/payments'], environments: ['staging'], paths: ['pom.xml'], resources: ['Pod/team-a/web'], images: [`sha256:${'a'.repeat(64)}`], fingerprints: ['b'.repeat(64)] },
  window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, limits: { findings: 3, uses: 17 }, expected: { usesPerDay: 23, points: ['gate/1001/staging', '<script>'] },
}

/** By its address: what tests are checked with knows no JSX. */
const { Covers } = await import(new URL('../src/parts/covers.tsx', import.meta.url).href) as { readonly Covers: ComponentType<{ readonly document: OptOut; readonly findings: number }> }

const leaves = (value: unknown): readonly string[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [String(value)])
const escaped = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;')

test('every text and number of a document', () => {
  const read = decodeDocument({ value: { apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: 'hotfix' }, spec }, file: 'a.yaml', at: () => ({ file: 'a.yaml', line: 1, column: 1 }) })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const page = renderToStaticMarkup(createElement(Covers, { document: read.document as OptOut, findings: 1 }))
  expect(leaves(spec).filter((leaf) => !page.includes(escaped(leaf)))).toEqual([])
  expect(page).not.toContain('<script>')
})
