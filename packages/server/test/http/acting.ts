/** A server whose people act in every way that HTTP knows: by passkeys, an identity provider and one-time codes. */
import { generate } from 'otplib'
import { expect } from 'vitest'
import { type Browser, type PeopleSite, type Wanted, withPeople } from './browser.ts'
import { type OidcSite, oidcSite, type Visitor } from '../identity/oidc-site.ts'
import { tappedPolicy } from '../identity/people.ts'
import { by } from '../main/support.ts'
import { day, fileOf, hour, optOut, start } from '../use/support.ts'

export type Acting = OidcSite & PeopleSite

export interface Acted {
  readonly at: Acting
  /** C2SP verifier key of the log. */
  readonly key: string
  /** An engineer, and one of security: signed in. */
  readonly ann: Browser
  readonly ben: Browser
  /** Index of the entry of each act, by what it is called here. */
  readonly entries: ReadonlyMap<string, number>
}

type Binding = Extract<Wanted, { purpose: 'approve' }>['signed']

const policyFor = (tool: string, mfa: string): string => tappedPolicy('', mfa).replace('trivy/*', `${tool}/*`).replace('name: trivy', `name: ${tool}`)

const local = (...names: readonly string[]): string => `[${names.map((name) => `{ iss: "exeat:local", sub: ${name} }`).join(', ')}]`
const localGroups = `    engineering: ${local('ann')}\n    security: ${local('ben', 'cleo')}\n    sre: ${local('ann')}\n`

/** Everything that people do, over HTTP. */
export async function acting(): Promise<Acted> {
  const at: Acting = withPeople(await oidcSite({}, (workspace) => workspace.replace('  groups:\n', `  groups:\n${localGroups}`)))
  at.repository.commit({ '.exeat/policies/coded.yaml': policyFor('checkov', '{ evidence: server-asserted, backupEligible: true }') })
  const entries = new Map<string, number>()
  const [ann, ben, cleo] = ['ann', 'ben', 'cleo'].map((name) => at.browser(name)) as [Browser, Browser, Browser]
  for (const browser of [ann, ben]) {
    await at.rootVouch(browser.name as 'ann' | 'ben', await at.enrol(browser))
    await browser.signIn()
  }
  const tell = (name: string, reply: { readonly status: number; readonly text: string; readonly json: () => Record<string, unknown> }): void => {
    expect([name, reply.status < 300 ? '' : reply.text]).toEqual([name, ''])
    entries.set(name, Number(reply.json()['index']))
  }
  await byProvider(at, tell)
  await byPasskey(at, { ann, ben }, tell)
  const cleosKey = await at.enrol(cleo)
  expect((await ben.ask('POST', `/v1/enrolments/${cleosKey}/vouch`, { tap: await ben.tap({ purpose: 'enrol', credential: cleosKey }) })).status).toBe(200)
  await byCode(at, { ann, ben }, tell)
  expect((await ben.ask('POST', `/v1/enrolments/${cleosKey}/removal`, { reason: 'lost' })).status).toBe(200)
  const key = (await at.ask('/log/vkey')).text.trim()
  return { at, key, entries, ann, ben }
}

type Tell = (name: string, reply: { readonly status: number; readonly text: string; readonly json: () => Record<string, unknown> }) => void

async function byProvider(at: Acting, tell: Tell): Promise<void> {
  const [ann, ben] = [at.visitor(), at.visitor()]
  for (const [visitor, account] of [[ann, 'ann'], [ben, 'ben']] as const) await visitor.signIn(account)
  const document = at.lasting('federated')
  tell('federated/request', await ann.ask('POST', '/v1/opt-outs', { document }))
  const signed = async (): Promise<unknown> => (await ann.ask('GET', '/v1/opt-outs/federated')).json()['binding']
  const tapped = async (visitor: Visitor, account: string, purpose: 'approve' | 'activate', path: string) => {
    at.provider.login = { account, acr: 'urn:acme:phr', amr: ['hwk'] }
    const wanted = { purpose, id: 'federated', signed: await signed() }
    const { challenge } = await visitor.stepUp(wanted)
    return visitor.ask('POST', `/v1/opt-outs/federated/${path}`, { signed: wanted.signed, tap: { challenge, proof: { kind: 'oidc' } } })
  }
  tell('federated/approve', await tapped(ben, 'ben', 'approve', 'approvals'))
  at.repository.commit({ [fileOf('federated')]: JSON.stringify(document) })
  tell('federated/activate', await tapped(ann, 'ann', 'activate', 'activation'))
}

