/** What changes between a request, its approval and its activation, and who turns out to have written it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, approved, codesOf, fileOf, groups, newKey, optOut, policy, refused, requested, workspace, world, type World } from './support.ts'

let at: World
beforeEach(async () => { at = await world(sqlite) })
afterEach(async () => at.close())

const typesOf = async (entries: readonly number[]): Promise<readonly unknown[]> =>
  Promise.all(entries.map(async (index) => (await at.useCases.entry(index)).leaf['type']))

test('another document at the protected ref voids the request when it is approved', async () => {
  const { optOut: { binding } } = await requested(at, 'a')
  at.merge({ [fileOf('a')]: optOut('a', { reason: 'Quietly another.' }) })
  const key = newKey()
  await refused(at.useCases.approve(actor('bob'), 'a', binding, key), 'CONTENT_CHANGED')
  const view = await at.useCases.optOut('a')
  expect(view.phase).toBe('stale')
  expect(await typesOf(view.entries)).toEqual(['dev.exeat.optout.proposed.v1', 'dev.exeat.optout.stale.v1'])
  const { size } = await at.log.head()
  await refused(at.useCases.approve(actor('bob'), 'a', binding, key), 'CONTENT_CHANGED')
  await refused(at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'WRONG_PHASE')
  expect((await at.log.head()).size).toBe(size)
})

test('another document at the protected ref voids it when it is activated', async () => {
  const { optOut: { binding } } = await approved(at, 'a')
  at.merge({ [fileOf('a')]: optOut('a', { until: 3 * 86_400_000 }) })
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'CONTENT_CHANGED')
  expect((await at.useCases.optOut('a')).phase).toBe('stale')
})

test('a policy tightened after the approval voids it; a renamed one does not', async () => {
  const { optOut: { binding } } = await approved(at, 'a')
  at.merge({ '.exeat/policies/trivy.yaml': policy().replace('name: trivy', 'name: renamed'), [fileOf('a')]: optOut('a') })
  expect((await at.useCases.activate(actor('dave'), 'a', binding, newKey())).optOut.phase).toBe('active')
  const second = await approved(at, 'b')
  at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 3d, findings: 10'), [fileOf('b')]: optOut('b') })
  await refused(at.useCases.activate(actor('dave'), 'b', second.optOut.binding, newKey()), 'CONTENT_CHANGED')
})

test('a forbid that came meanwhile voids it, and says so', async () => {
  const { optOut: { binding } } = await requested(at, 'a')
  at.merge({ '.exeat/policies/no.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: never }\nspec: { controls: ["trivy/*"], effect: forbid, message: never again }\n' })
  const error = await at.useCases.approve(actor('bob'), 'a', binding, newKey()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ problems: [{ code: 'CONTENT_CHANGED', hint: expect.stringContaining('never again') as unknown }] })
  expect((await at.useCases.optOut('a')).phase).toBe('stale')
})

test('an approver who left the group counts no more, and one who joined it later does not count for it', async () => {
  await approved(at, 'a')
  at.merge({ '.exeat/workspace.yaml': workspace({ groups: { ...groups, security: ['carol'] } }), [fileOf('a')]: optOut('a') })
  const { binding } = await at.useCases.optOut('a')
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'QUORUM_LOST')
  await at.useCases.approve(actor('carol'), 'a', binding, newKey())
  expect((await at.useCases.activate(actor('dave'), 'a', binding, newKey())).optOut.phase).toBe('active')
})

test('a requester who left the group before it was activated', async () => {
  await approved(at, 'a')
  at.merge({ '.exeat/workspace.yaml': workspace({ groups: { ...groups, engineering: ['dave'] } }), [fileOf('a')]: optOut('a') })
  const { binding } = await at.useCases.optOut('a')
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'TERMS_NOT_MET')
})

test('who wrote the document at the protected ref may not approve it, in whatever case they type their address', async () => {
  at.merge({ [fileOf('a')]: optOut('a') })
  const { optOut: { binding } } = await requested(at, 'a')
  await refused(at.useCases.approve(actor('alice@acme.example'), 'a', binding, newKey()), 'SELF_APPROVAL')
  at.merge({ '.exeat/workspace.yaml': workspace({ groups: { ...groups, security: ['Alice@acme.example', 'bob'] } }) })
  await refused(at.useCases.approve(actor('Alice@acme.example'), 'a', binding, newKey()), 'SELF_APPROVAL')
})

test('attack-04: nor under another name that the workspace says is theirs; nor does it count any more once the workspace says so', async () => {
  const people = [['alice@acme.example', 'carol'], ['bob', 'robert']]
  at.merge({ [fileOf('a')]: optOut('a'), '.exeat/workspace.yaml': workspace({ people }) })
  const { optOut: { binding } } = await requested(at, 'a')
  await refused(at.useCases.approve(actor('carol'), 'a', binding, newKey()), 'SELF_APPROVAL')
  at.merge({ '.exeat/workspace.yaml': workspace() })
  await at.useCases.approve(actor('carol'), 'a', binding, newKey())
  at.merge({ '.exeat/workspace.yaml': workspace({ people }) })
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'QUORUM_LOST')
  await at.useCases.approve(actor('bob'), 'a', binding, newKey())
  expect((await at.useCases.activate(actor('dave'), 'a', binding, newKey())).optOut.phase).toBe('active')
})

test('nor does an approval count once its giver has committed a change of it', async () => {
  const { optOut: { binding } } = await requested(at, 'a')
  await at.useCases.approve(actor('alice@acme.example'), 'a', binding, newKey())
  at.merge({ [fileOf('a')]: optOut('a') })
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'QUORUM_LOST')
  await at.useCases.approve(actor('bob'), 'a', binding, newKey())
  expect((await at.useCases.activate(actor('dave'), 'a', binding, newKey())).optOut.phase).toBe('active')
})

test('what is merged after the request is found by who approves, co-authors too', async () => {
  const { optOut: { binding } } = await requested(at, 'a')
  at.repository.write(fileOf('a'), JSON.stringify(optOut('a')))
  at.repository.git('add', '--all')
  at.repository.git('commit', '--quiet', '-m', 'add it\n\nCo-authored-by: Bob <bob>')
  await refused(at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'SELF_APPROVAL')
  expect((await at.useCases.approve(actor('carol'), 'a', binding, newKey())).optOut.phase).toBe('approved')
})

test('attack-12: somebody else\'s moving it into another file, out of one that stays, hides nobody who wrote it', async () => {
  const many = '.exeat/opt-outs/many.json'
  at.repository.write(many, JSON.stringify(optOut('a')))
  at.repository.git('add', '--all')
  at.repository.git('-c', 'user.name=Bob', '-c', 'user.email=bob', 'commit', '--quiet', '--author', 'Bob <bob>', '-m', 'add it')
  at.merge({ [many]: JSON.stringify(optOut('b')), [fileOf('a')]: JSON.stringify(optOut('a'), null, 2) })
  const { optOut: { binding } } = await requested(at, 'a')
  await refused(at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'SELF_APPROVAL')
  expect((await at.useCases.approve(actor('carol'), 'a', binding, newKey())).optOut.phase).toBe('approved')
})

test('a repository that was made anew under its name does not inherit what was asked for', async () => {
  const { optOut: { binding } } = await approved(at, 'a')
  at.merge({ '.exeat/workspace.yaml': workspace().replace('"1001"', '"9001"'), [fileOf('a')]: optOut('a') })
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'CONTENT_CHANGED')
  const other = await requested(at, 'b')
  at.merge({ '.exeat/workspace.yaml': workspace() })
  await refused(at.useCases.approve(actor('bob'), 'b', other.optOut.binding, newKey()), 'CONTENT_CHANGED')
})

test('the smaller limit of uses holds, the document\'s or the terms\'', async () => {
  at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 14d, findings: 10, uses: 5') })
  expect((await requested(at, 'a')).optOut.uses.limit).toBe(5)
  expect((await requested(at, 'b', { limits: { findings: 1, uses: 2 } })).optOut.uses.limit).toBe(2)
  expect((await requested(at, 'c', { limits: { findings: 1, uses: 9 } })).optOut.uses.limit).toBe(5)
})

test('a broken policy grants nothing, and still lets what is active be ended', async () => {
  await activated(at, 'a')
  at.merge({ '.exeat/policies/trivy.yaml': 'no: policy\n' })
  expect((await codesOf(requested(at, 'b')))[0]).toMatch(/^DOCUMENT_/)
  expect((await at.useCases.revoke(actor('bob'), 'a', 'at once', newKey())).optOut.phase).toBe('revoked')
})
