import { expect, test } from 'vitest'
import type { Instant } from '@exeat/core'
import { verifyKept } from '../../src/offline/index.ts'
import { at, bytesOf, digestOf, hour, must, scene, signBundle, plain, signedBytes, tools } from '../bundle/scene.ts'
import { endedOf } from '../bundle/outcome.ts'
import { keys } from '../delegation/support.ts'

const it = scene()
const life = it.life('log4j')
const over = it.life('over', { over: { controls: ['trivy/other'] } })
const bundle = it.bundle([life], { ended: [{ ...endedOf(over.item), state: 'revoked', at: at(hour) }] })
const verified = (bytes: Uint8Array, now: number) => verifyKept(bytes, it.pins, { now: now as Instant, audience: '1001' }, tools)
const code = (bytes: Uint8Array, now: number): string => {
  const answer = verified(bytes, now)
  return answer.ok ? 'ok' : answer.problem.code
}

test('a bundle that is over still says what the log had, and what it told of', () => {
  const value = must(verified(signedBytes(bundle), at(48 * hour)))
  expect(value).toMatchObject({ size: it.entered.length, issuedAt: at(hour), notAfter: at(hour + 300_000), checkpoint: bundle.checkpoint })
  expect([...value.uids].sort()).toEqual([life.uid, over.uid].sort())
  expect(value.uids.has(digestOf('another'))).toBe(false)
})

test('it is verified again: what is not signed so, or comes from the future, says nothing', () => {
  expect(code(signedBytes(bundle, [keys.log]), at(48 * hour))).toBe('DSSE_UNSIGNED')
  expect(code(signedBytes(bundle), at(hour) - 1)).toBe('BUNDLE_NOT_YET')
  expect(code(signedBytes(bundle), Number.NaN)).toBe('BUNDLE_NOT_YET')
  expect(code(bytesOf({}), at(48 * hour))).toBe('DSSE_MALFORMED')
  expect(code(bytesOf(signBundle({ ...plain(bundle), active: [] })), at(48 * hour))).toBe('BUNDLE_CONTENT')
  expect(code(bytesOf(signBundle({ ...plain(bundle), audience: '1002' })), at(48 * hour))).toBe('BUNDLE_OTHER_WORKSPACE')
})
