/** A log of typed names alone, with all that an opt-out goes through: nothing was signed, and what was asked for, counted and used must still add up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeDocument, documentDigest, type Json, unlocated } from '@exeat/core'
import { type Impact, impactDigest } from '@exeat/core/impact'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { by, type Reply, site, type Site } from '../../../server/test/main/support.ts'
import { day, fileOf, hour, optOut, policy } from '../../../server/test/use/support.ts'
import { sha256 } from '../../src/log/crypto.ts'
import { evidence, exported } from './evidence-world.ts'

let at: Site
let folder = ''
let key = ''

const post = async (path: string, body: unknown, who: string): Promise<Reply> => {
  const reply = await at.ask(path, { method: 'POST', body, headers: by(who) })
  if (reply.status >= 300) throw new Error(`${path}: ${reply.text}`)
  return reply
}
const binding = async (name: string) => ((await at.ask(`/v1/opt-outs/${name}`)).json() as { binding: unknown }).binding

function digestOf(document: Json): string {
  const decoded = decodeDocument(unlocated(document, 'opt-out.json'))
  if (!decoded.ok) throw new Error(decoded.problems[0].message)
  return documentDigest(decoded.document, sha256)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-evidence-'))
  at = await site()
  at.repository.commit({ '.exeat/policies/trivy.yaml': policy('', 'duration: 14d, totalDuration: 10d, findings: 10, renewals: 1') })
  await at.start()
  key = (await at.ask('/log/vkey')).text.trim()
  const document = optOut('first', { limits: { uses: 1, findings: 3 } })
  const impact: Impact = { schemaVersion: 1, kind: 'Impact', optOut: digestOf(document as Json), fingerprints: ['a'.repeat(64), 'b'.repeat(64)] }
  const { optOut: { uid } } = (await post('/v1/opt-outs', { document, impact }, 'alice')).json() as { optOut: { uid: string } }
  await post('/v1/opt-outs/first/approvals', { signed: await binding('first') }, 'bob')
  at.repository.commit({ [fileOf('first')]: JSON.stringify(document), [`.exeat/impacts/${impactDigest(impact, sha256)}.json`]: JSON.stringify(impact) })
  await post('/v1/opt-outs/first/activation', { signed: await binding('first') }, 'dave')
  for (const subject of ['commit:1', 'commit:2']) await at.ask('/v1/uses', { method: 'POST', body: { uses: [{ uid, point: 'gate/1001/test', subject }] }, over: 'network' })
  await at.ask('/v1/bundle', { over: 'network' })
  await many()
  at.clock.now += hour
  const renewal = optOut('second', { controls: ['trivy/FIRST'], from: hour, until: day, reason: 'It takes a day more.', more: { renews: 'first' } })
  await post('/v1/opt-outs', { document: renewal }, 'alice')
  await post('/v1/opt-outs/second/withdrawal', { reason: 'it is done' }, 'alice')
}, 60_000)
/** More uses than a bundle of entries holds. */
async function many(): Promise<void> {
  const document = optOut('many')
  const { optOut: { uid } } = (await post('/v1/opt-outs', { document }, 'alice')).json() as { optOut: { uid: string } }
  await post('/v1/opt-outs/many/approvals', { signed: await binding('many') }, 'bob')
  at.repository.commit({ [fileOf('many')]: JSON.stringify(document) })
  await post('/v1/opt-outs/many/activation', { signed: await binding('many') }, 'dave')
  for (let page = 0; page < 3; page++) {
    const uses = Array.from({ length: 100 }, (_, i) => ({ uid, point: 'gate/1001/test', subject: `commit:${100 * page + i}` }))
    await at.ask('/v1/uses', { method: 'POST', body: { uses }, over: 'network' })
  }
}

afterAll(async () => {
  await at.close()
  rmSync(folder, { recursive: true, force: true })
})

const acted = () => ({ at, key, folder, entries: new Map<string, number>() }) as unknown as Parameters<typeof exported>[0]

test('all of it adds up, nothing of it was signed, and it says so', async () => {
  expect((await exported(acted(), '--bodies')).stdout).toMatch(/^3\d\d entries more/)
  await at.stop()
  const ran = await evidence({ folder, key }, '--all', '--from', 'export', '--format', 'json')
  const told = JSON.parse(ran.stdout) as { readonly exit: number; readonly faults: readonly unknown[]; readonly totals: readonly unknown[]; readonly acts: readonly { readonly type: string; readonly state: string; readonly because?: string }[] }
  expect([told.exit, told.faults]).toEqual([0, []])
  expect(told.totals).toEqual([{ strength: 'operator-asserted', verified: 0, asserted: 8, unchecked: 0, wrong: 0 }])
  expect(told.acts.map(({ type }) => type.split('.').slice(2, 4).join('.'))).toEqual(['optout.proposed', 'optout.approved', 'optout.activated', 'optout.proposed', 'optout.approved', 'optout.activated', 'optout.renewed', 'optout.withdrawn'])
  expect(new Set(told.acts.map(({ because }) => because))).toEqual(new Set(['a typed name: nothing to verify']))
  const text = await evidence({ folder, key }, '--all', '--from', 'export')
  expect(text.stdout).toMatch(/operator-asserted {2}8 asserted\n/)
})
