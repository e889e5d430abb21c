/** The pages with a real Chromium, a real server and a virtual authenticator each: two founders enrol, one approves, the other activates. */
import { mkdirSync } from 'node:fs'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn, pictures } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { terminalCode, typeAndApprove } from './approving.ts'
import { codeNow } from './authenticator-app.ts'
import { scannedIn } from './scanner.ts'
import { expectReadable } from './readable.ts'

/** Where the pictures go, for people to look at. */
const gallery = process.env['EXEAT_SCREENSHOTS']

describeWith('chromium', 'the console in Chromium', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let browser: Awaited<ReturnType<typeof launch>>
  let ann: Person
  let ben: Person

  beforeAll(async () => {
    if (gallery !== undefined) mkdirSync(gallery, { recursive: true })
    world = await peopleWorld(main)
    browser = await launch(executablePath)
    ann = await personIn(browser)
    ben = await personIn(browser)
  })
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })

  /** Everything that a page must be, whatever it is about; its picture where somebody wants to look. */
  async function sound(person: Person, name: string): Promise<void> {
    const { page, complaints } = person
    await page.locator('main h1').waitFor()
    await page.locator('[role=status]', { hasText: 'Loading' }).first().waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await expectReadable(person)
    if (gallery !== undefined) expect(await pictures(person, gallery, name)).toEqual([])
  }

  async function enrol(person: Person, name: string): Promise<void> {
    const { page } = person
    await page.goto(world.invite(name))
    await page.getByLabel('Name of this key').fill(`laptop of ${name}`)
    await sound(person, `enrol-${name}`)
    expect(page.url()).not.toContain('#')
    await page.getByRole('button', { name: 'Enrol a passkey' }).click()
    await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
    const code = await page.locator('output.code').textContent()
    await sound(person, `enrolled-${name}`)
    world.vouch(code ?? '', name)
  }

  async function signIn(person: Person): Promise<void> {
    await person.page.goto(`${world.origin}/`)
    await person.page.waitForURL(/\/sign-in/)
    await sound(person, 'sign-in')
    await person.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await person.page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
  }

  test('founders enrol a passkey each by a one-time link, and sign in with it', async () => {
    await enrol(ann, 'ann')
    await enrol(ben, 'ben')
    await signIn(ann)
    await signIn(ben)
    await sound(ann, 'opt-outs-empty')
    await ann.page.getByRole('link', { name: 'People and keys' }).click()
    await ann.page.getByText('laptop of ben').waitFor()
    await sound(ann, 'people')
  })

  test('one approves, the other activates, and the gate passes on what both have signed', async () => {
    world.merge({ '.exeat/opt-outs/rebuild.yaml': optOut('rebuild') })
    expect(world.gate().exit).toBe(2)
    await requestAs(ann, 'rebuild')
    await ben.page.goto(`${world.origin}/`)
    await sound(ben, 'opt-outs')
    await ben.page.getByRole('link', { name: /rebuild/ }).click()
    await ben.page.getByRole('heading', { name: 'This turns off' }).waitFor()
    await sound(ben, 'review')
    // The terminal shows the code that the page made of what it shows, all but the beginning, which is to be typed.
    expect(await ben.page.locator('output.code').first().textContent()).toBe(`•••••${terminalCode(world, 'rebuild').slice(5)}`)
    await typeAndApprove(ben.page, world, 'rebuild')
    await ben.page.getByText('approved, not active').waitFor()
    expect(world.gate().exit).toBe(2)
    await ann.page.goto(`${world.origin}/opt-outs/rebuild`)
    await ann.page.getByRole('button', { name: 'Activate…' }).click()
    await ann.page.getByText('active', { exact: true }).waitFor()
    await sound(ann, 'active')
    const gate = world.gate()
    expect(gate, gate.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('user-signed') as string })
  })

  test('a key that does not verify its user approves nothing', async () => {
    // Of another control: else it would continue the first, and be a renewal.
    world.merge({ '.exeat/opt-outs/unverified.yaml': optOut('unverified').replace('CVE-2019-12900', 'CVE-2019-14697') })
    await requestAs(ann, 'unverified')
    await ben.setPresence(false)
    await ben.page.goto(`${world.origin}/opt-outs/unverified`)
    await typeAndApprove(ben.page, world, 'unverified')
    await ben.page.getByRole('alert').waitFor()
    await sound(ben, 'refused')
    await ben.setPresence(true)
    expect(world.exeat(['status', 'unverified']).stdout).toContain('proposed')
  })

  test('revoking takes a reason and a sign-in, and ends it', async () => {
    await ann.page.goto(`${world.origin}/opt-outs/rebuild`)
    await ann.page.getByLabel('Reason').fill('the image is rebuilt')
    await ann.page.getByRole('button', { name: 'Revoke' }).click()
    await ann.page.getByText('revoked', { exact: true }).waitFor()
    expect(world.gate().exit).toBe(2)
  })

  test('a renewal that was looked at in the terminal is tapped for in the browser, and the terminal holds the entry against it', async () => {
    world.merge({ '.exeat/opt-outs/rebuild-2.yaml': optOut('rebuild-2', { spec: '  renews: rebuild\n' }).replace('The image is rebuilt', 'The base release slipped by a week, so the image is rebuilt') })
    const asked = world.exeatTold(['request', 'rebuild-2', '--server', world.origin], typedCode)
    await typeCode(ann, await asked.told)
    await ann.page.getByRole('heading', { name: 'Ask for a renewal' }).waitFor()
    await sound(ann, 'renew')
    const code = await ann.page.locator('output.code').textContent()
    await ann.page.getByRole('button', { name: 'Ask for it…' }).click()
    await ann.page.getByText('waits for approval').waitFor()
    const { exit, stdout, stderr } = await asked.ended
    expect(exit, stderr).toBe(0)
    expect(stdout).toContain(code ?? 'none')
    expect(stdout).toContain('user-signed')
  })

  test('approving from the terminal ends in the browser, and comes back with the entry\'s evidence', async () => {
    await signInFrom(ben)
    const asked = world.exeatTold(['approve', 'rebuild-2', '--server', world.origin], typedCode)
    await typeCode(ben, await asked.told)
    await typeAndApprove(ben.page, world, 'rebuild-2')
    await ben.page.getByText('approved, not active').waitFor()
    const { exit, stdout, stderr } = await asked.ended
    expect(exit, stderr).toBe(0)
    expect(stdout).toContain('APPROVED')
    await signInFrom(ann)
  })

  test('an emergency is declared by a tap, works at once, and is reviewed by somebody else', async () => {
    world.merge({ '.exeat/opt-outs/fire.yaml': optOut('fire', { until: 2 * 3_600_000 }).replace('category: waiver', 'category: emergency').replace('CVE-2019-12900', 'CVE-2018-25032') })
    const declared = world.exeatTold(['emergency', 'fire', '--team', 'engineering', '--server', world.origin], typedCode)
    await typeCode(ann, await declared.told)
    await ann.page.getByRole('heading', { name: 'Declare an emergency' }).waitFor()
    await sound(ann, 'declare')
    await ann.page.getByRole('button', { name: 'Declare the emergency…' }).click()
    await ann.page.getByText('active, review due').waitFor()
    const { exit, stdout, stderr } = await declared.ended
    expect(exit, stderr).toBe(0)
    expect(stdout).toContain('EMERGENCY')
    // Nobody judges their own, or hears their own alarm.
    expect(await ann.page.getByRole('button', { name: 'Record it…' }).count()).toBe(0)
    await ann.page.getByText('You declared it, so somebody else is to hear it.').waitFor()
    expect(await ann.page.getByRole('button', { name: 'I heard the alarm of fire' }).count()).toBe(0)
    await ben.page.goto(`${world.origin}/`)
    await ben.page.getByText('alarm not heard').waitFor()
    await ben.page.getByRole('link', { name: 'Alarms' }).click()
    await ben.page.getByText('told oncall').waitFor()
    await ben.page.getByText('Nobody has tried the alarm out yet.').waitFor()
    // That there was no drill is a 404, which the browser complains of.
    ben.complaints.length = 0
    await sound(ben, 'alarms')
    await ben.page.getByRole('button', { name: 'I heard the alarm of fire' }).click()
    await ben.page.getByText(/^ben, signed in, /).waitFor()
    expect(await ben.page.getByRole('button', { name: 'I heard the alarm of fire' }).count()).toBe(0)
    expect(world.exeat(['status', 'fire']).stdout).toMatch(/heard +by ben/)
    await ben.page.goto(`${world.origin}/`)
    await ben.page.locator('.timeline').getByText('fire', { exact: true }).waitFor()
    expect(await ben.page.getByText('alarm not heard').count()).toBe(0)
    await ben.page.goto(`${world.origin}/opt-outs/fire`)
    await ben.page.getByLabel('justified', { exact: true }).check()
    await ben.page.getByRole('textbox', { name: 'Why' }).fill('INC-4711 shows the need')
    await sound(ben, 'judge')
    await ben.page.getByRole('button', { name: 'Record it…' }).click()
    await ben.page.getByText('justified', { exact: true }).waitFor()
    expect(world.exeat(['status', 'fire']).stdout).toContain('justified')
  })

  test('a drill is shown with whom it reached, and is heard by somebody who did not start it', async () => {
    const { page } = ben
    await page.goto(`${world.origin}/alarms`)
    await page.getByText('Nobody has tried the alarm out yet.').waitFor()
    ben.complaints.length = 0
    const started = world.exeat(['drill', 'start', '--within', '10m', '--actor', 'keeper'])
    expect(started, started.stderr).toMatchObject({ exit: 0 })
    await page.reload()
    await page.getByText('runs, and nobody has heard it yet').waitFor()
    await sound(ben, 'drill')
    await page.getByRole('button', { name: 'I heard the alarm of the drill' }).click()
    await page.getByText('somebody heard it in time').waitFor()
    expect(await page.getByRole('button', { name: 'I heard the alarm of the drill' }).count()).toBe(0)
    await sound(ben, 'drill-heard')
    expect(world.exeat(['drill', 'status']).stdout).toMatch(/ben/)
    // Heard meanwhile by somebody else: said, and done once.
    await ann.page.route('**/v1/drills/latest', async (route) => {
      const answer = await route.fetch()
      const { acknowledged: _acknowledged, ...drill } = await answer.json() as { acknowledged: unknown }
      await route.fulfill({ response: answer, json: { ...drill, state: 'running' } })
    })
    await ann.page.goto(`${world.origin}/alarms`)
    await ann.page.getByRole('button', { name: 'I heard the alarm of the drill' }).click()
    await ann.page.getByRole('alert').getByText('ALARM_HEARD').waitFor()
    await ann.page.unroute('**/v1/drills/latest')
    ann.complaints.length = 0
  })

  test('works with the keyboard alone', async () => {
    const { page, run } = ben
    await page.goto(`${world.origin}/opt-outs/unverified`)
    await page.getByRole('heading', { name: 'This turns off' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await run('document.activeElement.className')).toBe('skip')
    const reached = new Set<string>()
    for (let i = 0; i < 20; i++) {
      // oxlint-disable-next-line no-await-in-loop -- key after key
      await page.keyboard.press('Tab')
      // oxlint-disable-next-line no-await-in-loop
      reached.add(await run('document.activeElement.textContent') as string)
    }
    expect([...reached]).toContain('Approve…')
  })

  test('a further key is enrolled by the tap of an earlier one, over the key that was made', async () => {
    const { page } = ben
    const { use } = await ben.addKey()
    await use('ring')
    await page.goto(`${world.origin}/people`)
    await page.getByRole('link', { name: 'Enrol another key of yours' }).click()
    await page.getByLabel('Name of this key').fill('ring of ben')
    await page.getByRole('button', { name: 'Enrol a passkey' }).click()
    await page.getByRole('button', { name: 'Confirm with an earlier key' }).waitFor()
    const code = await page.locator('output.code').textContent()
    await sound(ben, 'own-key')
    // Nothing of it stands before the tap.
    expect(world.exeat(['enrol', 'list']).stdout).not.toContain('ring of ben')
    await use('device')
    await page.getByRole('button', { name: 'Confirm with an earlier key' }).click()
    await page.getByText('It counts from').waitFor()
    expect(await page.locator('output.code').textContent()).toBe(code)
    await sound(ben, 'own-key-enrolled')
    expect(world.exeat(['enrol', 'list']).stdout).toMatch(/counts from [^]*ring of ben[^]*compare/)
  })

  test('attack-31: a server that would have another key signed for than this device made gets no tap', async () => {
    const { page } = ann
    const { use } = await ann.addKey()
    await use('ring')
    await page.route('**/v1/enrolments/own', async (route) => {
      const answer = await route.fetch()
      const body = await answer.json() as { detail: object }
      await route.fulfill({ response: answer, json: { ...body, credential: 'a'.repeat(64) } })
    })
    const sent: string[] = []
    page.on('request', (request) => { if (request.url().includes('/challenges')) sent.push(request.url()) })
    await page.goto(`${world.origin}/enrol`)
    await page.getByLabel('Name of this key').fill('ring of ann')
    await page.getByRole('button', { name: 'Enrol a passkey' }).click()
    await page.getByRole('alert').getByText('SHOWN_DIFFERS').waitFor()
    expect(sent).toEqual([])
    await page.unroute('**/v1/enrolments/own')
    await use('device')
    ann.complaints.length = 0
  })

  test('one-time codes are enrolled with their first code and a tap, and are said to be weak wherever they are asked for', async () => {
    const { page } = ben
    await page.goto(`${world.origin}/people`)
    await page.getByRole('button', { name: 'Set up one-time codes…' }).click()
    const secret = (await page.locator('code.secret').textContent() ?? '').replaceAll(' ', '')
    const scanned = new URL(scannedIn(await page.getByRole('img', { name: /QR code/ }).locator('path').getAttribute('d') ?? '', await page.locator('svg.qr').getAttribute('viewBox') ?? ''))
    expect([scanned.protocol, scanned.host, scanned.searchParams.get('secret')]).toEqual(['otpauth:', 'totp', secret])
    await page.getByLabel('Name of this app or device').fill('app of ben')
    await page.getByLabel('Code that it shows now').fill('000000')
    await sound(ben, 'codes')
    await page.getByRole('button', { name: 'Enrol them with your key' }).click()
    await page.getByRole('alert').getByText('TAP_WRONG').waitFor()
    ben.complaints.length = 0
    await page.getByLabel('Code that it shows now').fill(codeNow(secret))
    await page.getByRole('button', { name: 'Enrol them with your key' }).click()
    await page.getByText('They are enrolled, and count in a day.').waitFor()
    await page.getByText('one-time codes, server-asserted').waitFor()
    await sound(ben, 'codes-enrolled')
    // They count in a day: until then the page is shown what it would be then, and the server is asked in earnest.
    await page.route('**/v1/challenges', async (route) => {
      const answer = await route.fetch()
      const body = await answer.json() as { factors: object }
      await route.fulfill({ response: answer, json: { ...body, factors: { ...body.factors, totp: true } } })
    })
    await page.goto(`${world.origin}/opt-outs/unverified`)
    await typeAndApprove(page, world, 'unverified')
    await page.getByLabel('Code of your authenticator app').fill(codeNow(secret))
    await page.getByText('server-asserted').waitFor()
    await sound(ben, 'factors')
    await page.getByRole('button', { name: 'Approve with this code' }).click()
    await page.getByRole('alert').getByText('TAP_KIND').waitFor()
    await page.unroute('**/v1/challenges')
    ben.complaints.length = 0
    expect(world.exeat(['status', 'unverified']).stdout).toContain('proposed')
  })

  const typedCode = (said: string): string | undefined => /type {2}(\S+)/.exec(said)?.[1]
  async function typeCode({ page }: Person, code: string): Promise<void> {
    await page.goto(`${world.origin}/device`)
    await page.getByLabel('Code').fill(code)
    await page.getByRole('button', { name: 'Look at it' }).click()
    await page.getByRole('button', { name: 'Go on' }).click()
  }

  /** By the command line's own sign-in, handed over to this person's browser. */
  async function requestAs(person: Person, name: string): Promise<void> {
    await signInFrom(person)
    const asked = world.exeat(['request', name, '--server', world.origin])
    expect(asked, asked.stderr).toMatchObject({ exit: 0 })
  }

  async function signInFrom({ page }: Person): Promise<void> {
    const signedIn = world.exeatTold(['login', '--server', world.origin], typedCode)
    const code = await signedIn.told
    await page.goto(`${world.origin}/device`)
    await page.getByLabel('Code').fill(code)
    await page.getByRole('button', { name: 'Look at it' }).click()
    await page.getByRole('button', { name: 'Sign it in' }).click()
    await page.getByRole('status').waitFor()
    expect((await signedIn.ended).exit).toBe(0)
  }
})
