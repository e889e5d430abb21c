/** GitHub's deployment protection rule: a real log and bundle decide, and a GitHub on loopback checks what it is told. */
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decisionMaker } from '../../src/decisions/index.ts'
import { deployments, type Deployments, type DeploymentsOptions } from '../../src/deployments/index.ts'
import { gitHubApp } from '../../src/forge/github/app.ts'
import { isFromGitHub } from '../../src/keys/hub-signature.ts'
import type { IdentityRows } from '../../src/ports/identity.ts'
import { runHistory } from '../../src/runs/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { type ForgeReply, type ForgeRequest, type ServedForge, serveForge } from '../../../testkit/src/forge/serve.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { hour, person, world, type World } from '../bundle/world.ts'
import { commit, dependencies, minute, sarif, usesOf } from '../decisions/support.ts'
import { codesOf } from '../use/support.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0

interface Said { readonly environment_name: string; readonly state?: string; readonly comment: string }

let it: World
let forge: ServedForge
let rows: IdentityRows
let rule: Deployments
let said: Said[]
let problems: string[]
let tokens: number
let random: number

/** As GitHub: an App's JWT for tokens, a token of an installation for everything else. */
async function answer({ method, path, headers, body }: ForgeRequest): Promise<ForgeReply> {
  const shown = /^Bearer (.+)$/.exec(String(headers.authorization))?.[1] ?? ''
  if (path === '/app/installations/77/access_tokens') {
    const { payload } = await jwtVerify(shown, publicKey, { issuer: '4711', algorithms: ['RS256'], currentDate: new Date(it.clock.now) })
    if ((payload.exp ?? 0) - (payload.iat ?? 0) > 600) return { status: 401, body: { message: 'too long' } }
    expect(body).toEqual({ repository_ids: [1001], permissions: { deployments: 'write' } })
    tokens += 1
    return { status: 201, body: { token: `ghs_${'x'.repeat(36)}${tokens}`, expires_at: new Date(it.clock.now + hour).toISOString() } }
  }
  if (shown !== `ghs_${'x'.repeat(36)}${tokens}`) return { status: 401, body: { message: 'Bad credentials' } }
  if (method !== 'POST' || path !== '/repos/acme/payments/actions/runs/99/deployment_protection_rule') return { status: 404, body: { message: 'Not Found' } }
  said.push(body as Said)
  return { status: 204 }
}

const environments = [{ name: 'staging', proof: 'workload' }, { name: 'production', protected: true, proof: 'workload' }]
const payload = (over: Record<string, unknown> = {}) => ({
  action: 'requested', environment: 'staging', event: 'push', deployment_callback_url: `${forge.origin}/repos/acme/payments/actions/runs/99/deployment_protection_rule`,
  deployment: { id: 5, sha: commit, ref: 'main', task: 'deploy' }, repository: { id: 1001, full_name: 'acme/payments' }, installation: { id: 77 }, sender: { login: 'ann' }, ...over,
})

function newRule(over: Partial<DeploymentsOptions> = {}): Deployments {
  const now = () => it.clock.now
  return deployments({
    app: gitHubApp({ appId: '4711', api: forge.origin, privateKey: () => pem, now, clock: now, wait: async () => undefined }), api: forge.origin, rows, runs: history(), decide: decisionMaker(dependencies(it)),
    governance: it.dependencies.governance, now, report: ({ code, message }) => { problems.push(`${code}: ${message}`) }, ...over,
  })
}
const history = () => runHistory({ rows, history: { days: 30, runs: 100 }, now: () => it.clock.now, random: () => new Uint8Array(8).fill(random += 1) })

async function recorded(rules: readonly string[], over: { readonly environment?: string; readonly proven?: boolean; readonly of?: string } = {}): Promise<void> {
  const bytes = Buffer.from(sarif(rules))
  const { environment, proven = true, of = commit } = over
  await history().keep({ repository: { name: 'acme/payments', id: '1001' }, commit: of, proven, by: 'github', findings: rules.length, ...(environment === undefined ? {} : { environment }), reports: [{ name: 'trivy.sarif', bytes, digest: createHash('sha256').update(bytes).digest('hex') }] })
}
/** As often as it takes, with time going by. */
async function rounds(count = 4, one = rule): Promise<void> {
  for (let i = 0; i < count; i++) {
    await one.round()
    it.clock.now += minute
  }
}
const verdicts = (): readonly string[] => said.filter(({ state }) => state !== undefined).map(({ state = '' }) => state)

