/** No secret, token or recovery code reaches an answer that did not give it, an address, a report, or a file that is not a key's: searched for after whole runs. */
import { randomUUID } from 'node:crypto'
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newSessionKey, proofFor, publicPart } from '@exeat/client/session'
import { localIssuer } from '@exeat/core/entry'
import { generate } from 'otplib'
import { expect, test } from 'vitest'
import { oidcSite } from '../identity/oidc-site.ts'
import { by, type Site } from '../main/support.ts'
import { day, fileOf, optOut } from '../use/support.ts'
import { peopleSite } from './browser.ts'
import { type Secret, spellings, watch } from './sightings.ts'

const cookieOf = (headers: { readonly 'set-cookie'?: string | readonly string[] | undefined }): string => /^__Host-exeat=([^;]+)/.exec([headers['set-cookie'] ?? []].flat()[0] ?? '')?.[1] ?? ''
/** The token of a page is told to its own page, as often as it asks. */
const ofPages = (path: string): boolean => path === '/v1/session' || path.startsWith('/v1/sign-in')

/** What the key files hold: seeds and keys, each a secret. */
const keysOf = ({ data }: Site): readonly Secret[] => ['keys', 'founders'].flatMap((folder) => readdirSync(join(data, folder)).map((file): Secret => {
  const text = readFileSync(join(data, folder, file), 'utf8').trim()
  return { name: `${folder}/${file}`, value: /^PRIVATE\+KEY\+[^+]+\+[0-9a-f]+\+(.+)$/.exec(text)?.[1] ?? text }
}))

test('the search finds a secret in whatever way it is written', () => {
  const secret = 'q3vEUqQ0m3cDPl2b9kH_-w1Zs7uYt4aB'
  for (const written of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex').toUpperCase(), Buffer.from(secret, 'base64url').toString('hex'), encodeURIComponent(secret)]) {
    expect(spellings(secret).some((each) => written.toLowerCase().includes(each.toLowerCase())), written).toBe(true)
  }
})

