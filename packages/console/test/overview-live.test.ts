/** What the pages make of events, of a server that goes away, of a keyboard alone, and of ten thousand opt-outs. In a real Chromium. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn } from '@exeat/testkit/browser'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { governBusily, hour, make, signIn } from './overview-world.ts'
import { expectReadable } from './readable.ts'

describeWith('chromium', 'pages that show much, over time', (executablePath) => {
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
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })
  afterEach(async () => {
    await ann.page.unrouteAll({ behavior: 'ignoreErrors' })
    ann.complaints.length = 0
  })

  const open = async (path: string): Promise<void> => { await ann.page.goto(`${world.origin}${path}`) }

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

    test('an act reads the page anew by the server\'s own stream, long before the clock would', async () => {
      await open('/')
      await ann.page.getByText('Live, last updated').waitFor()
      make(world, 'passes', 'active', { control: 'checkov/CKV_AWS_42', until: 70 * hour })
      await expect.poll(() => rows(), { timeout: 20_000, interval: 50 }).toContain('passes')
      expect(world.exeat(['revoke', 'passes', '--reason', 'it is mended', '--actor', 'bob'])).toMatchObject({ exit: 0 })
      await expect.poll(() => rows(), { timeout: 20_000, interval: 50 }).not.toContain('passes')
      await ann.page.getByText('Live, last updated').waitFor()
    })

    test('a tab that nobody looks at holds no stream, and reads anew when somebody does', async () => {
      const { port } = events.address() as AddressInfo
      await ann.page.route('**/v1/events', (route) => route.continue({ url: `http://127.0.0.1:${port}/v1/events` }))
      await open('/')
      await ann.page.getByText('Live, last updated').waitFor()
      const [before, held] = [streams.length, streams.at(-1)]
      const look = (how: 'hidden' | 'visible'): Promise<unknown> => ann.run(`Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${how}' }); document.dispatchEvent(new Event('visibilitychange'))`)
      await look('hidden')
      await expect.poll(() => held?.destroyed).toBe(true)
      make(world, 'unseen', 'active', { control: 'checkov/CKV_AWS_41', until: 60 * hour })
      await look('visible')
      await expect.poll(() => streams.length).toBe(before + 1)
      await expect.poll(() => rows(), { timeout: 8_000 }).toContain('unseen')
      const revoked = world.exeat(['revoke', 'unseen', '--actor', 'bob', '--reason', 'fixed'])
      expect(revoked.exit, revoked.stderr).toBe(0)
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
    await page.keyboard.type('AWS_20')
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
