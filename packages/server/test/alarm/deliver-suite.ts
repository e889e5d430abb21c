/** Alarms of emergencies, from the transaction that enters one to whoever is told, on a real store. */
import { describe, expect, test } from 'vitest'
import { faultyTables, type Step } from '../../../testkit/src/log-store-faults.ts'
import { verifySignature } from '../../src/store/ed25519.ts'
import { fromBytes, recordKinds, type StoredAlarm } from '../../src/use/index.ts'
import { backoff } from '../../src/events/outbox/backoff.ts'
import { times } from '../../src/alarm/deliver.ts'
import { agree, codesOf, day, eventsOf, hour, newKey } from '../use/support.ts'
import { tappedPolicy } from '../identity/people.ts'
import { type AlarmKind, declared, eventOf, fire, minute, type Sent, webhookKey, worlds } from './world.ts'

const hosts = (sent: readonly Sent[]): readonly string[] => sent.map(({ url }) => new URL(url).hostname).sort()
const [pager, chat] = ['pager.acme.example', 'chat.acme.example']

export function deliverSuite(kind: AlarmKind): void {
  const world = worlds(kind)

  describe(`${kind.name}: attack-27: the alarm of an emergency`, () => {
    test('is written with its entry, goes to whom the terms name, and is signed by the webhook key', async () => {
      const at = await world()
      const { index, optOut: { uid } } = await declared(at, 'fire')
      const [message, ...more] = await at.deliver()
      expect(more).toEqual([])
      expect(message?.url).toBe('https://pager.acme.example/hook')
      const { headers, body } = message as Sent
      expect(headers['webhook-timestamp']).toBe(String(Math.floor(at.clock.now / 1000)))
      const [version, signature = ''] = (headers['webhook-signature'] ?? '').split(',')
      expect(version).toBe('v1a')
      const over = new Uint8Array(Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]))
      expect(verifySignature(webhookKey, over, new Uint8Array(Buffer.from(signature, 'base64')))).toBe(true)
      expect(verifySignature(webhookKey, new Uint8Array([...over.slice(0, -1), 0]), new Uint8Array(Buffer.from(signature, 'base64')))).toBe(false)
      const entered = (await eventsOf(at.log)).at(-1)
      expect(eventOf(message as Sent)).toMatchObject({
        id: entered?.id, source: entered?.source, type: 'dev.exeat.emergency.activated.v1', subject: uid,
        data: { entry: index, repeat: 0, team: 'sre', strength: 'user-signed', acknowledge: 'exeat emergency ack fire', asked: { name: 'fire', reason: 'The site is down.' } },
      })
      expect(Object.keys(eventOf(message as Sent).data)).not.toEqual(expect.arrayContaining(['evidence']))
      expect(Buffer.from(body).toString('utf8')).not.toMatch(/envelope|evidence|clientData|signature|drill/)
      expect(await at.deliver()).toEqual([])
      await agree(at.log)
    })

    test('is due whether or not anybody delivers: another process, later, sends it under the same id', async () => {
      const at = await world()
      await declared(at, 'fire')
      const first = at.newDeliverer({ post: async (url, posted) => { at.sent.push({ url, ...posted }); throw new Error('the process died') } })
      await first.round()
      await first.settled()
      at.clock.now += backoff.first
      const [again] = await at.deliver()
      expect(again?.headers['webhook-id']).toBe(at.sent[0]?.headers['webhook-id'])
      expect(again?.body).toEqual(at.sent[0]?.body)
      expect((await at.useCases.optOut('fire')).alarm?.deliveries).toEqual([{ sink: 'pager', state: 'delivered', attempts: 2, at: new Date(at.clock.now).toISOString() }])
    })

    test('whoever claimed it and died holds it for a minute, and no longer', async () => {
      const at = await world()
      await declared(at, 'fire')
      const dead = at.newDeliverer({ post: () => new Promise(() => {}) })
      await dead.round()
      await expect.poll(async () => (await at.useCases.optOut('fire')).alarm?.deliveries[0]?.attempts).toBe(1)
      expect(await at.deliver()).toEqual([])
      at.clock.now += times.claim
      expect(hosts(await at.deliver())).toEqual([pager])
    })

    test('a sink that never answers delays neither the act, nor another sink, nor the next emergency', async () => {
      const at = await world({ '.exeat/policies/chat.yaml': permit('chat', 'kics', '[chat]'), '.exeat/policies/both.yaml': permit('both', 'checkov', '[pager, chat]') })
      at.answers.set(pager, new Promise(() => {}))
      const own = at.newDeliverer()
      await declared(at, 'both', { control: 'checkov/A' })
      await own.round()
      await expect.poll(() => hosts(at.sent)).toEqual([chat, pager])
      await declared(at, 'next', { control: 'kics/B' }, 'dora')
      await own.round()
      await expect.poll(() => hosts(at.sent)).toEqual([chat, chat, pager])
    })

    test('is tried again and again, ever less often, for three days, and then lies dead where everybody sees it', async () => {
      const at = await world()
      at.answers.set(pager, 503)
      const { optOut: { requester } } = await declared(at, 'fire')
      expect(requester.sub).toBe('ann')
      const began = at.clock.now
      const waits: number[] = []
      let last = began
      while ((await at.useCases.optOut('fire')).alarm?.deliveries.find(({ sink }) => sink === 'pager')?.state !== 'dead' && at.clock.now - began < 4 * day) {
        const sent = (await at.deliver()).filter(({ body, url }) => eventOf({ url, body, headers: {} }).data['repeat'] === 0)
        if (sent.length > 0) {
          waits.push(at.clock.now - last)
          last = at.clock.now
        }
        at.clock.now += at.clock.now - began < hour ? 5_000 : 10 * minute
      }
      expect(at.clock.now - began).toBeLessThan(3 * day + hour)
      expect(at.clock.now - began).toBeGreaterThan(3 * day - 2 * hour)
      expect(waits.slice(0, 6)).toEqual([0, 5_000, 10_000, 20_000, 40_000, 80_000])
      expect(Math.max(...waits)).toBeLessThanOrEqual(hour + 10 * minute)
      expect(new Set(at.sent.filter(({ url, body }) => eventOf({ url, body, headers: {} }).data['repeat'] === 0).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
      expect((await at.useCases.optOut('fire')).alarm?.deliveries.find(({ sink }) => sink === 'pager')).toMatchObject({ state: 'dead', message: 'it answered 503' })
      expect(at.told.some((text) => /three days/.test(text))).toBe(true)
      at.answers.delete(pager)
      at.clock.now += day
      expect(await at.deliver()).toEqual([])
    })

    test('nobody is called for what is long over where the rows about it were lost', async () => {
      const at = await world()
      await declared(at, 'fire')
      at.clock.now += 4 * day
      expect(await at.deliver()).toEqual([])
    })

    test('is repeated to everybody of the workspace every 15 minutes, as a message of its own, until the emergency is over', async () => {
      const at = await world()
      await declared(at, 'fire', { hours: 1 })
      const [first] = await at.deliver()
      at.clock.now += 15 * minute - 1
      expect(await at.deliver()).toEqual([])
      at.clock.now += 1
      const second = await at.deliver()
      expect(hosts(second)).toEqual([chat, pager])
      expect(new Set([first, ...second].map((each) => each?.headers['webhook-id'])).size).toBe(3)
      expect(second.map((each) => [eventOf(each).data['repeat'], eventOf(each).id === eventOf(first as Sent).id])).toEqual([[1, false], [1, false]])
      at.clock.now += 30 * minute
      expect((await at.deliver()).map((each) => eventOf(each).data['repeat'])).toEqual([3, 3])
      at.clock.now += 15 * minute
      expect(await at.deliver()).toEqual([])
    })

    test('is repeated although its review is overdue, and not once it is reviewed or ended', async () => {
      const at = await world({ '.exeat/policies/trivy.yaml': tappedPolicy().replace('reviewWithin: 72h', 'reviewWithin: 10m').replace('revoke: { groups: [security] }', 'revoke: { groups: [security, sre] }') })
      await declared(at, 'fire')
      await declared(at, 'other')
      at.clock.now += 15 * minute
      await at.deliver()
      at.clock.now += 15 * minute
      expect((await at.useCases.optOut('fire')).review).toBe('overdue')
      expect(await at.deliver()).toHaveLength(4)
      const review = { verdict: 'justified', reason: 'the site was down' } as const
      await at.useCases.review(await at.tapping('ben', { purpose: 'review', id: 'fire', review }), 'fire', review, newKey())
      await at.useCases.revoke(at.person('ann'), 'other', 'it is over', newKey())
      at.clock.now += 15 * minute
      expect(await at.deliver()).toEqual([])
    })

    test('a reason full of line feeds, headers and escapes stays within the body', async () => {
      const at = await world()
      const reason = 'down\r\nwebhook-id: msg_forged\r\n\r\n\u001b[2J<script>"\u0000\u2028'
      expect(await codesOf(declared(at, 'odd', { reason }))).not.toEqual([])
      await declared(at, 'fire', { reason: 'down "\nwebhook-id: msg_forged <!channel> \\u001b[2J' })
      const [message] = await at.deliver()
      expect(Object.values((message as Sent).headers).join('')).not.toMatch(/[^ -~]|forged/)
      expect(eventOf(message as Sent).data).toMatchObject({ asked: { reason: 'down "\nwebhook-id: msg_forged <!channel> \\u001b[2J' } })
    })

    test('goes to whom the protected ref named when it was declared, though they are taken out since; and to those who were added', async () => {
      const at = await world()
      await declared(at, 'fire')
      const workspace = String(at.repository.git('show', 'HEAD:.exeat/workspace.yaml'))
      at.merge({ '.exeat/workspace.yaml': workspace.replace('name: chat, url: "https://chat.acme.example/hook"', 'name: siren, url: "https://siren.acme.example/"') })
      await at.useCases.synchronise()
      expect(hosts(await at.deliver())).toEqual([pager])
      at.clock.now += 15 * minute
      expect(hosts(await at.deliver())).toEqual([chat, pager, 'siren.acme.example'])
    })

    test.each<Step>(['put', 'insertEntries', 'commit'])('where the database fails at `%s`, there is neither an emergency nor an alarm, or both', async (step) => {
      const at = await world()
      const asked = { document: fire(at, 'fire'), team: 'sre' }
      const key = newKey()
      for (const when of ['before', 'after'] as const) {
        const asking = await at.tapping('ann', { purpose: 'emergency', asked })
        let arm: (fault: { readonly step: Step; readonly when: 'before' | 'after'; readonly error: Error }) => void = () => {}
        await at.restart((tables) => {
          const faulty = faultyTables(tables)
          arm = faulty.arm
          return faulty.tables
        })
        arm({ step, when, error: kind.error('io') })
        await at.useCases.emergency(asking, asked, key).catch(() => {})
        await at.restart()
        const entered = (await eventsOf(at.log)).filter(({ type }) => type === 'dev.exeat.emergency.activated.v1').length
        const alarms = await at.log.records(recordKinds.alarm, { limit: 10 })
        expect(alarms.length).toBe(entered)
        for (const { value } of alarms) expect(fromBytes<StoredAlarm>(value).first).toEqual([{ name: 'pager', url: 'https://pager.acme.example/hook' }])
      }
    })
  })
}

const permit = (name: string, tool: string, alerts: string): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: ${name} }
spec:
  controls: ["${tool}/*"]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering, sre] }
  mfa: { evidence: user-signed }
  limits: { duration: 14d, findings: 10 }
  requires: { impact: false }
  emergency: { groups: [sre], duration: 4h, mfa: { evidence: user-signed }, reviewers: [security], reviewWithin: 72h }
  alerts: ${alerts}
`
