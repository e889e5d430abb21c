import { expect, test } from 'vitest'
import { hour, must, scene, verified } from './scene.ts'

test('an honest bundle of an honest log', () => {
  const it = scene()
  const life = it.life('log4j')
  const value = must(verified(it.bundle([life]), it.pins))
  expect(value.problems).toEqual([])
  expect(value.optOuts.active.map(({ uid, met }) => [uid, met])).toEqual([[life.uid, {
    evidence: 'operator-asserted', approvers: [['security'], ['security']], requester: ['engineering'], activator: ['engineering', 'sre'], log: { renewal: 0, total: 48 * hour, witnessed: false },
  }]])
})