beforeEach(async () => {
  it = await world({ spec: { environments } })
  forge = await serveForge(answer)
  rows = must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`)))
  said = []
  problems = []
  tokens = 0
  random = 0
  rule = newRule()
})
afterEach(async () => {
  await forge.close()
  await rows.close()
  await it.close()
})

test('what nothing blocks goes ahead, by an opt-out too, whose use is counted once', async () => {
  await it.activated('log4j')
  await recorded(['log4j'])
  await rule.take(payload())
  await rounds()
  expect(verdicts()).toEqual(['approved'])
  expect(said[0]).toMatchObject({ environment_name: 'staging', comment: expect.stringMatching(/1 excused\.\nExcused by `log4j` until /) as string })
  expect(await usesOf(it, 'log4j')).toBe(1)
})

test('what is blocked does not, and the answer says by what and what would help', async () => {
  await recorded(['other'])
  await rule.take(payload())
  await rounds()
  expect(verdicts()).toEqual(['rejected'])
  expect(said[0]?.comment).toMatch(/Blocked: 1 of 1 findings[^]*`trivy\/other`, 1 finding[^]*exeat explain/)
})

test('one whose opt-out ended in between does not: it is judged at the moment of the answer', async () => {
  await it.activated('log4j')
  await recorded(['log4j'])
  await it.use.revoke(person('bob'), 'log4j', 'mended', it.nextKey())
  await rule.take(payload())
  await rounds()
  expect(verdicts()).toEqual(['rejected'])
})

test('waits for what tools report, says so once, and answers when it comes', async () => {
  await rule.take(payload())
  await rounds(5)
  expect(said).toEqual([{ environment_name: 'staging', comment: expect.stringContaining('exeat gate REPORTS --record') as string }])
  await recorded([])
  await rounds()
  expect(verdicts()).toEqual(['approved'])
  expect(said.length).toBe(2)
})

test.each([
  ['that somebody merely said', { proven: false }], ['of another commit', { of: '9'.repeat(40) }], ['of another environment', { environment: 'production' }],
])('reports %s decide nothing', async (_, over) => {
  await recorded([], over)
  await rule.take(payload())
  await rounds()
  expect(verdicts()).toEqual([])
})

test('the newest run of the commit decides', async () => {
  await recorded([])
  it.clock.now += minute
  await recorded(['other'], { environment: 'staging' })
  await rule.take(payload())
  await rounds()
  expect(verdicts()).toEqual(['rejected'])
})

test('silence never lets anything through: after a day without reports the answer is no', async () => {
  await rule.take(payload())
  await rounds(2)
  it.clock.now += 25 * hour
  await rounds()
  expect(verdicts()).toEqual(['rejected'])
  expect(said.at(-1)?.comment).toContain('within a day')
})

test('an environment that the workspace does not know is refused', async () => {
  await recorded([])
  await rule.take(payload({ environment: 'moon' }))
  await rounds()
  expect(verdicts()).toEqual(['rejected'])
})

test('sent twice, raced by two servers, or replayed later, it is answered once', async () => {
  await recorded([])
  await Promise.all([rule.take(payload()), rule.take(payload())])
  const other = newRule()
  await Promise.all([rule.round(), other.round()])
  await rounds(3)
  await rule.take(payload())
  await rounds(3, other)
  expect(verdicts()).toEqual(['approved'])
})

describe('a GitHub that is not well', () => {
  test.each([['fails', { status: 500 }], ['is busy', { status: 429, headers: { 'retry-after': '1' } }], ['forgot the token', { status: 401, body: { message: 'Bad credentials' } }], ['hides it', { status: 404 }]] as const)('%s: what was decided is said once it hears', async (_, reply) => {
    await recorded(['other'])
    await rule.take(payload())
    forge.instead.push(({ path }) => (path.startsWith('/app/') ? undefined : reply), () => reply, () => reply)
    await rounds(1)
    // Nothing of what was decided changes, whatever happens meanwhile.
    await recorded([])
    await rounds(6)
    expect(verdicts()).toEqual(['rejected'])
    expect(problems.every((each) => each.startsWith('DEPLOYMENT_UNANSWERED'))).toBe(true)
  })
  test('that never is well again is given up after a day, and nothing goes ahead', async () => {
    await recorded([])
    await rule.take(payload())
    for (let i = 0; i < 200; i++) forge.instead.push(() => ({ status: 403 }))
    await rounds(2)
    it.clock.now += 25 * hour
    await rounds(2)
    const asked = forge.requests.length
    await rounds(5)
    expect([verdicts(), forge.requests.length]).toEqual([[], asked])
  })
  test('killed between its decision and the answer, the same is said', async () => {
    await recorded(['other'])
    await rule.take(payload())
    const dying = newRule({ app: { as: async () => { throw new Error('killed') } } })
    await expect(dying.round()).rejects.toThrow('killed')
    await recorded([])
    it.clock.now += minute
    await rounds()
    expect(verdicts()).toEqual(['rejected'])
  })
  test('one token serves until it is about to end', async () => {
    await recorded([])
    for (const id of [5, 6, 7]) await rule.take(payload({ deployment: { id, sha: commit } }))
    await rule.round()
    expect([verdicts().length, tokens]).toEqual([3, 1])
    it.clock.now += hour - 5 * minute
    await rule.take(payload({ deployment: { id: 8, sha: commit } }))
    await rule.round()
    expect([verdicts().length, tokens]).toEqual([4, 2])
  })
})

describe('bad input', () => {
  test.each([
    ['a callback elsewhere', { deployment_callback_url: 'https://evil.example/repos/acme/payments/actions/runs/99/deployment_protection_rule' }, 'FORGE_MOVED'],
    ['a callback of another repository', { deployment_callback_url: 'REPLACED/repos/evil/payments/actions/runs/99/deployment_protection_rule' }, 'FORGE_MOVED'],
    ['a callback that climbs', { deployment_callback_url: 'REPLACED/repos/acme/payments/actions/runs/99/deployment_protection_rule/../../../../..' }, 'FORGE_MOVED'],
    ['a callback with a query', { deployment_callback_url: 'REPLACED/repos/acme/payments/actions/runs/99/deployment_protection_rule?x' }, 'FORGE_MOVED'],
    ['a repository that the workspace does not name', { repository: { id: 9, full_name: 'acme/payments' } }, 'FORGE_REPOSITORY'],
    ['another action', { action: 'completed' }, 'REQUEST_INVALID'], ['a commit that is none', { deployment: { id: 5, sha: 'main' } }, 'REQUEST_INVALID'],
    ['a repository that is a path', { repository: { id: 1001, full_name: '../..' } }, 'FORGE_MOVED'], ['a number that is none', { deployment: { id: '5', sha: commit } }, 'REQUEST_INVALID'],
  ] as const)('%s is not taken', async (_, over, code) => {
    const text = JSON.stringify(payload(over)).replaceAll('REPLACED', forge.origin)
    expect(await codesOf(rule.take(JSON.parse(text)))).toEqual([code])
    for (const nothing of [null, [], 'x', {}]) expect(await codesOf(rule.take(nothing))).toEqual(['REQUEST_INVALID'])
    await rounds(2)
    expect(forge.requests).toEqual([])
  })

  test('attack-15: only who knows a secret is GitHub, by either of two while one follows another', () => {
    const bytes = Buffer.from('{"a":1}')
    const sign = (secret: string, over: Uint8Array = bytes): string => `sha256=${createHmac('sha256', secret).update(over).digest('hex')}`
    const secrets = ['first-secret-of-it', 'second-secret-of-it']
    for (const secret of secrets) expect(isFromGitHub(bytes, sign(secret), secrets)).toBe(true)
    for (const wrong of [undefined, '', 'sha256=', `sha256=${'0'.repeat(64)}`, sign('other'), sign(secrets[0] ?? '', Buffer.from('{"a":2}')), sign(secrets[0] ?? '').toUpperCase(), sign(secrets[0] ?? '').slice(0, -1), `${sign(secrets[0] ?? '')}0`, sign(secrets[0] ?? '').replace('sha256', 'sha1')]) {
      expect([wrong, isFromGitHub(bytes, wrong, secrets)]).toEqual([wrong, false])
    }
    expect(isFromGitHub(bytes, sign(''), [])).toBe(false)
  })

  test('hostile names stay text, and the answer stays short', async () => {
    const hostile = '`](https://evil.example) <script> @everyone \u202E'
    await recorded(Array.from({ length: 60 }, (_, i) => `${hostile}${i}`))
    await rule.take(payload())
    await rounds()
    const comment = said[0]?.comment ?? ''
    expect(comment.length).toBeLessThan(1024)
    expect(comment).not.toMatch(/[\u202E]/)
    expect(comment).toMatch(/And \d+ more\./)
    // Every backtick opens or closes a span of ours.
    for (const line of comment.split('\n')) expect((line.match(/`/g) ?? []).length % 2).toBe(0)
  })
})
