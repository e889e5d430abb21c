/** What is off now, and the list of all opt-outs, with a real Chromium and a real server. */
import { mkdirSync } from 'node:fs'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn, pictures } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { declare, governBusily, hour, make, signIn, signInTerminal } from './overview-world.ts'
import { expectReadable } from './readable.ts'

const gallery = process.env['EXEAT_SCREENSHOTS']

describeWith('chromium', 'much at once, in Chromium', (executablePath) => {
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
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })

  async function sound(person: Person, name: string): Promise<void> {
    const { page, complaints } = person
    await page.locator('main h1').waitFor()
    await page.locator('[role=status]', { hasText: 'Loading' }).first().waitFor({ state: 'detached' })
    await page.getByText('checked in this browser').waitFor()
    expect(complaints).toEqual([])
    await expectReadable(person)
    if (gallery !== undefined) expect(await pictures(person, gallery, name)).toEqual([])
  }

  test('where nothing is off, the page teaches the first request, in commands that there are', async () => {
    await ann.page.goto(`${world.origin}/`)
    await ann.page.getByText('No control is opted out of.').waitFor()
    await sound(ann, 'now-empty')
    const commands = await ann.page.locator('.teach code').allTextContents()
    const typed = commands.filter((text) => text.startsWith('exeat '))
    expect(typed.length).toBeGreaterThanOrEqual(5)
    for (const command of typed) {
      const [, name = ''] = command.split(' ')
      const { exit, stdout } = world.exeat([name, '--help'])
      expect([exit, command], stdout).toEqual([0, command])
      for (const option of command.match(/--[a-z-]+/g) ?? []) expect(stdout, command).toContain(option)
    }
  })

  test('what is off is told by when it ends, with what deserves a look, by environment, control and owner', async () => {
    governBusily(world)
    make(world, 'eval-in-report', 'active', { until: 30 * hour })
    make(world, 'public-bucket', 'active', { control: 'checkov/CKV_AWS_20', owner: 'platform@acme.example', until: 5 * hour, limits: '{ findings: 1, uses: 20 }' })
    make(world, 'image-of-ledger', 'active', { control: 'grype/CVE-2023-4863', until: 9 * 24 * hour, environment: 'staging, development' })
    make(world, 'asks-still', 'proposed', { control: 'checkov/CKV_AWS_21' })
    make(world, 'agreed-upon', 'approved', { control: 'checkov/CKV_AWS_22' })
    make(world, 'over-already', 'revoked', { control: 'checkov/CKV_AWS_23' })
    await signInTerminal(world, ann)
    await declare(world, ann, 'fire')
    await ann.page.goto(`${world.origin}/`)
    const rows = ann.page.locator('.timeline li')
    await rows.first().waitFor()
    expect(await rows.locator('strong .foreign').allTextContents()).toEqual(['fire', 'public-bucket', 'eval-in-report', 'image-of-ledger'])
    expect(await rows.first().textContent()).toMatch(/alarm not heardreview dueemergencyends soon.*alice@acme.example, team engineering.*ends in 1 hour/)
    expect(await ann.page.locator('.figures').innerText()).toMatch(/4\s+opt-outs active[^]*1\s+emergency[^]*2\s+end within a day[^]*2\s+wait for people[^]*1\s+review open/)
    expect(await ann.page.locator('.groups').innerText()).toMatch(/staging\s+3[^]*platform@acme.example\s+1/)
    await ann.page.getByText('needs 1 of security').waitFor()
    await ann.page.getByText(/^revoked, ended/).waitFor()
    await sound(ann, 'now')
  })

  test('the list is filtered, ordered, and kept in the address', async () => {
    const { page } = ann
    await page.getByRole('link', { name: 'Opt-outs', exact: true }).click()
    await page.getByRole('heading', { name: '7 opt-outs' }).waitFor()
    await sound(ann, 'opt-outs')
    await page.getByLabel('State').selectOption('active')
    await page.getByLabel('Control').fill('ckv_aws')
    await page.getByRole('heading', { name: '1 opt-out' }).waitFor()
    expect(page.url()).toContain('?phases=active&control=ckv_aws')
    await page.reload()
    await page.getByRole('heading', { name: '1 opt-out' }).waitFor()
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['public-bucket'])
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.getByLabel('Order').selectOption('name')
    await expect.poll(() => page.locator('tbody th a').allTextContents()).toEqual(['agreed-upon', 'asks-still', 'eval-in-report', 'fire', 'image-of-ledger', 'over-already', 'public-bucket'])
    await page.getByLabel('Environment').fill('production')
    await page.getByRole('heading', { name: 'No opt-out fits' }).waitFor()
    await sound(ann, 'opt-outs-none')
  })

  test('the policies are a matrix of controls and environments, with what is forbidden and what is not permitted', async () => {
    const { page } = ann
    await page.getByRole('link', { name: 'Policies', exact: true }).click()
    await page.getByRole('heading', { name: 'Policies' }).waitFor()
    const cell = (row: string, environment: string) => page.locator('tbody tr', { hasText: row }).locator(`td[data-term="${environment}"]`)
    await cell('staging-images', 'staging').getByText('Permitted').waitFor()
    expect(await cell('staging-images', 'production').innerText()).toBe('Not permitted')
    expect(await cell('secrets-never', 'development').innerText()).toMatch(/Forbidden by secrets-never/)
    expect((await cell('trivy/*', 'development').innerText()).replaceAll(/\s+/g, ' ')).toMatch(/ask engineering approve 1 of security activate engineering with user-signed, at most 5 minutes old for 14 days at most emergency engineering, 4 hours, user-signed; judged by security within 3 days/)
    await sound(ann, 'policies')
    await cell('trivy/*', 'development').getByText('All terms').click()
    await cell('trivy/*', 'development').getByText('environments, repositories').waitFor()
    await page.getByLabel('Control or policy').fill('gitleaks')
    await page.getByText('1 of ').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(1)
  })

  test('the log is shown newest first, each entry proved in this browser', async () => {
    const { page } = ann
    await page.getByRole('link', { name: 'Log', exact: true }).click()
    await page.getByRole('heading', { name: 'Verified in this browser' }).waitFor()
    expect(await page.locator('.findings').innerText()).toMatch(/Extended\. It is the log of \d+ entries[^]*No witnesses/)
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/declared the emergency for engineering fire user-signed/)
    await sound(ann, 'log')
    await page.locator('tbody tr').first().locator('summary').click()
    await page.getByText('Download it').waitFor()
    const [leaf, ...rest] = await page.locator('tbody tr').first().locator('.digests code').allTextContents()
    expect([leaf, ...rest].every((hash) => /^[0-9a-f]{64}$/.test(hash ?? ''))).toBe(true)
    expect(rest.at(-1)).toBe((JSON.parse(world.exeat(['status', '--format', 'json']).stdout) as { root: string }).root)
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByText('founders delegated to the keys', { exact: false }).waitFor()
    expect(page.url()).toMatch(/#\d+$/)
    await page.getByText('The head, the key, and how to check it').click()
    const command = await page.locator('.checked .command').textContent()
    const { exit, stdout, stderr } = world.exeat((command ?? '').replace('exeat ', '').replaceAll("'", '').split(' '))
    expect([exit, stderr], stdout).toEqual([0, ''])
  })

  test('one that is over and was never used is not told to end early', async () => {
    const { page } = ann
    await page.goto(`${world.origin}/`)
    await page.getByRole('link', { name: 'Opt-outs', exact: true }).click()
    await page.getByRole('link', { name: 'over-already' }).click()
    await page.getByText('It excused nothing.', { exact: true }).waitFor()
    expect(await page.getByText('exeat revoke').count()).toBe(0)
  })

  test('one opt-out is told with its uses over time, its terms, and each entry proved with its receipt', async () => {
    const { page } = ann
    const uid = (JSON.parse(world.exeat(['status', 'public-bucket', '--format', 'json']).stdout) as { optOut: { uid: string } }).optOut.uid
    const uses = Array.from({ length: 7 }, (_, i) => ({ uid, point: 'gate/1001/staging', subject: `commit:${i}` }))
    const claimed = await fetch(`${world.url}/v1/uses`, { method: 'POST', headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' }, body: JSON.stringify({ uses }) })
    expect(claimed.status).toBe(200)
    await page.goto(`${world.origin}/opt-outs/public-bucket`)
    await page.getByText('7 uses').waitFor()
    await page.getByText('of 20 that are allowed').waitFor()
    await page.getByRole('heading', { name: 'What happened' }).waitFor()
    expect(await page.locator('.history li').allInnerTexts()).toEqual([expect.stringMatching(/alice[^]*asked for public-bucket[^]*operator-asserted[^]*entry \d+/), expect.stringMatching(/bob[^]*approved it for security/), expect.stringMatching(/alice[^]*activated it/)])
    expect(await page.getByRole('heading', { name: 'On what terms' }).locator('..').innerText()).toMatch(/1 of security[^]*14 days at most/)
    await sound(ann, 'opt-out')
    await page.getByText('As a table').click()
    expect(await page.locator('.card tbody tr').last().innerText()).toMatch(/7$/)
    await page.getByRole('link', { name: /^entry \d+$/ }).first().click()
    await page.getByRole('heading', { name: 'Verified in this browser' }).waitFor()
    expect(await page.locator('tbody tr').first().innerText()).toContain('asked for public-bucket')
  })
})
