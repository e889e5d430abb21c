import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decodeDocument, documentDigest, optOutUid, taggedDigest, toHex, unlocated } from '../src/index.ts'
import type { ExeatDocument, Json } from '../src/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const hexOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

function decoded(value: Json): ExeatDocument {
  const answer = decodeDocument(unlocated(value, 'a.yaml'))
  if (!answer.ok) throw new Error(answer.problems.map(({ message }) => message).join('; '))
  return answer.document
}

const optOut = (spec: { readonly [key: string]: Json } = {}, name = 'demo'): Json => ({
  kind: 'OptOut', apiVersion: 'exeat.dev/v1', metadata: { name },
  spec: {
    controls: ['trivy/CVE-2021-44228'], category: 'waiver', reason: 'Zoë said so\n', owner: 'alice',
    window: { from: '2026-11-22T11:00:00+01:00', until: '2026-11-24T10:00:00.5Z' }, ...spec,
  },
})

describe('documentDigest', () => {
  test('is SHA-256 over the tag, a zero byte and the canonical document', () => {
    const canonical = '{"apiVersion":"exeat.dev/v1","kind":"OptOut","metadata":{"name":"demo"},"spec":{"category":"waiver",'
      + '"controls":["trivy/CVE-2021-44228"],"limits":{"findings":16},"owner":"alice","reason":"Zoë said so\\n",'
      + '"window":{"from":"2026-11-22T10:00:00.000Z","until":"2026-11-24T10:00:00.500Z"}}}'
    expect(documentDigest(decoded(optOut({ limits: { findings: 16 } })), sha256)).toBe(hexOf(`exeat/OptOut/v1\0${canonical}`))
  })

  test('writes durations in their largest whole unit', () => {
    const policy = (duration: string): ExeatDocument => decoded({
      apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'demo' },
      spec: { controls: ['trivy/*'], effect: 'permit', request: 'anyone', approve: 'none', activate: 'anyone', mfa: 'none', limits: { duration } },
    })
    const canonical = '{"apiVersion":"exeat.dev/v1","kind":"OptOutPolicy","metadata":{"name":"demo"},"spec":{"activate":"anyone","approve":"none",'
      + '"controls":["trivy/*"],"effect":"permit","limits":{"duration":"2d"},"mfa":"none","request":"anyone"}}'
    for (const spelling of ['2d', '48h', '2880m']) expect(documentDigest(policy(spelling), sha256)).toBe(hexOf(`exeat/OptOutPolicy/v1\0${canonical}`))
    expect(documentDigest(policy('49h'), sha256)).not.toBe(documentDigest(policy('2d'), sha256))
  })

  test('does not depend on the spelling of an instant or the order of keys, and on everything else', () => {
    const base = documentDigest(decoded(optOut()), sha256)
    expect(documentDigest(decoded(optOut({ window: { until: '2026-11-24T15:30:00.500+05:30', from: '2026-11-22T10:00:00Z' } })), sha256)).toBe(base)
    const others = [
      optOut({}, 'other'), optOut({ owner: 'bob' }), optOut({ controls: ['grype/CVE-2021-44228'] }), optOut({ targets: {} }),
      optOut({ window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00.501Z' } }), optOut({ reason: 'Zoë said so' }),
    ].map((value) => documentDigest(decoded(value), sha256))
    expect(new Set([base, ...others]).size).toBe(others.length + 1)
  })
})

describe('optOutUid', () => {
  const digest = 'ab'.repeat(32)
  const uid = (workspace: string, repositoryId: string, name: string): string => optOutUid({ workspace, repositoryId, name, digest }, sha256)

  test('is SHA-256 over the tag, a zero byte and the canonical members', () => {
    expect(uid('acme', '4711', 'demo')).toBe(hexOf(`exeat/uid/v1\0{"digest":"${digest}","name":"demo","repositoryId":"4711","workspace":"acme"}`))
  })

  test('members cannot run into each other', () => {
    const uids = [uid('a', 'bc', 'd'), uid('ab', 'c', 'd'), uid('a', 'b', 'cd'), uid('a","name":"b', 'c', 'd'), uid('', 'abc', 'd'), uid('d', 'bc', 'a')]
    expect(new Set(uids).size).toBe(uids.length)
  })
})

test('a tag is no prefix of another: the zero byte ends it', () => {
  expect(taggedDigest('exeat/a', 'b', sha256)).not.toBe(taggedDigest('exeat/a"b', '', sha256))
  expect(taggedDigest('exeat/a', 'b', sha256)).toBe(hexOf('exeat/a\0"b"'))
})

test('toHex', () => expect(toHex(new Uint8Array([0, 1, 15, 16, 255]))).toBe('00010f10ff'))