test('attack-15: people enrolled here: links, passkeys, one-time codes, API keys, the hand-over, acts, and what goes wrong with each', { timeout: 60_000 }, async () => {
  const at = await peopleSite()
  const seen = watch(at)
  const secrets: Secret[] = [{ name: 'the token of the point', value: at.founded.pointToken }]
  const [ann, ben] = [at.browser('ann'), at.browser('ben')]
  for (const browser of [ann, ben]) {
    await at.rootVouch(browser.name as 'ann' | 'ben', await at.enrol(browser))
    const { headers, text } = await browser.signIn()
    secrets.push({ name: `the cookie of ${browser.name}`, value: cookieOf(headers) }, { name: `the page's token of ${browser.name}`, value: (JSON.parse(text) as { csrf: string }).csrf, answers: ofPages })
  }
  const links = seen.exchanges.filter(({ path }) => path === '/v1/links').map(({ reply }) => new URL(String(reply.json()['url'])))
  secrets.push(...links.map(({ hash }, i): Secret => ({ name: `the secret of link ${i}`, value: hash.slice(1) })))
  for (const { hash } of links) for (const body of [{ secret: hash.slice(1) }, { secret: [hash.slice(1)] }, { secret: hash.slice(1), [hash.slice(1)]: 1 }.secret, { link: hash.slice(1) }]) await ann.ask('POST', '/v1/enrolments/options', body)

  const codes = (await ben.ask('POST', '/v1/totp')).json() as { secret: string; id: string; credential: string }
  secrets.push({ name: 'the secret of one-time codes', value: codes.secret })
  const code = async (): Promise<string> => generate({ secret: codes.secret, epoch: Math.floor(at.clock.now / 1000) })
  for (const tried of ['000000', await code()]) await ben.ask('POST', '/v1/totp/confirmation', { id: codes.id, code: tried, label: 'phone', tap: await ben.tap({ purpose: 'enrol', credential: codes.credential }) })
  await ben.ask('GET', '/v1/enrolments')

  const { secret: apiKey } = (await ann.ask('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'], days: 30 })).json() as { secret: string }
  secrets.push({ name: 'an API key', value: apiKey })
  for (const [method, path] of [['GET', '/v1/opt-outs'], ['POST', '/v1/opt-outs'], ['GET', '/v1/api-keys'], ['GET', '/v1/bundle']] as const) await at.ask(path, { method, over: 'network', token: apiKey, ...(method === 'POST' ? { body: {}, headers: { 'idempotency-key': randomUUID() } } : {}) })
  await at.ask('/v1/opt-outs', { over: 'network', token: `${apiKey.slice(0, -1)}x` })

  const key = await newSessionKey()
  const post = async (path: string, body: unknown) => at.ask(path, { method: 'POST', over: 'network', token: null, body, headers: { dpop: await proofFor(key, { method: 'POST', url: `https://exeat.acme.example${path}`, now: at.clock.now }) } })
  const begun = (await post('/v1/device', { key: publicPart(key), client: { host: 'h', user: 'u', command: 'exeat login' } })).json() as { deviceCode: string; userCode: string }
  const typed = begun.userCode.replace('-', '')
  await ann.ask('POST', `/v1/device/${typed}`, { code: typed, allow: true })
  at.clock.now += 10_000
  const { token } = (await post('/v1/device/token', { deviceCode: begun.deviceCode })).json() as { token: string }
  secrets.push({ name: 'the code of the hand-over', value: begun.deviceCode }, { name: 'the session of the command line', value: token }, { name: 'the key of the command line', value: String((key as { d?: string }).d) })
  for (const authorization of [`Bearer ${token}`, `DPoP ${token}`]) await at.ask('/v1/session', { over: 'network', token: null, headers: { authorization } })

  const document = optOut('log4j', { until: 12 * day })
  const { binding: signed } = (await ann.ask('POST', '/v1/opt-outs', { document })).json()['optOut'] as { binding: { optOut: string; terms: string; impact: null } }
  expect((await ben.ask('POST', '/v1/opt-outs/log4j/approvals', { signed, tap: await ben.tap({ purpose: 'approve', id: 'log4j', signed }) })).status).toBe(200)
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(document) })
  expect((await ann.ask('POST', '/v1/opt-outs/log4j/activation', { signed, tap: await ann.tap({ purpose: 'activate', id: 'log4j', signed }) })).status).toBe(200)
  await at.ask('/v1/bundle', { over: 'network' })
  await at.ask('/v1/bundle', { over: 'network', token: `${at.founded.pointToken}x` })
  for (const path of ['/v1/status', '/v1/entries', '/v1/session', '/v1/enrolments', '/v1/sign-in']) await ann.ask('GET', path)
  secrets.push(...keysOf(at))
  await at.stop()
  expect(secrets.map(({ value }) => value.length).filter((length) => length < 16)).toEqual([])
  expect(seen.sightings(secrets)).toEqual([])
  // The search would have found them: what was given away was given once, and seen.
  for (const { name, value } of secrets.filter((each) => ['an API key', 'the secret of one-time codes', 'the session of the command line', 'the code of the hand-over'].includes(each.name))) {
    expect(seen.sightings([{ name, value, answers: () => false }]), name).toHaveLength(1)
  }
  await at.close()
})

