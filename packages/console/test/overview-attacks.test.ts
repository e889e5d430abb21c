/** What the pages make of hostile text, and of a log that is not what it was. In a real Chromium. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { encodeBase64, formatCheckpoint, signNote } from '@exeat/log'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn, pictures } from '@exeat/testkit/browser'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { readSigner } from '../../server/src/keys/signer.ts'
import { signerOf } from '../../server/src/store/ed25519.ts'
import { governBusily, hour, make, signIn } from './overview-world.ts'
import { expectReadable } from './readable.ts'

const gallery = process.env['EXEAT_SCREENSHOTS']
const hostile = 'x</code><script>window.pwned=1</script><img src=x onerror="window.pwned=1"> \u202Egnp.exe\u2066 \u001B[31mred\u001B[0m \uD800 [safe](javascript:alert(1))'
const huge = `${hostile} ${'A'.repeat(1024 * 1024)}`

describeWith('chromium', 'pages that show much, under attack', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let browser: Awaited<ReturnType<typeof launch>>
  let ann: Person

  beforeAll(async () => {
    if (gallery !== undefined) mkdirSync(gallery, { recursive: true })
    world = await peopleWorld(main)
    browser = await launch(executablePath)
    ann = await personIn(browser)
    await signIn(world, ann, 'ann')
    governBusily(world)
    make(world, 'stays', 'active', { until: 40 * hour })
    make(world, 'goes', 'active', { control: 'checkov/CKV_AWS_20', until: 30 * hour })
    make(world, 'named', 'active', { control: 'checkov/CKV_AWS_30', until: 20 * hour })
    make(world, 'waits', 'proposed', { control: 'checkov/CKV_AWS_31' })
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
      if (gallery !== undefined) expect(await pictures(ann, gallery, `hostile-${new URL(ann.page.url()).pathname.slice(1, 10).replaceAll('/', '-')}`)).toEqual([])
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
      if (gallery !== undefined) expect(await pictures(ann, gallery, `log-${code.toLowerCase()}`)).toEqual([])
      expect(await ann.run('localStorage.getItem("exeat.log")')).toBe(typeof before === 'string' ? before : JSON.stringify(before))
    })

    test('nothing is signed while the alarm stands', async () => {
      await open('/opt-outs/waits')
      const button = ann.page.getByRole('button', { name: 'Approve…' })
      await button.waitFor()
      await ann.page.getByText('checked in this browser').waitFor()
      expect(await button.isEnabled()).toBe(true)
      await keep('nonsense')
      await ann.page.reload()
      await ann.page.getByText('Nothing is signed here while the log').waitFor()
      expect(await button.isDisabled()).toBe(true)
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
})
