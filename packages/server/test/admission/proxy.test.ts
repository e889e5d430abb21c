/** The proxy: real TLS, a real bundle, and denials as Kyverno and Gatekeeper write them. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { proxy, type RunningAdmission, serveAdmission, type UpstreamKind } from '../../src/admission/index.ts'
import { readPair } from '../../src/admission/certificate.ts'
import { hour } from '../bundle/world.ts'
import { type AdmissionWorld, admissionWorld, folderOfPairs, type Pair, pairIn, policyOf, review, reviewText, send, unreachable, webhook } from './support.ts'

const { folder, remove } = folderOfPairs()
let pairs: { readonly front: Pair; readonly next: Pair; readonly behind: Pair }
beforeAll(() => { pairs = { front: pairIn(folder, 'front'), next: pairIn(folder, 'next'), behind: pairIn(folder, 'behind') } })
afterAll(remove)

let open: AdmissionWorld | undefined
let running: RunningAdmission | undefined
let behind: Server | undefined
afterEach(async () => {
  await running?.stop()
  behind?.closeAllConnections()
  behind?.close()
  await open?.close()
  open = running = behind = undefined
})

type Answer = (request: { readonly uid: string }) => string | Uint8Array | undefined

async function started(kind: UpstreamKind, answer: Answer, over: Parameters<typeof admissionWorld>[1] = {}): Promise<AdmissionWorld> {
  open = await admissionWorld([policyOf('kyverno'), policyOf('gatekeeper')], over)
  const upstream = await webhook(pairs.behind, ({ request }) => answer(request))
  behind = upstream.server
  running = await serveAdmission({
    host: '127.0.0.1', port: 0, certificate: pairs.front, point: open.point, handle: proxy({ upstream, kind, point: open.point }), report: () => undefined, every: { certificate: 20, bundle: 3_600_000 },
  })
  return open
}

const ca = (): string => readFileSync(pairs.front.cert, 'utf8')
const admit = async (request = review(), query = '?timeout=10s') => {
  const { status, body } = await send(running?.address.port ?? 0, `/admit${query}`, ca(), reviewText(request))
  expect(status).toBe(200)
  return (JSON.parse(body) as { readonly response: { readonly uid: string; readonly allowed: boolean; readonly status?: { readonly message: string }; readonly warnings?: readonly string[]; readonly auditAnnotations?: object } }).response
}
const say = (response: object): Answer => ({ uid }) => JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...response } })

const kyverno = '\n\nresource Pod/team-a/web was blocked due to the following policies \n\nrequire-labels:\n  check-team: \'validation error: the label team is required. rule check-team failed\n    at path /metadata/labels/team/\'\n'
const two = `${kyverno}restrict-images:\n  registry: 'validation error: unknown registry'\n`
const deny = (message: string, more: object = {}): Answer => say({ allowed: false, status: { message }, ...more })

const team = { controls: ['kyverno/require-labels/check-team'], targets: { repositories: ['acme/payments'], environments: ['staging'], resources: ['Pod/team-a/web'] } }

describe('a denial of Kyverno', () => {
  test('is overridden where its reason is excused, and the use is claimed with object and user; revoked, it stands', async () => {
    const { it, claimed, point } = await started('kyverno', deny(kyverno, { warnings: ['w'], auditAnnotations: { a: 'b' } }))
    const before = await admit()
    expect(before).toMatchObject({ allowed: false, status: { message: expect.stringContaining('exeat: kyverno/require-labels/check-team is not excused') as string } })
    expect(before.status?.message).toContain('$ exeat explain kyverno/require-labels/check-team')
    await it.activated('team', team)
    await point.refresh()
    expect(await admit()).toMatchObject({
      uid: review()['uid'], allowed: true, auditAnnotations: { a: 'b', 'exeat-excused-by': 'team' }, warnings: ['w', expect.stringContaining('excused, not passed, by opt-out team') as string],
    })
    expect(claimed).toMatchObject([{ point: 'admission/test/staging', subject: 'object:pods/team-a/web user:alice' }])
    await it.use.revoke({ identity: { iss: 'exeat:operator', sub: 'bob' }, evidence: { strength: 'operator-asserted', name: 'bob' } } as never, 'team', 'mended', it.nextKey())
    await point.refresh()
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('was revoked') as string } })
  })

  test.each([
    ['a second reason that nothing excuses', two],
    ['another object than the request\'s', kyverno.replace('Pod/team-a/web', 'Pod/team-b/web')],
    ['words behind it that are no policy', `${kyverno}not yaml at all`],
    ['a reason that stands twice', `${kyverno}require-labels:\n  check-team: again\n`],
    ['an anchor', kyverno.replace('check-team: ', 'check-team: &a ')],
    ['no text', ''],
    ['an error of Kyverno', 'mutation policy require-labels error: boom'],
  ])('with %s stays a denial', async (_, message) => {
    const { it, point, claimed } = await started('kyverno', deny(message))
    await it.activated('team', team)
    await point.refresh()
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('exeat') as string } })
    expect(claimed).toEqual([])
  })

  test('of policies in CEL is overridden where each is excused; an error never', async () => {
    let message = 'Policy require-team failed: no; Policy other failed: no; neither'
    const { it, point } = await started('kyverno', (request) => deny(message)(request))
    await it.activated('cel', { controls: ['kyverno/require-team', 'kyverno/other'], targets: { repositories: ['acme/payments'], environments: ['staging'] } })
    await point.refresh()
    expect((await admit()).allowed).toBe(true)
    message = 'Policy require-team failed: no; Policy other error: no such key'
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('could not be evaluated') as string } })
    message = 'Policy require-team failed: x; Policy third failed: y'
    expect((await admit()).allowed).toBe(false)
  })

  test('a dry run counts no use, and says so', async () => {
    const { it, point, claimed } = await started('kyverno', deny(kyverno))
    await it.activated('team', { ...team, limits: { findings: 3, uses: 1 } })
    await point.refresh()
    for (const _ of [1, 2]) expect(await admit(review({ dryRun: true }))).toMatchObject({ allowed: true, auditAnnotations: { 'exeat-dry-run': 'no use was counted' }, warnings: [expect.stringContaining('dry run') as string] })
    expect(claimed).toEqual([])
    expect((await admit()).allowed).toBe(true)
    await point.refresh()
    expect((await admit(review({ userInfo: { username: 'mallory' } }))).allowed).toBe(false)
  })

  test('a use that must be counted and is not excuses nothing', async () => {
    const { it, point } = await started('kyverno', deny(kyverno), { claim: async () => [] })
    await it.activated('team', { ...team, limits: { findings: 3, uses: 5 } })
    await point.refresh()
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('the server did not answer for its use') as string } })
  })
})

describe('a denial of Gatekeeper', () => {
  const said = '[ns-must-have-gk] you must provide labels: {"gatekeeper"}\n[other] second\nwith a line of its own'
  test('is overridden where each constraint is excused, and no other', async () => {
    let code = 403
    const { it, point } = await started('gatekeeper', (request) => say({ allowed: false, status: { code, reason: 'Forbidden', message: said } })(request))
    await it.activated('one', { controls: ['gatekeeper/ns-must-have-gk'], targets: { repositories: ['acme/payments'], environments: ['staging'] } })
    await point.refresh()
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('gatekeeper/other is not excused') as string } })
    await it.activated('two', { controls: ['gatekeeper/other'], targets: { repositories: ['acme/payments'], environments: ['staging'] } })
    await point.refresh()
    expect((await admit()).allowed).toBe(true)
    code = 500
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('its code is 500') as string } })
  })
})

describe('the webhook behind', () => {
  test('what it allows passes byte for byte', async () => {
    const text = (uid: string): string => `{ "kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1", "response":{"uid":"${uid}","allowed":true,"patchType":"JSONPatch","patch":"W10=","warnings":["careful"],"auditAnnotations":{"k":"v"},"new":1.0}}`
    await started('kyverno', ({ uid }) => text(uid))
    const { body } = await send(running?.address.port ?? 0, '/admit', ca(), reviewText(review()))
    expect(body).toBe(text(String(review()['uid'])))
  })

  test.each<[string, Answer, string]>([
    ['answers another uid', () => JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'other', allowed: true } }), 'another request'],
    ['answers no JSON', () => 'yes', 'no AdmissionReview'],
    ['answers v1beta1', ({ uid }) => JSON.stringify({ apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', response: { uid, allowed: true } }), 'no AdmissionReview'],
    ['answers too much', () => Buffer.alloc(9 * 1024 * 1024, 32), 'more than'],
    ['says `allowed` in a word', say({ allowed: 'true' }), 'no AdmissionReview'],
  ])('that %s is denied, and never excused', async (_, answer, why) => {
    await started('kyverno', answer)
    expect(await admit()).toMatchObject({ uid: review()['uid'], allowed: false, status: { code: 500, message: expect.stringContaining(why) as string } })
  })

  test('that hangs is denied within the caller\'s time', async () => {
    await started('kyverno', () => undefined)
    expect(await admit(review(), '?timeout=1s')).toMatchObject({ allowed: false, status: { message: expect.stringContaining('did not answer in time') as string } })
  })

  test('that is not who it must be is denied', async () => {
    const { point } = await started('kyverno', say({ allowed: true }))
    const address = behind?.address()
    const stranger = proxy({ upstream: { url: new URL(`https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`) }, kind: 'kyverno', point })
    expect(String(await stranger(review() as never, Buffer.from(reviewText(review())), performance.now() + 5000))).toContain('cannot be reached')
  })
})

describe('the bundle', () => {
  test('that ended, or that cannot be verified any more, excuses nothing, and /readyz says so', async () => {
    const made = await started('kyverno', deny(kyverno))
    const { it, point } = made
    const ready = () => send(running?.address.port ?? 0, '/readyz', ca())
    await it.activated('team', team)
    await point.refresh()
    expect(await ready()).toEqual({ status: 200, body: 'ok\n' })
    made.fail = unreachable()
    await point.refresh()
    expect((await admit()).allowed).toBe(true)
    it.clock.now += hour / 12
    expect(await ready()).toMatchObject({ status: 503, body: expect.stringContaining('the server is away') as string })
    expect(await admit()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('exeat excuses nothing') as string } })
    made.fail = undefined
    await point.refresh()
    expect((await admit()).allowed).toBe(true)
    // A clock that was set back by more than a minute was wrong before, or is wrong now.
    it.clock.now -= 60_001
    expect((await admit()).allowed).toBe(false)
    it.clock.now += 60_001
    expect((await admit()).allowed).toBe(true)
    made.fail = new Error('it does not verify')
    await point.refresh()
    expect((await admit()).allowed).toBe(false)
    it.clock.now = NaN
    expect(point.trouble()).toBeDefined()
  })
})

describe('the server', () => {
  test('refuses what is no review of the version it knows, what is too large, and other ways in', async () => {
    await started('kyverno', say({ allowed: true }))
    const port = running?.address.port ?? 0
    const old = JSON.stringify({ apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', request: review() })
    expect(await send(port, '/admit', ca(), old)).toEqual({ status: 400, body: 'the review is of `admission.k8s.io/v1beta1`, and only `admission.k8s.io/v1` is taken\n' })
    expect(await send(port, '/admit', ca(), '{')).toMatchObject({ status: 400 })
    expect(await send(port, '/admit', ca(), reviewText(review({ uid: '' })))).toMatchObject({ status: 400, body: expect.stringContaining('request.uid') as string })
    expect(await send(port, '/admit', ca(), old, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect(await send(port, '/admit', ca())).toMatchObject({ status: 405 })
    expect(await send(port, '/else', ca(), old)).toMatchObject({ status: 404 })
    const large = await send(port, '/admit', ca(), Buffer.alloc(9 * 1024 * 1024, 32)).catch(() => ({ status: 413 }))
    expect(large).toMatchObject({ status: 413 })
  })

  test('serves new handshakes under a certificate that was replaced, and not under half of one', async () => {
    const files = { cert: `${folder}/live.crt`, key: `${folder}/live.key` }
    copyFileSync(pairs.front.cert, files.cert)
    copyFileSync(pairs.front.key, files.key)
    open = await admissionWorld([])
    const told: string[] = []
    running = await serveAdmission({
      host: '127.0.0.1', port: 0, certificate: files, point: open.point, handle: async () => '{}', report: (message) => { told.push(message) }, every: { certificate: 10, bundle: 3_600_000 },
    })
    const { port } = running.address
    const under = (pair: Pair) => send(port, '/healthz', readFileSync(pair.cert, 'utf8')).then(({ status }) => status, () => 0)
    const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      while (!await holds()) await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
    expect(await under(pairs.front)).toBe(200)
    writeFileSync(files.cert, readFileSync(pairs.next.cert))
    await until(() => told.some((message) => message.includes('is not that of the certificate')))
    expect(await under(pairs.front)).toBe(200)
    copyFileSync(pairs.next.key, files.key)
    await until(async () => await under(pairs.next) === 200)
    expect(await under(pairs.front)).toBe(0)
  })

  test('a missing or broken pair is refused at the start', () => {
    const code = expect.objectContaining({ problems: [expect.objectContaining({ code: 'ADMISSION_CERTIFICATE' })] }) as Error
    expect(() => readPair({ cert: `${folder}/none`, key: pairs.front.key })).toThrow(code)
    expect(() => readPair({ cert: pairs.front.key, key: pairs.front.key })).toThrow(code)
    expect(() => readPair({ cert: pairs.front.cert, key: pairs.next.key })).toThrow(code)
  })
})
