/** What the pages make of hostile text, of a log that is not what it was, of a server that goes away, and of ten thousand opt-outs. In a real Chromium. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { encodeBase64, formatCheckpoint, signNote } from '@exeat/log'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn } from '@exeat/testkit/browser'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { readSigner } from '../../server/src/keys/signer.ts'
import { signerOf } from '../../server/src/store/ed25519.ts'
import { governBusily, hour, make, signIn } from './overview-world.ts'
import { expectReadable } from './readable.ts'

const hostile = 'x</code><script>window.pwned=1</script><img src=x onerror="window.pwned=1"> \u202Egnp.exe\u2066 \u001B[31mred\u001B[0m \uD800 [safe](javascript:alert(1))'
const huge = `${hostile} ${'A'.repeat(1024 * 1024)}`

describeWith('chromium', 'pages that show much, under attack', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let browser: Awaited<ReturnType<typeof launch>>
  let ann: Person

  beforeAll(async () => {
    world = await peopleWorld(main)
    browser = await launch(executablePath)
    ann = await personIn(browser)
    await signIn(world, ann, 'ann')
    governBusily(world)
    make(world, 'stays', 'active', { until: 40 * hour })
    make(world, 'goes', 'active', { control: 'checkov/CKV_AWS_20', until: 30 * hour })
    make(world, 'named', 'active', { control: 'checkov/CKV_AWS_30', until: 20 * hour })
    const revoked = world.exeat(['revoke', 'named', '--actor', 'bob', '--reason', hostile.replace('\uD800', '')])
    if (revoked.exit !== 0) throw new Error(revoked.stderr)
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })
  afterEach(async () => {
    await ann.page.unrouteAll({ behavior: 'ignoreErrors' })
    ann.complaints.length = 0
  })

  const text = async (): Promise<string> => String(await ann.run('document.querySelector("main").innerText'))
  const open = async (path: string): Promise<void> => { await ann.page.goto(`${world.origin}${path}`) }

  describe('hostile text is text', () => {
    /** Every string of an answer but what the page needs to find its way. */
    async function poison(path: string, fields: readonly string[]): Promise<void> {
      const poisoned = (value: unknown, name = ''): unknown => {
        if (Array.isArray(value)) return value.map((each) => poisoned(each, name))
        if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, poisoned(each, key)]))
        return typeof value === 'string' && fields.includes(name) ? (name === 'reason' || name === 'message' ? huge : hostile) : value
      }
      await ann.page.route(path, async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, body: JSON.stringify(poisoned(await answer.json())) })
      })
    }
    async function harmless(): Promise<void> {
      expect(await ann.run('window.pwned')).toBeUndefined()
      const shown = await text()
      for (const part of ['<script>window.pwned=1</script>', 'U+202E', 'U+2066', 'U+001B']) expect(shown).toContain(part)
      // oxlint-disable-next-line no-control-regex -- that is what must not stand there
      expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u001B]/)
      expect(shown.length).toBeLessThan(100_000)
      expect(ann.complaints).toEqual([])
      await ann.page.setViewportSize({ width: 390, height: 800 })
      expect(await ann.run('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
      await ann.page.setViewportSize({ width: 1180, height: 900 })
      await expectReadable(ann)
    }

    const rowFields = ['controls', 'repositories', 'environments', 'owner', 'reason', 'category', 'missing', 'value']
    test('what is off now', async () => {
      await poison('**/v1/inventory?*', rowFields)
      await open('/')
      await ann.page.locator('.timeline li').first().waitFor()
      await harmless()
    })
    test('the list of opt-outs, whose reason has a million characters', async () => {
      await poison('**/v1/inventory?*', rowFields)
      await open('/opt-outs')
      await ann.page.locator('tbody tr').first().waitFor()
      await harmless()
    })
    test('policies', async () => {
      await poison('**/v1/policies', ['controls', 'groups', 'request', 'activate', 'tickets', 'message', 'file', 'example'])
      await open('/policies')
      await ann.page.locator('tbody tr').first().waitFor()
      await harmless()
    })
    test('what really stands in the log, as somebody wrote it', async () => {
      await open('/log')
      await ann.page.getByText('revoked it').first().waitFor()
      await harmless()
      await open('/opt-outs/named')
      await ann.page.getByRole('heading', { name: 'What happened' }).waitFor()
      await harmless()
    })
  })

  describe('attack-20: the log is held against what this browser saw before', () => {
    const kept = async (): Promise<{ key: string; note: string; size: number; at: number }> => JSON.parse(String(await ann.run('localStorage.getItem("exeat.log")'))) as { key: string; note: string; size: number; at: number }
    const keep = async (value: unknown): Promise<unknown> => ann.run(`localStorage.setItem('exeat.log', ${JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value))})`)
    /** By the log's very key, as only its operator can. */
    function signedHead(size: number): string {
      const { seed, ...key } = readSigner(join(world.data, 'keys', 'log.key'))
      const note = formatCheckpoint({ origin: key.name, size, root: new Uint8Array(32).fill(7), extensions: [] })
      if (!note.ok) throw new Error(note.problem.message)
      const signed = signNote(note.value, [{ ...key, seed }], signerOf(seed), 0)
      if (!signed.ok) throw new Error(signed.problem.message)
      return Buffer.from(signed.value).toString('utf8')
    }
    let honest: Awaited<ReturnType<typeof kept>>
    beforeAll(async () => {
      await open('/')
      await ann.page.getByText('checked in this browser').waitFor()
      honest = await kept()
    })
    afterEach(async () => { await keep(honest) })

    test.each([
      ['another history', 'LOG_REWRITTEN', (): unknown => ({ ...honest, size: 3, note: signedHead(3) })],
      ['another root for the same size', 'LOG_SPLIT_VIEW', (): unknown => ({ ...honest, note: signedHead(honest.size) })],
      ['fewer entries than before', 'LOG_TRUNCATED', (): unknown => ({ ...honest, size: 1_000_000, note: signedHead(1_000_000) })],
      ['another key', 'NOTE_', (): unknown => ({ ...honest, key: honest.key.replace(/\+[^+]+\+.*$/, `+${'0'.repeat(8)}+${encodeBase64(new Uint8Array(33))}`) })],
      ['something that was tampered with', 'SAVED_CHECKPOINT', (): unknown => 'nonsense'],
    ] as const)('%s is an alarm on every page, and what was seen is kept', async (_, code, changed) => {
      const before = changed()
      await keep(before)
      for (const path of ['/', '/people', '/log']) {
        // oxlint-disable no-await-in-loop -- page after page
        await open(path)
        await ann.page.getByRole('alert').getByRole('heading', { name: 'This log is not the one that this browser saw before' }).waitFor()
        const said = await ann.page.getByRole('alert').first().innerText()
        expect(said).toMatch(code === 'NOTE_' ? /NOTE_|KEY_|SAVED_CHECKPOINT/ : new RegExp(code))
        // oxlint-enable no-await-in-loop
      }
      await expectReadable(ann)
      expect(await ann.run('localStorage.getItem("exeat.log")')).toBe(typeof before === 'string' ? before : JSON.stringify(before))
    })

    test('beginning anew takes a deliberate act', async () => {
      await keep('nonsense')
      await open('/log')
      await ann.page.getByText('Evidence, and beginning anew').click()
      const button = ann.page.getByRole('button', { name: 'Forget what this browser saw, and begin anew' })
      expect(await button.isDisabled()).toBe(true)
      await ann.page.getByLabel('The evidence is kept elsewhere').check()
      await button.click()
      await ann.page.getByRole('heading', { name: 'Verified in this browser' }).waitFor()
      expect(await kept()).toMatchObject({ key: honest.key })
    })

    test('a tile that was changed on its way is an alarm, and no entry is shown', async () => {
      await ann.page.route('**/log/tile/0/**', async (route) => {
        const answer = await route.fetch()
        const body = await answer.body()
        body[0] = (body[0] ?? 0) ^ 1
        await route.fulfill({ response: answer, body })
      })
      await open('/log')
      await ann.page.getByRole('alert').getByText('ROOT_MISMATCH').first().waitFor()
      expect(await ann.page.locator('tbody tr').count()).toBe(0)
    })

    test('a body that is not what the entry committed to is told for what it is', async () => {
      await ann.page.route(/\/v1\/entries\/\d+$/, async (route) => {
        const answer = await route.fetch()
        const { body, ...rest } = await answer.json() as { body: { event?: string } }
        await route.fulfill({ response: answer, json: { ...rest, body: { ...body, ...(body.event === undefined ? {} : { event: body.event.replace('bob', 'eve') }) } } })
      })
      await open('/log')
      await ann.page.getByText('what the server shows of it is not what it committed to').first().waitFor()
      expect(await text()).not.toMatch(/\beve\b/)
    })

    test('a head that the log did not sign is an alarm', async () => {
      await ann.page.route('**/log/checkpoint', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, body: (await answer.text()).replace(/\n\d+\n/, '\n99\n') })
      })
      await open('/')
      await ann.page.getByRole('alert').getByText('NOTE_SIGNATURE').waitFor()
    })
  })

  describe('what is shown is kept as it is', () => {
    let events: Server
    const streams: ServerResponse[] = []
    beforeAll(async () => {
      events = createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        response.write('retry: 500\n\n')
        streams.push(response)
      }).listen(0, '127.0.0.1')
      await once(events, 'listening')
    })
    afterAll(() => {
      for (const stream of streams) stream.destroy()
      events.close()
    })
    const rows = (page = ann.page): Promise<string[]> => page.locator('.timeline li strong .foreign').allTextContents()

    test('an event of the server reads the page anew', async () => {
      const { port } = events.address() as AddressInfo
      await ann.page.route('**/v1/events', (route) => route.continue({ url: `http://127.0.0.1:${port}/v1/events` }))
      await open('/')
      await ann.page.getByText('Live, last updated').waitFor()
      expect(await rows()).toEqual(['goes', 'stays'])
      make(world, 'arrives', 'active', { control: 'checkov/CKV_AWS_40', until: 50 * hour })
      streams.at(-1)?.write('event: dev.exeat.optout.activated.v1\nid: 40\ndata: {"specversion":"1.0"}\n\n')
      await expect.poll(() => rows(), { timeout: 8_000 }).toEqual(['goes', 'stays', 'arrives'])
    })

    test('without a stream it is read every 15 seconds; while the server is away what was read stays, and says how old it is; and it recovers', async () => {
      // A page of its own, as its clock is the test's.
      const page = await ann.context.newPage()
      await page.route('**/v1/events', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{}' }))
      await page.clock.install()
      await page.goto(`${world.origin}/`)
      await page.getByText('Read every 15 seconds, last updated').waitFor()
      const revoked = world.exeat(['revoke', 'goes', '--actor', 'bob', '--reason', 'fixed'])
      expect(revoked.exit, revoked.stderr).toBe(0)
      expect(await rows(page)).toContain('goes')
      await page.clock.runFor(18_000)
      await expect.poll(() => rows(page)).toEqual(['stays', 'arrives'])
      await world.stop()
      await page.clock.runFor(18_000)
      await page.getByText(/^Offline, last updated at .* Trying again\.$/).waitFor()
      expect(await rows(page)).toEqual(['stays', 'arrives'])
      await world.start()
      await page.clock.runFor(18_000)
      await page.getByText('Read every 15 seconds, last updated').waitFor()
      await page.close()
    })
  })

  test('works with the keyboard alone', async () => {
    const { page, run } = ann
    const focused = (): Promise<string> => run('(document.activeElement.getAttribute("href") ?? document.activeElement.name ?? "") + " " + document.activeElement.textContent') as Promise<string>
    await open('/')
    await page.locator('.timeline li').first().waitFor()
    const reached: string[] = []
    for (let i = 0; i < 40 && !(reached.at(-1) ?? '').includes('stays'); i++) {
      // oxlint-disable no-await-in-loop -- key after key
      await page.keyboard.press('Tab')
      reached.push(await focused())
      // oxlint-enable no-await-in-loop
    }
    expect(reached[0]).toContain('#main')
    expect(reached.at(-1)).toContain('stays')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/opt-outs\/[0-9a-f]{64}/)
    await open('/opt-outs')
    await page.getByLabel('Control').focus()
    await page.keyboard.type('AWS_30')
    await page.getByRole('heading', { name: '1 opt-out' }).waitFor()
    await open('/log')
    await page.locator('tbody summary').first().focus()
    await page.keyboard.press('Enter')
    await page.getByText('Download it').waitFor()
  })

  test('ten thousand opt-outs are a page at a time, and none of them hangs the browser', { timeout: 60_000 }, async () => {
    const { page } = ann
    await world.stop()
    copies(join(world.data, 'log.sqlite'), 10_000)
    await world.start()
    await open('/opt-outs?order=name')
    await page.getByRole('heading', { name: /^10,00\d opt-outs, 1 to 100$/ }).waitFor()
    expect(await page.locator('tbody tr').count()).toBe(100)
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByRole('heading', { name: /, 101 to 200$/ }).waitFor()
    expect(await page.locator('tbody tr').count()).toBe(100)
    await page.getByRole('button', { name: 'Earlier page' }).click()
    await page.getByRole('heading', { name: /, 1 to 100$/ }).waitFor()
    await page.getByLabel('Control').fill('copy-7777')
    await page.getByRole('heading', { name: '1 opt-out' }).waitFor()
    await open('/')
    await page.getByText(/All 10,00\d active opt-outs/).waitFor()
    expect(await page.locator('.timeline li').count()).toBe(200)
    await expectReadable(ann)
  })
})

/** Records like one that there is, as the log would have left them. */
function copies(path: string, count: number): void {
  const database = new DatabaseSync(path)
  const found = database.prepare("SELECT value FROM record WHERE kind = 'optout' AND json_extract(CAST(value AS TEXT), '$.record.asked.name') = 'stays'").get() as { value: Uint8Array }
  const stored = JSON.parse(Buffer.from(found.value).toString('utf8')) as { record: { uid: string; asked: { name: string; scope: { controls: string[] } } } }
  const insert = database.prepare("INSERT INTO record (kind, key, version, value) VALUES ('optout', ?, 1, ?)")
  database.exec('BEGIN')
  for (let i = 0; i < count; i++) {
    const uid = i.toString(16).padStart(64, '0')
    const { record } = stored
    insert.run(uid, Buffer.from(JSON.stringify({ ...stored, record: { ...record, uid, asked: { ...record.asked, name: `copy-${i}`, scope: { ...record.asked.scope, controls: [`semgrep/copy-${i}`] } } } })))
  }
  database.exec('COMMIT')
  database.close()
}
