/** People of an identity provider, in a real Chromium with a real OpenID provider: signing in, and confirming one act by signing in again. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn, pictures } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import { terminalCode, typeAndApprove } from './approving.ts'
import { expectReadable } from './readable.ts'
import { oidcProvider, type TestProvider } from '../../testkit/src/oidc-provider.ts'

const gallery = process.env['EXEAT_SCREENSHOTS']
const strong = { acr: 'urn:acme:phr', amr: ['hwk'] } as const

describeWith('chromium', 'people of an identity provider', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let provider: TestProvider
  let browser: Awaited<ReturnType<typeof launch>>
  let cleo: Person

  beforeAll(async () => {
    if (gallery !== undefined) mkdirSync(gallery, { recursive: true })
    world = await peopleWorld(main)
    provider = await oidcProvider({ clientId: 'exeat', redirectUris: [`${world.origin}/auth/acme/callback`], accounts: { cleo: { name: 'Cleo Park' }, dora: { name: 'Dora Lund' } } })
    const [workspace, policies] = ['.exeat/workspace.yaml', '.exeat/policies.yaml'].map((path) => readFileSync(join(world.dir, path), 'utf8'))
    world.merge({
      '.exeat/workspace.yaml': `${String(workspace).trimEnd().replace('sub: ann }]', 'sub: ann }, { iss: "exeat:operator", sub: ann }]').replace('sub: ben }]', `sub: ben }, { iss: "${provider.issuer}", sub: cleo }]`)}
    providers:
      - { name: acme, issuer: "${provider.issuer}", clientId: exeat, stepUp: { acr: ["urn:acme:phr"], amr: [hwk, fpt] } }
`,
      '.exeat/policies.yaml': String(policies).replace('mfa: { evidence: user-signed, maxAge: 5m }', 'mfa: { evidence: idp-signed, maxAge: 5m, backupEligible: true }'),
      ...Object.fromEntries(['first', 'weak', 'stranger', 'lied'].map((name, i) => [`.exeat/opt-outs/${name}.yaml`, optOut(name).replace('CVE-2019-12900', `CVE-2020-2000${i}`)])),
    })
    for (const name of ['first', 'weak', 'stranger', 'lied']) {
      const asked = world.exeat(['request', name, '--actor', 'ann'])
      if (asked.exit !== 0) throw new Error(asked.stderr)
    }
    browser = await launch(executablePath)
    cleo = await personIn(browser)
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await provider.stop()
    await world.remove()
  })

  async function approve(name: string): Promise<void> {
    const { page } = cleo
    await page.goto(`${world.origin}/opt-outs/${name}`)
    await typeAndApprove(page, world, name)
    await page.getByRole('link', { name: 'Approve by signing in again' }).click()
  }
  const pictured = async (name: string): Promise<void> => {
    await expectReadable(cleo)
    if (gallery !== undefined) expect(await pictures(cleo, gallery, name)).toEqual([])
  }

  test('signs in at the provider, and comes back to the page that was wanted', async () => {
    provider.login = { account: 'cleo' }
    const { page } = cleo
    await page.goto(`${world.origin}/opt-outs/first`)
    await page.waitForURL(/sign-in/)
    await page.getByRole('link', { name: 'Sign in with acme' }).waitFor()
    await pictured('sign-in-provider')
    await page.getByRole('link', { name: 'Sign in with acme' }).click()
    await page.waitForURL(/\/opt-outs\/first/)
    await page.getByText('Cleo Park').waitFor()
    await page.getByRole('button', { name: 'Approve…' }).waitFor()
  })

  test('approves by signing in again, for this one act: the approval stands as the provider signed it', async () => {
    provider.login = { account: 'cleo', ...strong }
    await approve('first')
    await cleo.page.getByRole('heading', { name: 'Signed in again' }).waitFor()
    await pictured('signed-in-again')
    // Nothing was done yet: the person decides, having come back.
    expect(world.exeat(['status', 'first']).stdout).toContain('proposed')
    const back = cleo.page.url()
    // All of it is shown again, made from what was signed.
    const text = String(await cleo.run('document.querySelector("main").innerText'))
    for (const each of ['trivy/CVE-2020-20000', 'acme/payments', 'development', 'any file', 'no impact was measured', '(first)', 'CET', `•••••${terminalCode(world, 'first').slice(5)}`]) expect(text).toContain(each)
    // Attack 24: the beginning of the code comes from another screen, and without it nothing is sent.
    const sent: string[] = []
    cleo.page.on('request', (request) => { if (request.method() !== 'GET') sent.push(request.url()) })
    await cleo.page.getByLabel('First 5 characters of the code').fill('00000')
    await cleo.page.getByRole('button', { name: 'Approve', exact: true }).click()
    await cleo.page.getByRole('alert').getByText('CODE_OTHER').waitFor()
    expect(sent).toEqual([])
    await cleo.page.getByLabel('First 5 characters of the code').fill(terminalCode(world, 'first').slice(0, 5))
    await cleo.page.getByRole('button', { name: 'Approve', exact: true }).click()
    await cleo.page.getByText('approved, not active').waitFor()
    await cleo.page.getByText(/cleo of security, idp-signed/).waitFor()
    expect(world.exeat(['status', 'first']).stdout).toMatch(/approved by[^]*idp-signed/)
    // The answer was spent with the act.
    await cleo.page.goto(back)
    await cleo.page.getByRole('alert').getByText('TAP_UNKNOWN').waitFor()
  })

  test.each([
    ['another document than was signed', (body: string) => body.replaceAll('CVE-2020-20003', 'CVE-2020-20009'), 'SHOWN_DIFFERS'],
    ['another end than was signed', (body: string) => body.replace(/("window":\{"from":"[^"]+","until":")2/, '$13'), 'CHALLENGE_OTHER'],
    ['terms that were not signed', (body: string) => body.replace(/"terms":"[0-9a-f]{8}/, '"terms":"00000000'), 'CHALLENGE_OTHER'],
    ['another person', (body: string) => body.replaceAll('"sub":"cleo"', '"sub":"dora"'), 'CHALLENGE_OTHER'],
  ] as const)('attack-31: the page that is come back to refuses %s, and sends nothing', async (_, lie, refused) => {
    provider.login = { account: 'cleo', ...strong }
    await approve('lied')
    const { page } = cleo
    await page.getByRole('heading', { name: 'Signed in again' }).waitFor()
    await page.route(/\/v1\/(?:opt-outs|challenges)\//, async (route) => {
      const answer = await route.fetch()
      const path = new URL(route.request().url()).pathname
      const body = await answer.text()
      // What was signed is told by the challenge; the terms are changed in what is shown beside it.
      await route.fulfill({ response: answer, body: refused === 'CHALLENGE_OTHER' && path.startsWith('/v1/opt-outs/') ? body : lie(body) })
    })
    await page.reload()
    await page.getByRole('alert').getByText(refused).waitFor()
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0)
    await page.unroute(/\/v1\/(?:opt-outs|challenges)\//)
    expect(world.exeat(['status', 'lied']).stdout).toContain('proposed')
  })

  test.each([
    ['a weaker way of signing in', { account: 'cleo', acr: 'urn:acme:pwd', amr: ['pwd'] }, /acr/],
    ['none of the factors', { account: 'cleo', acr: 'urn:acme:phr', amr: ['otp'] }, /amr/],
    ['somebody else', { account: 'dora', ...strong }, /[Ss]omebody else/],
  ] as const)('refuses %s, on a page that says what to do', async (_, login, why) => {
    provider.login = login
    await approve('weak')
    const { page } = cleo
    await page.getByRole('heading', { name: 'Not confirmed' }).waitFor()
    await pictured(`not-confirmed-${login.account}-${login.amr.join('-')}`)
    const text = await page.locator('body').textContent() ?? ''
    expect(text).toMatch(why)
    expect(text).toContain('Nothing was signed')
    await page.getByRole('link', { name: 'All opt-outs' }).click()
    await page.getByText('Cleo Park').waitFor()
    expect(world.exeat(['status', 'weak']).stdout).toContain('proposed')
  })

  test('whoever says no at the provider has signed nothing', async () => {
    provider.login = { account: 'nobody' }
    await approve('stranger')
    await cleo.page.getByRole('heading', { name: /^Not/ }).waitFor()
    expect(await cleo.page.locator('b').count()).toBe(0)
    expect(world.exeat(['status', 'stranger']).stdout).toContain('proposed')
  })
})
