/** Where incidents are asked about: one address, one place for the ticket, and nothing that leads elsewhere. */
import { expect, test } from 'vitest'
import { decodeDocument, type Json, unlocated } from '../src/index.ts'

const decoded = (incidents: Json): boolean => decodeDocument(unlocated({
  apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'w' },
  spec: { id: 'w', protectedRef: 'main', sources: [{ name: 'a/b', forge: 'none', repositoryId: '1' }], environments: [{ name: 'test', proof: 'asserted' }], incidents },
}, 'test')).ok
const of = (url: Json, more: Record<string, Json> = {}): Json => ({ url, field: 'status', open: ['open'], ...more })

test.each(['https://i.example/{ticket}', 'https://i.example:8443/api/v2/incidents/{ticket}?full=1', 'https://i.example/api?id={ticket}', 'http://127.0.0.1:80/{ticket}', 'http://[::1]/{ticket}', 'http://localhost/{ticket}'])('%s will do', (url) => {
  expect(decoded(of(url))).toBe(true)
})

test.each([
  'https://i.example/', 'https://i.example/{ticket}/{ticket}', 'https://{ticket}/', 'https://{ticket}.example/x', 'https://i.example?{ticket}', 'http://i.example/{ticket}', 'http://localhost.example/{ticket}', 'http://127.0.0.1@i.example/{ticket}',
  'https://i.example/{ticket}#x', 'ftp://i.example/{ticket}', '{ticket}', '', 7,
])('%s will not', (url) => { expect(decoded(of(url))).toBe(false) })

test.each<readonly [string, Json]>([
  ['no state means open', of('https://i.example/{ticket}', { open: [] })], ['a state of another type', of('https://i.example/{ticket}', { open: [true] })], ['no field', { url: 'https://i.example/{ticket}', open: ['open'] }],
  ['another key', of('https://i.example/{ticket}', { header: 'x' })], ['no object', 'https://i.example/{ticket}'],
])('%s will not', (_, incidents) => { expect(decoded(incidents)).toBe(false) })