test('attack-15: an identity provider and jobs: client secret, codes, tokens of a sign-in, tokens of jobs', { timeout: 60_000 }, async () => {
  const clientSecret = 'c0ffee-Client_Secret.0123456789abcdef'
  const at = await oidcSite({ secret: clientSecret }, (workspace, issuer) => `${workspace}    workloads:
      - { name: actions, kind: github, issuer: "${issuer}", audience: "https://exeat.acme.example", environments: { test: test } }
`)
  const seen = watch(at)
  const file = join(at.data, 'keys', 'provider-acme.secret')
  writeFileSync(file, `${clientSecret}\n`)
  chmodSync(file, 0o600)
  const secrets: Secret[] = [{ name: 'the client secret', value: clientSecret }]
  at.provider.twist = async (claims, sign) => {
    const token = await sign(claims)
    // That of a step-up is evidence, and stands in the log: it speaks of one act, which it completed.
    if (claims['acr'] === 'urn:acme:pwd') secrets.push({ name: 'the ID token of a sign-in', value: token.split('.')[2] ?? '' })
    return token
  }
  const [ann, ben] = [at.visitor(), at.visitor()]
  for (const [visitor, account] of [[ann, 'ann'], [ben, 'ben']] as const) {
    const reply = await visitor.signIn(account)
    expect([reply.status, reply.text]).toEqual([302, ''])
    secrets.push({ name: `the cookie of ${account}`, value: visitor.jar.get('__Host-exeat') ?? '' }, { name: `the page's token of ${account}`, value: visitor.csrf ?? '', answers: ofPages })
  }
  // Codes come in an address, as the protocol has it; they are spent there, and must stand nowhere else.
  const spent = seen.exchanges.flatMap(({ path }) => new URL(path, 'https://x.example').searchParams.get('code') ?? [])
  expect(spent).toHaveLength(2)
  const late = await ben.leave('/auth/acme/start')
  at.ahead = 11 * 60_000
  await ben.ask('GET', late)
  at.ahead = 0
  const { binding: signed } = (await ann.ask('POST', '/v1/opt-outs', { document: at.lasting('log4j') })).json()['optOut'] as { binding: unknown }
  at.provider.login = { account: 'ben', acr: 'urn:acme:phr', amr: ['hwk'] }
  const { challenge } = await ben.stepUp({ purpose: 'approve', id: 'log4j', signed })
  expect((await ben.ask('POST', '/v1/opt-outs/log4j/approvals', { signed, tap: { challenge, proof: { kind: 'oidc' } } })).status).toBe(200)

  const seconds = Math.floor(Date.now() / 1000)
  const job = (more: object): Promise<string> => at.provider.sign({
    iss: at.provider.issuer, aud: 'https://exeat.acme.example', iat: seconds, nbf: seconds, exp: seconds + 300, jti: randomUUID(), sub: 'repo:acme/payments:ref:refs/heads/main', repository_id: '1001',
    repository_owner_id: '77', ref: 'refs/heads/main', ref_protected: 'true', event_name: 'push', sha: 'a'.repeat(40), ...more,
  })
  for (const [more, path] of [[{}, '/v1/bundle?audience=1001'], [{ repository_id: '9' }, '/v1/bundle?audience=1001'], [{ aud: 'other' }, '/v1/bundle?audience=1001'], [{ exp: seconds - 300 }, '/v1/bundle?audience=1001'], [{}, '/v1/opt-outs']] as const) {
    const token = await job(more)
    secrets.push({ name: 'the token of a job', value: token.split('.')[2] ?? '' })
    await at.ask(path, { over: 'network', token })
  }
  secrets.push(...keysOf(at).filter(({ name }) => !name.endsWith('.secret')))
  await at.stop()
  expect(secrets.map(({ value }) => value.length).filter((length) => length < 16)).toEqual([])
  expect(seen.sightings(secrets)).toEqual([])
  const inAddresses = seen.sightings(spent.map((value) => ({ name: 'a code', value, answers: () => false })))
  expect(inAddresses.filter((each) => !each.startsWith('a code in the address /auth/acme/callback'))).toEqual([])
  await at.close()
})

test('a link is written where people see it, and its secret behind the #, which no server is sent', async () => {
  const at = await peopleSite()
  const { url } = (await at.ask('/v1/links', { method: 'POST', body: { person: { iss: localIssuer, sub: 'dora' }, label: 'dora' }, headers: by('keeper') })).json() as { url: string }
  const { pathname, search, hash } = new URL(url)
  expect([pathname, search]).toEqual(['/enrol', ''])
  expect(hash.length).toBeGreaterThan(22)
  await at.close()
})
