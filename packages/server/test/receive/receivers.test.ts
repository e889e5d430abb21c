/** Deliveries of GitHub over a real socket, to a real log: proven, taken once, entered, told of. */
import { createHmac, randomUUID } from 'node:crypto'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/index.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { receivers } from '../../src/receive/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { expectProblem } from '../main/support.ts'
import { branchProtection, dismissed, receivingSite, type ReceivingSite, reopened, secret } from './support.ts'

let at: ReceivingSite
beforeEach(async () => {
  at = await receivingSite()
  await at.start()
  // What governs stands in the log before anything else does.
  await at.ask('/v1/synchronise', { method: 'POST', body: {} })
})
afterEach(async () => at.close())

const size = async (): Promise<number> => (await at.ask('/v1/status')).json()['size'] as number

describe('a dismissal that nobody declared', () => {
  test('is entered, listed without what people wrote, and resolved once GitHub says that it is gone', async () => {
    const answer = await at.taken(dismissed({ at: at.clock.now }))
    expect(answer).toEqual({ receiver: 'hub', outcome: 'taken', items: [{ what: 'code-scanning.dismissed', state: 'detected', index: expect.any(Number) as number }] })
    const [item] = await at.shadows()
    expect(item).toMatchObject({
      state: 'open', source: 'github', what: 'code-scanning.dismissed', control: 'trivy/CVE-2021-44228', repository: { id: '1001', name: 'acme/payments' }, path: 'pom.xml', actor: 'mona (7)', reason: 'false positive', index: answer.items[0]?.index,
    })
    expect(JSON.stringify(item)).not.toContain('secret words')
    const entry = (await at.ask(`/v1/entries/${answer.items[0]?.index}`)).json()
    expect(JSON.stringify(entry)).toContain('dev.exeat.shadow.detected.v1')
    at.clock.now += 60_000
    expect((await at.taken(reopened({ at: at.clock.now }))).items).toMatchObject([{ state: 'resolved' }])
    expect(await at.shadows('?state=open')).toEqual([])
    expect(await at.shadows('?state=resolved')).toMatchObject([{ index: answer.items[0]?.index, resolved: { index: (answer.items[0]?.index ?? 0) + 1 } }])
  })

  test('is entered once, however often it is delivered and under whatever id', async () => {
    const id = randomUUID()
    const payload = dismissed({ at: at.clock.now })
    await at.taken(payload, { id })
    const before = await size()
    expect(await at.taken(payload, { id })).toEqual({ receiver: 'hub', outcome: 'repeated', items: [] })
    expect((await at.taken(payload)).items).toEqual([{ what: 'code-scanning.dismissed', state: 'known' }])
    await Promise.all(Array.from({ length: 20 }, () => at.taken(payload)))
    expect(await size()).toBe(before)
    expectProblem(await at.deliver(dismissed({ at: at.clock.now, number: 2 }), { id }), 409, 'RECEIVED_REPLAYED')
  })

  test('is told of anew where it is dismissed again, and an old report changes nothing', async () => {
    const first = at.clock.now
    await at.taken(dismissed({ at: first }))
    const back = reopened({ at: first + 60_000 })
    at.clock.now += 120_000
    await at.taken(back)
    await at.taken(dismissed({ at: first + 120_000 }))
    expect(await at.shadows('?state=open')).toHaveLength(1)
    // Somebody who saw it sends the old report again, to have it called gone.
    expect((await at.taken(back)).items).toEqual([{ what: 'code-scanning.reopened_by_user', state: 'stale' }])
    expect((await at.taken(dismissed({ at: first }))).items).toEqual([{ what: 'code-scanning.dismissed', state: 'stale' }])
    expect(await at.shadows('?state=open')).toHaveLength(1)
  })

  test('of a repository that is none of the workspace is nobody\'s concern here', async () => {
    const before = await size()
    expect((await at.taken(dismissed({ at: at.clock.now, repository: 9999 }))).items).toEqual([{ what: 'code-scanning.dismissed', state: 'elsewhere' }])
    expect(await size()).toBe(before)
  })

  test('with a date from a clock that runs ahead is dated as it comes in', async () => {
    await at.taken(dismissed({ at: at.clock.now + 86_400_000 }))
    expect(await at.shadows()).toMatchObject([{ at: new Date(at.clock.now).toISOString() }])
    at.clock.now += 60_000
    expect((await at.taken(reopened({ at: at.clock.now }))).items).toMatchObject([{ state: 'resolved' }])
  })
})

describe('what GitHub does not date', () => {
  test('an end that was seen is not taken a second time, and what begins again always is', async () => {
    const off = branchProtection('disabled')
    const on = branchProtection('enabled')
    const event = 'branch_protection_configuration'
    expect((await at.taken(off, { event })).items).toMatchObject([{ state: 'detected' }])
    expect((await at.taken(on, { event })).items).toMatchObject([{ state: 'resolved' }])
    expect((await at.taken(off, { event })).items).toMatchObject([{ state: 'detected' }])
    expect(await at.taken(on, { event })).toMatchObject({ outcome: 'ignored', items: [] })
    expect(await at.shadows('?state=open')).toHaveLength(1)
    // After a month nobody remembers it any more, and a new one has been signed.
    at.clock.now += 31 * 86_400_000
    expect((await at.taken(on, { event })).items).toMatchObject([{ state: 'resolved' }])
  })
})

