/** The same key again: the first answer, whatever has happened since, in this process and the next. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, agree, approved, fileOf, hour, newKey, optOut, refused, requested, world, type World } from './support.ts'

let at: World
beforeEach(async () => { at = await world(sqlite) })
afterEach(async () => at.close())

test('each act is answered as it was first, even when nothing would permit it any more', async () => {
  const document = optOut('a')
  const request = () => at.useCases.request(actor('alice'), { document }, 'request')
  const first = await request()
  const { binding } = first.optOut
  const approve = () => at.useCases.approve(actor('bob'), 'a', binding, 'approve')
  const approved = await approve()
  at.merge({ [fileOf('a')]: document })
  const activate = () => at.useCases.activate(actor('dave'), 'a', binding, 'activate')
  const activated = await activate()
  const revoke = () => at.useCases.revoke(actor('bob'), 'a', 'enough', 'revoke')
  const revoked = await revoke()
  at.merge({ '.exeat/policies/trivy.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: trivy }\nspec: { controls: ["trivy/*"], effect: forbid }\n' })
  const { size } = await at.log.head()
  for (const restart of [false, true]) {
    if (restart) await at.restart()
    for (const [again, before] of [[request, first], [approve, approved], [activate, activated], [revoke, revoked]] as const) {
      const answer = await again()
      expect(answer.index).toBe(before.index)
      expect(answer.optOut.phase).toBe('revoked')
    }
  }
  expect((await at.log.head()).size).toBe(size)
})

test('the same key for something else is refused: another content, another act, another person', async () => {
  await at.useCases.request(actor('alice'), { document: optOut('a') }, 'key')
  const { binding, uid } = await at.useCases.optOut('a')
  await refused(at.useCases.request(actor('alice'), { document: optOut('b') }, 'key'), 'APPEND_KEY_REUSED')
  await refused(at.useCases.request(actor('dave'), { document: optOut('a') }, 'key'), 'APPEND_KEY_REUSED')
  await refused(at.useCases.approve(actor('bob'), uid, binding, 'key'), 'APPEND_KEY_REUSED')
  await refused(at.useCases.withdraw(actor('alice'), uid, 'x', 'key'), 'APPEND_KEY_REUSED')
})

test('a uid and a name mean the same to a key', async () => {
  const { optOut: { binding, uid } } = await requested(at, 'a')
  const { index } = await at.useCases.approve(actor('bob'), 'a', binding, 'key')
  expect((await at.useCases.approve(actor('bob'), uid, binding, 'key')).index).toBe(index)
})

test('a key of a refusal without entries is free: the act can be repeated when it may', async () => {
  const { optOut: { binding } } = await approved(at, 'a')
  await refused(at.useCases.activate(actor('dave'), 'a', binding, 'key'), 'NOT_MERGED')
  at.merge({ [fileOf('a')]: optOut('a') })
  expect((await at.useCases.activate(actor('dave'), 'a', binding, 'key')).optOut.phase).toBe('active')
})

test.for([['', 'empty'], ['x'.repeat(121), 'too long'], ['a\u0007b', 'not printable'], ['a b', 'with a space'], [7, 'no text']] as const)('a key that is %s %s', async ([key]) => {
  await refused(at.useCases.request(actor('alice'), { document: optOut('a') }, key as string), 'APPEND_KEY')
})

test('a use counts once over retries, restarts and replicas', async () => {
  const { optOut: { uid } } = await activated(at, 'a', { limits: { findings: 1, uses: 3 } })
  const uses = [{ uid, point: 'gate/1', subject: 'commit:1' }, { uid, point: 'gate/1', subject: 'commit:1' }, { uid, point: 'gate/2', subject: 'commit:1' }]
  const other = await at.beside()
  await Promise.all([at.useCases.claimUses(uses), other.useCases.claimUses(uses)])
  await at.restart()
  await at.useCases.claimUses(uses)
  expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'active', uses: { counted: 2, limit: 3 } })
})

test('an earlier clock: what grants is stamped by the log, what was ended stays ended', async () => {
  at.clock.now += hour
  await activated(at, 'a')
  await at.useCases.revoke(actor('bob'), 'a', 'x', newKey())
  at.clock.now -= 2 * hour
  expect((await at.useCases.optOut('a')).phase).toBe('revoked')
  await refused(requested(at, 'b'), 'CLOCK_BEHIND')
})

test('an earlier clock does not keep a revocation, a rejection or a withdrawal from being recorded', async () => {
  at.clock.now += hour
  await activated(at, 'a')
  await requested(at, 'b')
  await requested(at, 'c')
  at.clock.now -= 2 * hour
  expect((await at.useCases.revoke(actor('bob'), 'a', 'x', newKey())).optOut.phase).toBe('revoked')
  expect((await at.useCases.reject(actor('bob'), 'b', 'x', newKey())).optOut.phase).toBe('rejected')
  expect((await at.useCases.withdraw(actor('alice'), 'c', 'x', newKey())).optOut.phase).toBe('withdrawn')
})

test('a process may end between any two acts', async () => {
  const { optOut: { binding, uid } } = await requested(at, 'a')
  await at.restart()
  await at.useCases.approve(actor('bob'), uid, binding, newKey())
  at.merge({ [fileOf('a')]: optOut('a') })
  await at.restart()
  await at.useCases.activate(actor('dave'), uid, binding, newKey())
  await at.restart()
  expect((await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }])).results[0]?.outcome).toBe('counted')
  await at.restart()
  expect((await at.useCases.revoke(actor('dave'), uid, 'done', newKey())).optOut).toMatchObject({ phase: 'revoked', uses: { counted: 1 } })
  await agree(at.log)
})
