/** People with passkeys at a founded server, over the network as their browsers speak: cookies, tokens of pages, origins. */
import { foundersIssuer, rootVouchMessage } from '@exeat/core/enrolment'
import { localIssuer } from '@exeat/core/entry'
import { challengeOf, type EnrolEnvelope, envelopeDigest } from '@exeat/core/envelope'
import { challengeSchema, encodeVouch, type People } from '@exeat/core/wire'
import { expect } from 'vitest'
import { createAuthenticator, type SoftwareAuthenticator, type Twist } from '../../../testkit/src/software-authenticator.ts'
import { readSigner } from '../../src/keys/signer.ts'
import { sha256, signerOf } from '../../src/store/ed25519.ts'
import { peopleWorkspace, rpId, site as webSite, tappedPolicy } from '../identity/people.ts'
import { by, site, type Reply, type Site } from '../main/support.ts'

export type Wanted = People['tapWantedSchema']

export interface Browser {
  readonly name: string
  readonly passkey: SoftwareAuthenticator
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  signIn(twist?: Twist): Promise<Reply>
  /** A tap over what stands now, as the act's body takes it. */
  tap(wanted: Wanted, twist?: Twist): Promise<{ readonly challenge: string; readonly proof: { readonly kind: 'webauthn'; readonly response: unknown } }>
}

export interface PeopleSite extends Site {
  browser(name: string): Browser
  /** With a link of the operator's; answers the credential. */
  enrol(browser: Browser): Promise<string>
  rootVouch(founder: 'ann' | 'ben', credential: string): Promise<Reply>
}

export async function peopleSite(more = ''): Promise<PeopleSite> {
  const base = await site({ pinned: false, founders: ['ann', 'ben'], publicUrl: webSite })
  const snippet = base.founded.snippet.trimEnd().split('\n').map((line) => `  ${line}\n`).join('')
  base.repository.commit({
    '.exeat/workspace.yaml': `${peopleWorkspace().replace(/ {2}identity:[^]*$/, '')}${snippet}${more}`,
    '.exeat/policies/trivy.yaml': tappedPolicy(), '.exeat/policies/production.yaml': tappedPolicy().replace('trivy/*', 'grype/*').replace('name: trivy', 'name: production'),
  })
  await base.start()
  return withPeople(base)
}

/** Of a site that runs. */
export function withPeople<S extends Site>(base: S): S & PeopleSite {
  const made: S & PeopleSite = Object.assign(base, {
    browser: (name: string) => browserOf(base, name),
    enrol: async (browser: Browser) => {
      const link = await base.ask('/v1/links', { method: 'POST', body: { person: { iss: localIssuer, sub: browser.name }, label: browser.name }, headers: by('keeper') })
      const secret = new URL(String(link.json()['url'])).hash.slice(1)
      const begun = (await browser.ask('POST', '/v1/enrolments/options', { secret })).json() as { id: string; options: { challenge: string; user: { id: string } } }
      const done = await browser.ask('POST', '/v1/enrolments', { id: begun.id, response: browser.passkey.create(begun.options), label: 'laptop' })
      expect([done.status, done.status === 201 ? '' : done.text]).toEqual([201, ''])
      return String(done.json()['credential'])
    },
    rootVouch: async (founder: 'ann' | 'ben', credential: string) => {
      const file = base.founded.founders.find(({ name }) => name === founder)?.file ?? ''
      const root = readSigner(file)
      const envelope: EnrolEnvelope = {
        schema: 'exeat/act/v1', purpose: 'enrol', workspace: 'acme-1', about: credential, actor: { iss: foundersIssuer, sub: founder }, nonce: 'a'.repeat(32), at: base.clock.now as never,
      }
      const signature = Buffer.from(signerOf(root.seed)(root.seed, rootVouchMessage(envelopeDigest(envelope, sha256)))).toString('base64url')
      return base.ask(`/v1/enrolments/${credential}/vouch`, { method: 'POST', body: encodeVouch({ envelope, root: { kind: 'root', name: founder, signature } }), headers: by(founder) })
    },
  })
  return made
}

let keys = 0

function browserOf(base: Site, name: string): Browser {
  const passkey = createAuthenticator({ origin: webSite, rpId })
  let cookie: string | undefined
  let csrf: string | undefined
  const browser: Browser = {
    name, passkey,
    ask: async (method, path, body, headers = {}) => {
      const changing = method === 'GET' ? {} : { origin: webSite, 'sec-fetch-site': 'same-origin', 'idempotency-key': `browser-${keys += 1}`, ...(csrf === undefined ? {} : { 'exeat-csrf': csrf }) }
      const reply = await base.ask(path, { method, body, over: 'network', token: null, headers: { ...changing, ...(cookie === undefined ? {} : { cookie }), ...headers } })
      const set = [reply.headers['set-cookie'] ?? []].flat()[0]
      if (set !== undefined) cookie = set.replace(/;.*$/, '')
      return reply
    },
    signIn: async (twist) => {
      const begun = (await browser.ask('POST', '/v1/sign-in/passkey/options', {})).json() as { id: string; options: { challenge: string } }
      const reply = await browser.ask('POST', '/v1/sign-in/passkey', { id: begun.id, response: passkey.get(begun.options, twist) })
      if (reply.status === 200) csrf = String(reply.json()['csrf'])
      return reply
    },
    tap: async (wanted, twist) => {
      const reply = await browser.ask('POST', '/v1/challenges', wanted)
      if (reply.status !== 200) throw new Error(reply.text)
      const challenge = challengeSchema.parse(reply.json())
      const bytes = challengeOf(new Uint8Array(Buffer.from(challenge.random, 'base64url')), challenge.envelope, sha256)
      const options = challenge.factors.webauthn as { challenge: string } | undefined
      // What every client must hold before anybody taps.
      expect(options?.challenge).toBe(Buffer.from(bytes).toString('base64url'))
      return { challenge: challenge.id, proof: { kind: 'webauthn', response: passkey.get({ challenge: options?.challenge ?? '' }, twist) } }
    },
  }
  return browser
}