describe('what is not proven', () => {
  const payload = (): Record<string, unknown> => dismissed({ at: at.clock.now })

  test.each([
    ['no signature', null], ['another secret\'s', `sha256=${'0'.repeat(64)}`], ['SHA-1', `sha1=${'0'.repeat(40)}`], ['no prefix', '0'.repeat(64)], ['one that is too short', `sha256=${'0'.repeat(62)}`], ['an empty one', 'sha256='], ['upper case', `sha256=${'A'.repeat(64)}`],
  ])('attack: %s', async (_, signature) => {
    const before = await size()
    expectProblem(await at.deliver(payload(), { signature }), 401, 'RECEIVED_UNPROVEN')
    expect(await size()).toBe(before)
  })
  test('attack: the right signature over another body, a body that was cut, or bytes that only mean the same', async () => {
    const signature = signatureOf(JSON.stringify(payload()))
    for (const body of [JSON.stringify(dismissed({ at: at.clock.now, number: 2 })), JSON.stringify(payload()).slice(0, -1), JSON.stringify(payload(), null, 1)]) {
      // oxlint-disable-next-line no-await-in-loop
      expectProblem(await at.deliver(body, { signature }), 401, 'RECEIVED_UNPROVEN')
    }
    expect((await at.deliver(JSON.stringify(payload()), { signature })).status).toBe(200)
  })
  test('is not even read: what is no JSON is refused for its signature alone, and once signed for its form', async () => {
    expectProblem(await at.deliver('{"action":', { signature: null }), 401, 'RECEIVED_UNPROVEN')
    for (const body of ['{"action":', '', '[', '{"a":1,"a":2}', '\u{feff}{}', '{"x":"\\ud800"}', `${'['.repeat(100)}${']'.repeat(100)}`]) {
      // oxlint-disable-next-line no-await-in-loop
      expectProblem(await at.deliver(body), 400, 'REQUEST_INVALID')
    }
  })
  test('a secret that is being replaced goes on beside the new one, and no longer', async () => {
    at.secrets('the-new-secret-of-it', secret)
    for (const own of [secret, 'the-new-secret-of-it']) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await at.deliver(payload(), { secret: own })).status).toBe(200)
    }
    at.secrets('the-new-secret-of-it')
    expectProblem(await at.deliver(payload()), 401, 'RECEIVED_UNPROVEN')
  })
  test('without a secret, or with one that others can read, nothing is taken', async () => {
    const file = join(at.data, 'keys', 'receiver-hub.secret')
    chmodSync(file, 0o644)
    expectProblem(await at.deliver(payload()), 503, 'KEY_OPEN')
    chmodSync(file, 0o600)
    for (const text of ['', '\n\n', 'short\n', `${'a'.repeat(20)}\n`.repeat(5), `a secret with spaces in it\n`]) {
      writeFileSync(file, text)
      // oxlint-disable-next-line no-await-in-loop
      expectProblem(await at.deliver(payload(), { secret: text.split('\n')[0] ?? '' }), 503, 'KEY_UNREADABLE')
    }
    rmSync(file)
    expectProblem(await at.deliver(payload()), 503, 'KEY_UNREADABLE')
  })
})

