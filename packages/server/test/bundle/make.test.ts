import { afterEach, expect, test } from 'vitest'
import { verifyBundle } from '@exeat/verify'
import { bytesOf, contextAt, deps, hour, must, world, type World } from './world.ts'

let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

test('what is made is what is verified', async () => {
  const it = open = await world()
  const uid = await it.activated('log4j')
  const verified = must(verifyBundle(bytesOf(await it.bundle()), it.pins, contextAt(it.clock.now + hour / 2), deps))
  expect(verified.problems).toEqual([])
  expect(verified.optOuts.refused).toEqual([])
  expect(verified.optOuts.active.map((each) => [each.uid, each.document.metadata.name, each.met])).toEqual([[uid, 'log4j', {
    evidence: 'operator-asserted', approvers: [['security'], ['security']], requester: ['engineering'], activator: ['engineering'],
    log: { renewal: 0, total: 48 * hour, witnessed: false },
  }]])
})