interface Two {
  readonly ann: Browser
  readonly ben: Browser
}

const bindingOf = async (browser: Browser, name: string): Promise<Binding> => (await browser.ask('GET', `/v1/opt-outs/${name}`)).json()['binding'] as Binding

async function byPasskey(at: Acting, { ann, ben }: Two, tell: Tell): Promise<void> {
  const document = at.lasting('tapped')
  tell('tapped/request', await ann.ask('POST', '/v1/opt-outs', { document }))
  const signed = await bindingOf(ann, 'tapped')
  tell('tapped/approve', await ben.ask('POST', '/v1/opt-outs/tapped/approvals', { signed, tap: await ben.tap({ purpose: 'approve', id: 'tapped', signed }) }))
  at.repository.commit({ [fileOf('tapped')]: JSON.stringify(document) })
  tell('tapped/activate', await ann.ask('POST', '/v1/opt-outs/tapped/activation', { signed, tap: await ann.tap({ purpose: 'activate', id: 'tapped', signed }) }))
  tell('tapped/revoke', await ann.ask('POST', '/v1/opt-outs/tapped/revocation', { reason: 'fixed' }))
  tell('gone/request', await ann.ask('POST', '/v1/opt-outs', { document: at.lasting('gone') }))
  tell('gone/reject', await ben.ask('POST', '/v1/opt-outs/gone/rejection', { reason: 'no' }))
  const { uid } = (await ann.ask('GET', '/v1/opt-outs/gone')).json() as { uid: string }
  tell('gone/erase', await at.ask('/v1/erasures', { method: 'POST', body: { uid, reason: 'asked to' }, headers: { ...by('keeper'), 'idempotency-key': 'erase-gone' } }))
  const from = Date.now() - start - hour
  const fire = optOut('fire', { category: 'emergency', controls: ['trivy/FIRE'], from: from + hour, until: from + 4 * hour })
  const wanted = { document: fire, team: 'sre' }
  tell('fire/emergency', await ann.ask('POST', '/v1/emergencies', { ...wanted, tap: await ann.tap({ purpose: 'emergency', asked: wanted }) }))
  expect((await ann.ask('POST', '/v1/opt-outs/fire/acknowledgement', {})).json()).toMatchObject({ status: 403, code: 'ALARM_OWN' })
  tell('fire/acknowledgement', await ben.ask('POST', '/v1/opt-outs/fire/acknowledgement', {}))
  const drill = await ann.ask('POST', '/v1/drills', { within: 600 })
  tell('drill/start', drill)
  tell('drill/acknowledgement', await ben.ask('POST', `/v1/drills/${String(drill.json()['index'])}/acknowledgement`, {}))
  const said = { verdict: 'justified', reason: 'the site was down' } as const
  tell('fire/review', await ben.ask('POST', '/v1/opt-outs/fire/review', { ...said, tap: await ben.tap({ purpose: 'review', id: 'fire', review: said }) }))
}

/** A day later, when the secret counts. */
async function byCode(at: Acting, { ann, ben }: Two, tell: Tell): Promise<void> {
  const { secret, id, credential } = (await ben.ask('POST', '/v1/totp')).json() as { secret: string; id: string; credential: string }
  const code = async () => generate({ secret, epoch: Math.floor(at.clock.now / 1000) })
  expect((await ben.ask('POST', '/v1/totp/confirmation', { id, code: await code(), label: 'phone', tap: await ben.tap({ purpose: 'enrol', credential }) })).status).toBe(201)
  at.ahead = day + hour
  await Promise.all([ann.signIn(), ben.signIn()])
  const document = optOut('coded', { controls: ['checkov/X'], from: at.clock.now - start - hour, until: at.clock.now - start + 2 * day })
  tell('coded/request', await ann.ask('POST', '/v1/opt-outs', { document }))
  const signed = await bindingOf(ann, 'coded')
  const begun = (await ben.ask('POST', '/v1/challenges', { purpose: 'approve', id: 'coded', signed })).json() as { id: string }
  tell('coded/approve', await ben.ask('POST', '/v1/opt-outs/coded/approvals', { signed, tap: { challenge: begun.id, proof: { kind: 'totp', code: await code() } } }))
}