const signatureOf = (body: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

describe('the bounds', () => {
  test('no receiver of the name, or none at all, is nothing at this path', async () => {
    expectProblem(await at.deliver({}, { to: 'lab' }), 404, 'RESOURCE_UNKNOWN')
    await at.stop()
    at.configure((config) => ({ ...config, receivers: [] }))
    await at.start()
    expectProblem(await at.deliver({}), 404, 'RESOURCE_UNKNOWN')
  })
  test('another content type, an encoding, or no id', async () => {
    for (const headers of [{ 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': 'text/plain' }, { 'content-encoding': 'gzip' }]) {
      // oxlint-disable-next-line no-await-in-loop
      expectProblem(await at.deliver({}, { headers }), 415, 'REQUEST_MEDIA_TYPE')
    }
    expectProblem(await at.deliver({}, { id: 'x' }), 400, 'REQUEST_INVALID')
  })
  test('ten megabytes are refused before they are proven', async () => {
    expectProblem(await at.deliver(JSON.stringify({ x: 'a'.repeat(10 * 1024 * 1024) })), 413, 'REQUEST_TOO_LARGE')
  })
  test('large ones are few at once, as long as they are being sent', async () => {
    const { host, port } = at.server?.address ?? { host: '', port: 0 }
    const begun: ClientRequest[] = []
    const begin = (): Promise<number | undefined> => new Promise((resolve) => {
      const sent = request({ host, port, path: '/v1/receivers/hub', method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': String(1024 * 1024) } }, (reply) => {
        reply.resume()
        resolve(reply.statusCode)
      })
      sent.on('error', () => { resolve(undefined) })
      sent.write('{')
      begun.push(sent)
    })
    // The ninth is refused at once, whichever of them that is.
    expect(await Promise.race(Array.from({ length: 9 }, begin))).toBe(503)
    for (const sent of begun) sent.destroy()
    const large = JSON.stringify({ zen: 'a'.repeat(1024 * 1024) })
    await expect.poll(async () => (await at.deliver(large, { event: 'ping' })).status, { timeout: 10_000 }).toBe(200)
  })
  test('more than its rate, whether proven or not', async () => {
    await at.stop()
    at.configure((config) => ({ ...config, receivers: [{ name: 'hub', kind: 'github', rate: { perSecond: 0.001, burst: 2 } }] }))
    await at.start()
    await at.deliver({}, { signature: null })
    await at.deliver({}, { event: 'ping' })
    const reply = await at.deliver({}, { event: 'ping' })
    expectProblem(reply, 429, 'REQUEST_RATE')
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  })
  test('what has no event, no action or no number is told to the operator, and never taken for harmless', async () => {
    for (const [event, payload] of [['', {}], ['code_scanning_alert', {}], ['code_scanning_alert', { action: 'closed_by_user', alert: { number: '1' }, repository: { id: 1001 } }], ['branch_protection_configuration', { action: 'disabled' }]] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expectProblem(await at.deliver(payload, { event }), 422, 'RECEIVED_UNREADABLE')
    }
    expect(at.told).toHaveLength(4)
    expect(await at.taken({ zen: 'Keep it logically awesome.' }, { event: 'ping' })).toMatchObject({ outcome: 'ignored' })
  })
  test('hostile text goes into no entry as it is', async () => {
    const evil = '\u001b[2J\u202e<img src=x onerror=alert(1)>\n::error::x\u2028`'
    const payload = dismissed({ at: at.clock.now, rule: evil, path: evil, tool: evil, reason: evil }) as { repository: object; alert: { dismissed_by: object } }
    Object.assign(payload.repository, { full_name: evil.repeat(100) })
    Object.assign(payload.alert.dismissed_by, { login: evil.repeat(100) })
    await at.taken(payload)
    const [item] = await at.shadows()
    expect(item).toMatchObject({ state: 'open' })
    expect([item?.control, item?.path]).toEqual([undefined, undefined])
    expect(JSON.stringify(item)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u)
  })
  test('a stranger reads nothing of it', async () => {
    expect((await at.ask('/v1/shadow', { over: 'network', token: null })).status).toBe(401)
    expect((await at.ask('/v1/shadow', { over: 'network' })).status).toBe(403)
    expectProblem(await at.ask('/v1/shadow?after=x'), 422, 'INPUT_INVALID')
  })
})

test('what could not be entered is not remembered, and the same delivery is taken again', async () => {
  const folder = temporaryFolder()
  const rows = must(openSqliteIdentity(join(folder, 'rows.sqlite')))
  let isDown = true
  const observed: unknown[] = []
  const made = receivers({
    receivers: [{ name: 'hub', kind: 'github' }], secretFile: () => join(at.data, 'keys', 'receiver-hub.secret'), rows, now: () => at.clock.now, report: () => {},
    useCases: {
      observe: async (_, observations) => {
        if (isDown) throw new Error('the disk is full')
        observed.push(...observations)
        return observations.map(({ what }) => ({ what, state: 'detected' as const }))
      },
    },
  })
  const body = new Uint8Array(Buffer.from(JSON.stringify(branchProtection('enabled'))))
  const headers: Readonly<Record<string, string>> = { 'x-github-event': 'branch_protection_configuration', 'x-github-delivery': randomUUID(), 'x-hub-signature-256': signatureOf(Buffer.from(body).toString('utf8')) }
  const take = () => made.take({ name: 'hub', kind: 'github' }, (name) => headers[name], body)
  await expect(take()).rejects.toThrow('the disk is full')
  isDown = false
  expect((await take()).outcome).toBe('taken')
  expect((await take()).outcome).toBe('repeated')
  expect(observed).toHaveLength(1)
  await rows.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a thousand deliveries at once are all entered, survive a restart, and are listed page by page', { timeout: 240_000 }, async () => {
  const before = await size()
  const numbers = Array.from({ length: 1_000 }, (_, number) => number + 1)
  const replies = await Promise.all(numbers.map((number) => at.deliver(dismissed({ at: at.clock.now, number }))))
  expect(replies.filter(({ status }) => status !== 200)).toEqual([])
  await at.stop()
  await at.start()
  expect(await size()).toBe(before + 1_000)
  const seen: number[] = []
  for (let after = ''; ;) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const page = (await at.ask(`/v1/shadow?limit=200${after}`)).json() as { items: { index: number }[]; next?: string }
    seen.push(...page.items.map(({ index }) => index))
    if (page.next === undefined) break
    after = `&after=${page.next}`
  }
  expect(new Set(seen).size).toBe(1_000)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
})
