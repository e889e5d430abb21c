/** What somebody sees before they tap: all of it, as text and as nothing else, and never another thing than they sign. In a real Chromium. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn } from '@exeat/testkit/browser'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { terminalCode } from './approving.ts'

const hostile = 'x</code><script>window.pwned=1</script><img src=x onerror="window.pwned=1"> <!channel> [safe](javascript:alert(1))'
const paths = Array.from({ length: 80 }, (_, i) => `services/ledger/module-${i}/pom.xml`)
const reason = Array.from({ length: 320 }, (_, i) => `sentence ${i} says why.`).join(' ')

describeWith('chromium', 'what is shown before a tap', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let browser: Awaited<ReturnType<typeof launch>>
  let ben: Person

  beforeAll(async () => {
    world = await peopleWorld(main)
    browser = await launch(executablePath)
    ben = await personIn(browser)
    const { page } = ben
    await page.goto(world.invite('ben'))
    await page.getByLabel('Name of this key').fill('laptop')
    await page.getByRole('button', { name: 'Enrol a passkey' }).click()
    await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
    world.vouch(await page.locator('output.code').textContent() ?? '', 'ben')
    await page.goto(`${world.origin}/`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
    const governing = readFileSync(join(world.dir, '.exeat/workspace.yaml'), 'utf8')
    world.merge({
      // Who asks is of no interest here, and needs no browser.
      '.exeat/workspace.yaml': governing.replace('sub: ann }]', 'sub: ann }, { iss: "exeat:operator", sub: ann }]').replace('sub: ben }]', 'sub: ben }, { iss: "exeat:operator", sub: hal }]'),
      '.exeat/opt-outs/long.yaml': optOut('long').replace(/resources: .*?\]/, `paths: [${paths.join(', ')}]`).replace(/reason: .*/, `reason: ${reason}`),
      '.exeat/opt-outs/hostile.yaml': optOut('hostile').replace('CVE-2019-12900', 'CVE-2019-14697').replace(/reason: .*/, `reason: ${JSON.stringify(hostile)}`).replace(/owner: .*/, `owner: ${JSON.stringify(hostile.slice(0, 60))}`),
      '.exeat/opt-outs/typed.yaml': optOut('typed').replace('CVE-2019-12900', 'CVE-2021-30139'),
      '.exeat/opt-outs/changed.yaml': optOut('changed').replace('CVE-2019-12900', 'CVE-2020-28928'),
    })
    for (const name of ['long', 'hostile', 'changed', 'typed']) {
      const asked = world.exeat(['request', name, '--actor', 'ann'])
      if (asked.exit !== 0) throw new Error(asked.stderr)
    }
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })

  const review = async (name: string): Promise<void> => {
    await ben.page.goto(`${world.origin}/opt-outs/${name}`)
    await ben.page.getByRole('button', { name: 'Approve…' }).waitFor()
  }
  /** The page as text, with nothing folded away. */
  const shown = async (): Promise<string> => String(await ben.run('document.querySelector("main").innerText'))

  test('where a typed name asked, and the terms take a second factor, the next command signs in and no typed name is offered', () => {
    const at = '--server https://HOST'
    expect(world.exeat(['status', 'changed']).stdout).toContain(`exeat login ${at} && exeat approve changed ${at}`)
    expect(JSON.parse(world.exeat(['status', 'changed', '--format', 'json']).stdout)).toMatchObject({ next: `exeat login ${at} && exeat approve changed ${at}`, optOut: { mfa: 'user-signed' } })
    const typed = world.exeat(['approve', 'changed', '--actor', 'hal', '--yes'])
    expect(typed).toMatchObject({ exit: 3, stderr: expect.stringMatching(/EVIDENCE_TOO_WEAK[^]*exeat login --server https:\/\/HOST/) as string })
  })

  test('attack-06: whoever approves has all of it before them: every place, the whole reason, nothing cut off, and the button behind it', async () => {
    for (const width of [1280, 390]) {
      await ben.page.setViewportSize({ width, height: 800 })
      await review('long')
      const text = await shown()
      for (const each of [...paths, 'trivy/CVE-2019-12900', 'acme/payments', 'development', reason]) expect(text.replaceAll(/\s+/g, ' ')).toContain(each)
      // No box hides a part of what is in it, and nothing of the review stands behind the button: `.more` tells how it came about.
      expect(await ben.run(`[...document.querySelectorAll('main *')].filter((each) => {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(each)
        return (overflowX === 'hidden' && each.scrollWidth > each.clientWidth + 1) || (overflowY === 'hidden' && each.scrollHeight > each.clientHeight + 1) || textOverflow === 'ellipsis'
      }).map((each) => each.outerHTML.slice(0, 100))`)).toEqual([])
      expect(await ben.run(`(() => {
        const button = [...document.querySelectorAll('button')].find((each) => each.textContent === 'Approve…')
        return [...document.querySelectorAll('.off, .reason, .terms dd:not(.more *)')].every((each) => each.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING)
      })()`)).toBe(true)
    }
  })

  test('attack-30: what somebody wrote is shown as text, whatever it looks like, and turns nothing around', async () => {
    await review('hostile')
    expect(await ben.run('window.pwned ?? "untouched"')).toBe('untouched')
    expect(await shown()).toContain('</code><script>window.pwned=1</script><img src=x onerror="window.pwned=1"> <!channel> [safe](javascript:alert(1))')
    expect(await ben.run('document.querySelectorAll("main script, main img, main iframe, main a[href^=javascript]").length')).toBe(0)
    expect(ben.complaints).toEqual([])
    await ben.page.goto(`${world.origin}/`)
    await ben.page.getByRole('link', { name: /hostile/ }).waitFor()
    expect(await ben.run('window.pwned ?? "untouched"')).toBe('untouched')
  })

  test('attack-31: a page that shows another thing than stands signs nothing, and its code is not the terminal\'s', async () => {
    const told = terminalCode(world, 'changed').slice(5)
    await review('changed')
    expect(await ben.page.locator('output.code').first().textContent()).toBe(`•••••${told}`)
    // Whoever stands between the page and the server turns one control into another.
    await ben.page.route('**/v1/**', async (route) => {
      // A stream has no end that could be waited for.
      if (route.request().method() !== 'GET' || route.request().url().endsWith('/v1/events')) return route.continue()
      const answer = await route.fetch()
      await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('CVE-2020-28928', 'CVE-2020-00000') })
    })
    await ben.page.goto(`${world.origin}/opt-outs/changed`)
    await ben.page.locator('main h1').waitFor()
    await ben.page.getByRole('alert').or(ben.page.getByRole('button', { name: 'Approve…' })).first().waitFor()
    const code = await ben.page.locator('output.code').first().textContent({ timeout: 1000 }).catch(() => null)
    expect(code ?? '').not.toContain(told)
    const button = ben.page.getByRole('button', { name: 'Approve…' })
    if (await button.count() > 0) {
      await button.click()
      await ben.page.getByRole('alert').waitFor()
    }
    await ben.page.unroute('**/v1/**')
    expect(world.exeat(['status', 'changed']).stdout).toContain('proposed')
  })

  describe('attack-24: approving what is critical takes the beginning of the code that another screen shows', () => {
    test.each([
      ['the beginning of another code', () => '00000'],
      ['too little of it', () => terminalCode(world, 'typed').slice(0, 4)],
      ['what stands on this page', () => terminalCode(world, 'typed').slice(6, 11)],
    ])('%s: nothing is sent', async (_, typed) => {
      const { page } = ben
      await review('typed')
      const sent: string[] = []
      page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()) })
      await page.getByLabel('First 5 characters of the code').fill(typed())
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByRole('alert').getByText('CODE_OTHER').waitFor()
      expect(sent).toEqual([])
      expect(world.exeat(['status', 'typed']).stdout).toContain('proposed')
    })

    test('nothing typed: the button does nothing', async () => {
      const { page } = ben
      await review('typed')
      const sent: string[] = []
      page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()) })
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByLabel('First 5 characters of the code').press('Enter')
      expect(await ben.run('document.querySelector("input[name=beginning]").validity.valueMissing')).toBe(true)
      expect(sent).toEqual([])
    })

    test('the beginning stands nowhere on the page that asks for it, and another device shows it whole, with nothing to sign', async () => {
      const code = terminalCode(world, 'typed')
      await review('typed')
      expect(String(await ben.run('document.documentElement.outerHTML'))).not.toContain(code.slice(0, 5))
      await ben.page.goto(`${world.origin}/opt-outs/typed?code`)
      await ben.page.locator('output.code').waitFor()
      expect(await ben.page.locator('output.code').textContent()).toBe(code)
      expect(await ben.page.getByRole('button', { name: 'Approve…' }).count()).toBe(0)
    })

    test('what cannot be critical takes none, and what its policies do not limit does', async () => {
      await review('typed')
      const asked = (): Promise<number> => ben.page.getByLabel('First 5 characters of the code').count()
      expect(await asked()).toBe(1)
      const policies = readFileSync(join(world.dir, '.exeat/policies.yaml'), 'utf8')
      const limited = policies.replace('  environments: [development]\n', '  environments: [development]\n  severities: [low, medium, high]\n')
      expect(limited).not.toBe(policies)
      const governedBy = (text: string): void => {
        world.merge({ '.exeat/policies.yaml': text })
        // Refused, and judged by what governs from now on.
        expect(world.exeat(['reject', 'typed', '--actor', 'nobody', '--reason', 'x']).stderr).toContain('NOT_ENTITLED')
      }
      governedBy(limited)
      await review('typed')
      expect(await asked()).toBe(0)
      governedBy(policies)
      await review('typed')
      expect(await asked()).toBe(1)
    })

    test('lower case, and letters that look like digits, will do', async () => {
      await review('typed')
      const { page } = ben
      const code = terminalCode(world, 'typed')
      await page.getByLabel('First 5 characters of the code').fill(code.slice(0, 6).toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l'))
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByText('approved, not active').waitFor()
    })
  })

  describe('attack-31: a key is compared by what this device makes of it, and not by the server\'s word', () => {
    let dora: Person
    let sent: string[]

    beforeAll(async () => {
      dora = await personIn(browser)
      const { page } = dora
      await page.goto(world.invite('dora'))
      await page.getByLabel('Name of this key').fill('phone')
      await page.getByRole('button', { name: 'Enrol a passkey' }).click()
      await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
    })
    beforeEach(() => { sent = [] })
    afterEach(async () => {
      for (const { page } of [ben, dora]) {
        // oxlint-disable-next-line no-await-in-loop
        await page.unroute('**/v1/enrolments')
      }
    })

    type Key = Record<string, unknown> & { readonly label: string; readonly credential: string; readonly detail: Record<string, unknown> }
    const mine = (keys: readonly Key[]): Key => {
      const found = keys.find(({ label }) => label === 'phone')
      if (found === undefined) throw new Error('dora has no key')
      return found
    }
    /** The server lies about dora's key, to whoever looks. */
    const lies = async ({ page }: Person, lie: (key: Key, others: readonly Key[]) => Key): Promise<void> => {
      await page.route('**/v1/enrolments', async (route) => {
        const answer = await route.fetch()
        const body = await answer.json() as { readonly items?: readonly Key[] } & Key
        const told = body.items === undefined ? lie(body, []) : { items: body.items.map((key) => (key.label === 'phone' ? lie(key, body.items ?? []) : key)) }
        await route.fulfill({ response: answer, json: told })
      })
    }
    const listed = async (): Promise<ReturnType<Person['page']['locator']>> => {
      await ben.page.goto(`${world.origin}/people`)
      const item = ben.page.locator('li', { hasText: 'dora' }).first()
      await item.waitFor()
      ben.page.on('request', (request) => { if (request.method() === 'POST') sent.push(request.url()) })
      return item
    }

    test('another code in the answer changes nothing of what is shown', async () => {
      const { items } = await (await ben.page.request.get(`${world.origin}/v1/enrolments`)).json() as { readonly items: readonly Key[] }
      await lies(ben, (key) => ({ ...key, code: '00000-00000-00000-00000' }))
      const item = await listed()
      expect(await item.locator('output.code').textContent()).toBe(mine(items)['code'])
    })

    test.each([
      ['another credential under the code that was read aloud', (key: Key, others: readonly Key[]) => ({ ...key, credential: others.find(({ label }) => label !== 'phone')?.credential ?? '' })],
      ['another person', (key: Key) => ({ ...key, person: { iss: 'exeat:local', sub: 'dora2' } })],
      ['another public half', (key: Key) => ({ ...key, detail: { ...key.detail, publicKey: 'AAAA' } })],
    ])('%s: nobody can vouch for it there, and nothing is sent', async (_, lie) => {
      await lies(ben, lie)
      const item = await listed()
      await item.getByText('SHOWN_DIFFERS').waitFor()
      expect(await item.locator('output.code').count()).toBe(0)
      expect(await item.getByRole('button').count()).toBe(0)
      expect(sent).toEqual([])
    })

    test('whoever enrols a key is told no code of a key that their device did not make', async () => {
      const { items } = await (await ben.page.request.get(`${world.origin}/v1/enrolments`)).json() as { readonly items: readonly Key[] }
      const erin = await personIn(browser)
      // A whole and sound key, of somebody else.
      await lies(erin, () => mine(items))
      await erin.page.goto(world.invite('erin'))
      await erin.page.getByLabel('Name of this key').fill('tablet')
      await erin.page.getByRole('button', { name: 'Enrol a passkey' }).click()
      await erin.page.getByRole('alert').getByText('SHOWN_DIFFERS').waitFor()
      expect(await erin.page.locator('output.code').count()).toBe(0)
      await erin.context.close()
    })

    test('a vouch that the terminal handed over shows its own code, and none of a key that differs', async () => {
      const home = { XDG_STATE_HOME: `${world.state}-ben` }
      const typed = (said: string): string | undefined => /type {2}(\S+)/.exec(said)?.[1]
      const { page } = ben
      const look = async (code: string, verb: string): Promise<void> => {
        await page.goto(`${world.origin}/device`)
        await page.getByLabel('Code').fill(code)
        await page.getByRole('button', { name: 'Look at it' }).click()
        await page.getByRole('button', { name: verb }).click()
      }
      const login = world.exeatTold(['login', '--server', world.origin], typed, home)
      await look(await login.told, 'Sign it in')
      expect((await login.ended).exit).toBe(0)
      const { items } = await (await page.request.get(`${world.origin}/v1/enrolments`)).json() as { readonly items: readonly Key[] }
      const code = String(mine(items)['code'])
      const handed = world.exeatTold(['enrol', 'vouch', code, '--server', world.origin], typed, home)
      const toType = await handed.told
      await lies(ben, (key) => ({ ...key, code: '00000-00000-00000-00000' }))
      await look(toType, 'Go on')
      expect(await page.locator('output.code').textContent()).toBe(code)
      await page.unroute('**/v1/enrolments')
      await page.getByRole('button', { name: 'Vouch for the key…' }).click()
      await page.waitForURL(/people/)
      const ran = await handed.ended
      expect(ran, ran.stderr).toMatchObject({ exit: 0 })
      const other = world.exeatTold(['enrol', 'vouch', code, '--server', world.origin], typed, home)
      const otherCode = await other.told
      await lies(ben, (key) => ({ ...key, detail: { ...key.detail, publicKey: 'AAAA' } }))
      await look(otherCode, 'Go on')
      await page.getByRole('alert').getByText('SHOWN_DIFFERS').waitFor()
      expect(await page.getByRole('button', { name: 'Vouch for the key…' }).count()).toBe(0)
    })
  })
})
