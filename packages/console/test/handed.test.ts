/** Acts that a command line hands over to a browser: a renewal, an emergency with its second person, its review and a vouch, each seen whole before the tap. In a real Chromium. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn, pictures } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { instant, optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import type { Ran } from '../../cli/test/session.ts'
import { typeAndApprove } from './approving.ts'
import { expectReadable } from './readable.ts'

const gallery = process.env['EXEAT_SCREENSHOTS']
const hour = 3_600_000

const emergency = (name: string): string => optOut(name, { until: 2 * hour }).replace('category: waiver', 'category: emergency').replace(/from: [^,]+/, `from: ${instant(Date.now() - hour)}`)

interface Handed {
  /** As it is typed at the page. */
  readonly code: string
  /** What the terminal says to compare. */
  readonly compare: string
  readonly ended: Promise<Ran>
}

describeWith('chromium', 'acts handed over to a browser', (executablePath) => {
  const main = builtCommand({ pages: true })
  let world: PeopleWorld
  let browser: Awaited<ReturnType<typeof launch>>
  let ann: Person
  let ben: Person
  /** Where each is signed in at the command line. */
  const home = (name: string): Readonly<Record<string, string>> => ({ XDG_STATE_HOME: `${world.state}-${name}` })

  beforeAll(async () => {
    if (gallery !== undefined) mkdirSync(gallery, { recursive: true })
    world = await peopleWorld(main)
    browser = await launch(executablePath)
    ann = await personIn(browser)
    ben = await personIn(browser)
    for (const [name, person] of [['ann', ann], ['ben', ben]] as const) {
      // oxlint-disable no-await-in-loop -- one after the other
      const { page } = person
      await page.goto(world.invite(name))
      await page.getByLabel('Name of this key').fill('laptop')
      await page.getByRole('button', { name: 'Enrol a passkey' }).click()
      await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
      world.vouch(await page.locator('output.code').textContent() ?? '', name)
      await page.goto(`${world.origin}/`)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
      const login = world.exeatTold(['login', '--server', world.origin], codeIn, home(name))
      await look(person, await login.told)
      await page.getByRole('button', { name: 'Sign it in' }).click()
      await page.getByRole('status').waitFor()
      const { exit, stderr } = await login.ended
      if (exit !== 0) throw new Error(stderr)
      // oxlint-enable no-await-in-loop
    }
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await world.remove()
  })

  const codeIn = (said: string): string | undefined => /type {2}(\S+)/.exec(said)?.[1]
  async function look({ page }: Person, code: string): Promise<void> {
    await page.goto(`${world.origin}/device`)
    await page.getByLabel('Code').fill(code)
    await page.getByRole('button', { name: 'Look at it' }).click()
  }
  /** Begins at the command line; answers once it shows what to type. */
  async function hand(name: string, args: readonly string[], server = world.origin): Promise<Handed> {
    const { told, ended } = world.exeatTold([...args, '--server', server], (said) => {
      const [code, compare] = [codeIn(said), /compare\s+(\S+)/.exec(said)?.[1]]
      return code === undefined || compare === undefined ? undefined : `${code} ${compare}`
    }, home(name))
    const early = ended.then((ran) => { throw new Error(`it ended before it handed over: ${ran.stdout}${ran.stderr}`) })
    const [code = '', compare = ''] = (await Promise.race([told, early])).split(' ')
    early.catch(() => undefined)
    return { code, compare, ended }
  }
  /** Types the code, goes on, and waits for what is to be signed; the page makes the same code as the terminal. */
  async function goOn(person: Person, { code, compare }: Handed, picture: string): Promise<void> {
    await look(person, code)
    await person.page.getByRole('button', { name: 'Go on' }).click()
    await person.page.locator('output.code').waitFor()
    expect(await person.page.locator('output.code').textContent()).toBe(compare)
    await expectReadable(person)
    if (gallery !== undefined) expect(await pictures(person, gallery, picture)).toEqual([])
  }
  async function tap({ page }: Person, verb: string): Promise<void> {
    await page.getByRole('button', { name: `${verb}…` }).click()
    await page.waitForURL(/\/opt-outs\/|\/second\//)
  }
  const approveAndActivate = async (name: string): Promise<void> => {
    await ben.page.goto(`${world.origin}/opt-outs/${name}`)
    await typeAndApprove(ben.page, world, name)
    await ben.page.getByText('approved, not active').waitFor()
    await ann.page.goto(`${world.origin}/opt-outs/${name}`)
    await ann.page.getByRole('button', { name: 'Activate…' }).click()
    await ann.page.getByText('active', { exact: true }).waitFor()
  }

  test('a renewal is asked for with a tap over all of it, and the terminal has its receipt', async () => {
    world.merge({ '.exeat/opt-outs/rebuild.yaml': optOut('rebuild') })
    expect(world.exeat(['request', 'rebuild', '--server', world.origin], home('ann'))).toMatchObject({ exit: 0 })
    await approveAndActivate('rebuild')
    world.merge({ '.exeat/opt-outs/rebuild-2.yaml': optOut('rebuild-2', { spec: '  renews: rebuild\n', until: 72 * hour }) })
    const handed = await hand('ann', ['renew', 'rebuild'])
    await goOn(ann, handed, 'handed-renewal')
    const text = String(await ann.run('document.querySelector("main").innerText'))
    for (const each of ['trivy/CVE-2019-12900', 'acme/payments', 'development', '(rebuild-2)', 'rebuild']) expect(text).toContain(each)
    await tap(ann, 'Ask for it')
    const ran = await handed.ended
    expect(ran, ran.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/REQUESTED[^]*user-signed/) as string })
    expect(world.exeat(['status', 'rebuild-2']).stdout).toContain('proposed')
  })

  test('nobody but whoever began it sees what was handed over, and it is answered once', async () => {
    const handed = await hand('ben', ['approve', 'rebuild-2'])
    await look(ann, handed.code)
    await ann.page.getByRole('alert').getByText('DEVICE_UNKNOWN').waitFor()
    await look(ben, handed.code)
    await ben.page.getByRole('button', { name: 'Refuse' }).click()
    await ben.page.getByRole('status').waitFor()
    expect((await handed.ended).stderr).toContain('HAND_OVER_REFUSED')
    // Answered once: the code is worth nothing any more.
    await look(ben, handed.code)
    await ben.page.getByRole('alert').getByText('DEVICE_UNKNOWN').waitFor()
  })

  test('an emergency, which stands nowhere yet, is declared as it is shown, and reviewed by somebody else', async () => {
    const file = '.exeat/opt-outs/fire.yaml'
    world.merge({ [file]: emergency('fire') })
    const handed = await hand('ann', ['emergency', 'fire', '--team', 'engineering'])
    await goOn(ann, handed, 'handed-emergency')
    expect(String(await ann.run('document.querySelector("main").innerText'))).toContain('engineering')
    await tap(ann, 'Declare the emergency')
    const ran = await handed.ended
    expect(ran, ran.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/EMERGENCY[^]*user-signed[^]*alarm +oncall[^]*heard +by nobody yet/) as string })
    // What somebody signed in to declare is heard by somebody who signs in.
    expect(world.exeat(['emergency', 'ack', 'fire', '--actor', 'keeper'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('ALARM_TYPED') as string })
    const ack = ['emergency', 'ack', 'fire', '--server', world.origin]
    expect(world.exeat(ack, home('ann'))).toMatchObject({ exit: 3, stderr: expect.stringContaining('ALARM_OWN') as string })
    expect(world.exeat(ack, home('ben'))).toMatchObject({ exit: 0, stdout: expect.stringMatching(/HEARD {2}entry \d+[^]*heard +by ben/) as string })
    expect(world.exeat(ack, home('ben'))).toMatchObject({ exit: 3, stderr: expect.stringContaining('ALARM_HEARD') as string })
    const review = await hand('ben', ['review', 'fire', '--verdict', 'justified', '--reason', 'the site was down'])
    await goOn(ben, review, 'handed-review')
    expect(String(await ben.run('document.querySelector("main").innerText'))).toMatch(/justified[^]*the site was down/)
    await tap(ben, 'Record it')
    const reviewed = await review.ended
    expect(reviewed, reviewed.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('REVIEWED') as string })
  })

  test('attack-20: an emergency that meets another takes a second person, who sees the same and taps first', async () => {
    world.merge({ '.exeat/opt-outs/blaze.yaml': emergency('blaze').replace('CVE-2019-12900', 'CVE-2019-14697') })
    const handed = await hand('ann', ['emergency', 'blaze', '--team', 'engineering', '--second', 'ben'])
    await goOn(ann, handed, 'handed-second-waits')
    expect(await ann.page.getByRole('button', { name: 'Declare the emergency…' }).isDisabled()).toBe(true)
    const link = await ann.page.locator('code.link').textContent() ?? ''
    // Whoever is not named is told nothing of it, not even whoever declares it.
    await ann.page.context().newPage().then(async (page) => {
      await page.goto(`${link.slice(0, -1)}x`)
      await page.getByRole('alert').waitFor()
      await page.close()
    })
    await ben.page.goto(link)
    await ben.page.locator('output.code').waitFor()
    expect(await ben.page.locator('output.code').textContent()).toBe(handed.compare)
    if (gallery !== undefined) expect(await pictures(ben, gallery, 'second')).toEqual([])
    await tap(ben, 'Confirm the emergency')
    await ann.page.getByText('has confirmed it').waitFor()
    await tap(ann, 'Declare the emergency')
    const ran = await handed.ended
    expect(ran, ran.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('EMERGENCY') as string })
  })

  test('a forged receipt, or an entry that says something else, is loudly refused by the terminal', async () => {
    const twists: readonly ((path: string, body: string) => string)[] = [
      (path, body) => (path === '/v1/device/token' ? body.replace(/"index":(\d+)/, (_, index: string) => `"index":${Number(index) - 1}`) : body),
      (path, body) => (path.startsWith('/v1/entries/') ? body.replaceAll('security', 'securitx') : body),
      (path, body) => (path.startsWith('/v1/entries/') ? body.replaceAll('optout.approved', 'optout.rejected') : body),
    ]
    for (const [i, twist] of twists.entries()) {
      // oxlint-disable no-await-in-loop -- one act after the other
      const name = `forged-${i}`
      world.merge({ [`.exeat/opt-outs/${name}.yaml`]: optOut(name).replace('CVE-2019-12900', `CVE-2020-1000${i}`) })
      expect(world.exeat(['request', name, '--server', world.origin], home('ann'))).toMatchObject({ exit: 0 })
      const between = await twisting(world.url, twist)
      const login = world.exeatTold(['login', '--server', between.url], codeIn, home('ben'))
      await look(ben, await login.told)
      await ben.page.getByRole('button', { name: 'Sign it in' }).click()
      await ben.page.getByRole('status').waitFor()
      const signedIn = await login.ended
      expect(signedIn, signedIn.stderr).toMatchObject({ exit: 0 })
      const handed = await hand('ben', ['approve', name], between.url)
      await look(ben, handed.code)
      await ben.page.getByRole('button', { name: 'Go on' }).click()
      await typeAndApprove(ben.page, world, name)
      await ben.page.getByText('approved, not active').waitFor()
      const ran = await handed.ended
      expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining('RECEIPT_OTHER') as string })
      await between.close()
      // oxlint-enable no-await-in-loop
    }
  }, 60_000)

  test('attack-31: the terminal compares keys by what it makes of them itself, and believes no code', async () => {
    const { items } = JSON.parse(world.exeat(['enrol', 'list', '--format', 'json']).stdout) as { readonly items: readonly { readonly code: string; readonly credential: string; readonly person: { readonly sub: string } | null }[] }
    const [anns, bens] = ['ann', 'ben'].map((name) => items.find(({ person }) => person?.sub === name) ?? { code: '', credential: '' })
    const lied = async (twist: (path: string, body: string) => string, args: readonly string[]): Promise<Ran> => {
      const between = await twisting(world.url, twist)
      const ran = await world.exeatLater([...args, '--server', between.url], { EXEAT_TOKEN: world.token })
      await between.close()
      return ran
    }
    const code = await lied((_, body) => body.replaceAll(String(anns?.code), '00000-00000-00000-00000'), ['enrol', 'list'])
    expect(code, code.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining(String(anns?.code)) as string })
    expect(code.stdout).not.toContain('00000-00000')
    for (const format of ['text', 'json']) {
      // Another key under the code that ann reads aloud, and another person behind a key.
      for (const [from, to] of [[anns?.credential, bens?.credential], ['"sub":"ann"', '"sub":"anm"']]) {
        // oxlint-disable-next-line no-await-in-loop -- one lie after the other
        const ran = await lied((_, body) => body.replaceAll(String(from), String(to)), ['enrol', 'list', '--format', format])
        expect(ran).toMatchObject({ exit: 3, stderr: expect.stringContaining('SHOWN_DIFFERS') as string })
        expect(ran.stdout).not.toMatch(/compare|items/)
      }
    }
  })
})

async function bufferOf(from: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of from) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Somebody between the command line and the server, who changes what the server answers. */
async function twisting(target: string, twist: (path: string, body: string) => string): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((req, res) => { void relay(req, res) })
  const relay = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    const sent = await bufferOf(req)
    // The proof names the address that the command line knows.
    const asked = request(`${target}${req.url ?? '/'}`, { method: req.method ?? 'GET', headers: req.headers }, async (answer: IncomingMessage) => {
      const body = twist(pathname, (await bufferOf(answer)).toString('utf8'))
      res.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'application/json' }).end(body)
    })
    asked.end(sent)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://localhost:${port}`, close: async () => { server.close(); server.closeAllConnections(); await once(server, 'close') } }
}
