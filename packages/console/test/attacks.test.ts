/** What somebody sees before they tap: all of it, as text and as nothing else, and never another thing than they sign. In a real Chromium. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'

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
    await page.getByRole('heading', { name: 'Opt-outs' }).waitFor()
    const governing = readFileSync(join(world.dir, '.exeat/workspace.yaml'), 'utf8')
    world.merge({
      // Who asks is of no interest here, and needs no browser.
      '.exeat/workspace.yaml': governing.replace('sub: ann }]', 'sub: ann }, { iss: "exeat:operator", sub: ann }]'),
      '.exeat/opt-outs/long.yaml': optOut('long').replace(/resources: .*?\]/, `paths: [${paths.join(', ')}]`).replace(/reason: .*/, `reason: ${reason}`),
      '.exeat/opt-outs/hostile.yaml': optOut('hostile').replace('CVE-2019-12900', 'CVE-2019-14697').replace(/reason: .*/, `reason: ${JSON.stringify(hostile)}`).replace(/owner: .*/, `owner: ${JSON.stringify(hostile.slice(0, 60))}`),
      '.exeat/opt-outs/changed.yaml': optOut('changed').replace('CVE-2019-12900', 'CVE-2020-28928'),
    })
    for (const name of ['long', 'hostile', 'changed']) {
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

  test('attack-06: whoever approves has all of it before them: every place, the whole reason, nothing cut off, and the button behind it', async () => {
    for (const width of [1280, 390]) {
      await ben.page.setViewportSize({ width, height: 800 })
      await review('long')
      const text = await shown()
      for (const each of [...paths, 'trivy/CVE-2019-12900', 'acme/payments', 'development', reason]) expect(text.replaceAll(/\s+/g, ' ')).toContain(each)
      // No box hides a part of what is in it, and nothing of the review stands behind the button.
      expect(await ben.run(`[...document.querySelectorAll('main *')].filter((each) => {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(each)
        return (overflowX === 'hidden' && each.scrollWidth > each.clientWidth + 1) || (overflowY === 'hidden' && each.scrollHeight > each.clientHeight + 1) || textOverflow === 'ellipsis'
      }).map((each) => each.outerHTML.slice(0, 100))`)).toEqual([])
      expect(await ben.run(`(() => {
        const button = [...document.querySelectorAll('button')].find((each) => each.textContent === 'Approve…')
        return [...document.querySelectorAll('.off, .reason, .terms dd')].every((each) => each.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING)
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
    const told = /compare\s+(\S+)/.exec(world.exeat(['status', 'changed']).stdout)?.[1] ?? 'none'
    await review('changed')
    expect(await ben.page.locator('output.code').first().textContent()).toBe(told)
    // Whoever stands between the page and the server turns one control into another.
    await ben.page.route('**/v1/**', async (route) => {
      if (route.request().method() !== 'GET') return route.continue()
      const answer = await route.fetch()
      await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('CVE-2020-28928', 'CVE-2020-00000') })
    })
    await ben.page.goto(`${world.origin}/opt-outs/changed`)
    await ben.page.locator('main h1').waitFor()
    await ben.page.getByRole('alert').or(ben.page.getByRole('button', { name: 'Approve…' })).first().waitFor()
    const code = await ben.page.locator('output.code').first().textContent({ timeout: 1000 }).catch(() => null)
    expect(code).not.toBe(told)
    const button = ben.page.getByRole('button', { name: 'Approve…' })
    if (await button.count() > 0) {
      await button.click()
      await ben.page.getByRole('alert').waitFor()
    }
    await ben.page.unroute('**/v1/**')
    expect(world.exeat(['status', 'changed']).stdout).toContain('proposed')
  })
})
