/** `exeat gate` in a job that holds no token of a point: it asks its forge for its own, and the server counts uses of that very commit. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Claims, oidcProvider, type TestProvider } from '../../testkit/src/oidc-provider.ts'
import { builtCommand } from './built.ts'
import { countedUses, json, logWorld, type World } from './log-world.ts'
import type { Ran } from './session.ts'

const main = builtCommand()
const audience = 'https://exeat.acme.example'
let issuer: TestProvider
let world: World
/** What GitHub was asked with. */
const asked: { readonly audience: string | null; readonly authorization: string | undefined }[] = []

const workspace = (id: string): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${id}
  protectedRef: main
  sources: [{ name: acme/payments, forge: github, repositoryId: "1001" }, { name: acme/ledger, forge: gitlab, repositoryId: "2002" }]
  environments:
    - { name: development, proof: asserted }
    - { name: production, protected: true, proof: workload }
  gates: [{ thresholds: [{ tools: [trivy], severity: critical }] }]
  alerts: [{ name: oncall, url: "http://127.0.0.1:9/" }]
  groups:
    engineering: [{ iss: "exeat:operator", sub: alice }, { iss: "exeat:operator", sub: carol }]
    security: [{ iss: "exeat:operator", sub: bob }]
  identity:
    relyingParty: { id: localhost, origins: ["http://localhost:1"] }
    workloads:
      - { name: actions, kind: github, issuer: "${issuer.issuer}", audience: "${audience}" }
`

beforeAll(async () => {
  issuer = await oidcProvider({ clientId: 'none', redirectUris: ['https://rp.example/'], accounts: {} })
  world = await logWorld(main, 'acme/payments', { workspace })
  world.activate('limited', { limits: '{ findings: 1, uses: 50 }' })
}, 60_000)
afterAll(async () => {
  await world.remove()
  await issuer.stop()
})
afterEach(() => { issuer.instead.clear() })

const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
const claims = (more: Claims = {}): Claims => ({
  iss: issuer.issuer, aud: audience, sub: 'repo:acme/payments', iat: seconds(), exp: seconds(300), jti: randomUUID(), repository_id: '1001', repository_owner_id: '77', ref: 'refs/heads/main',
  ref_protected: 'true', event_name: 'push', sha: head(), ...more,
})
/** The commit that the gate runs at. */
const head = (): string => String((json(world.exeat(['gate', 'trivy.json', '--env', 'development', '--format', 'json'])) as { facts: { commit: { value: string } } }).facts.commit.value)

/** As GitHub offers tokens to a job: at an address, for whoever shows the job's secret. */
function offer(more: Claims = {}, answer?: (res: ServerResponse) => void): Readonly<Record<string, string>> {
  const sha = head()
  issuer.instead.set('/token-of-job', (req: IncomingMessage, res: ServerResponse) => {
    const wanted = new URL(req.url ?? '', issuer.issuer).searchParams.get('audience')
    asked.push({ audience: wanted, authorization: req.headers.authorization })
    if (answer !== undefined) answer(res)
    else void issuer.sign({ ...claims({ sha, aud: wanted }), ...more }).then((value) => res.end(JSON.stringify({ value })))
  })
  return { EXEAT_TOKEN: '', ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.issuer}/token-of-job?api-version=2.0`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret-of-the-job' }
}

const gate = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> => world.exeatLater(['gate', 'trivy.json', '--env', 'development', '--no-cache', '--format', 'json', ...args], env)

describe('in GitHub Actions', { timeout: 60_000 }, () => {
  test('a new token for each request, for the audience of the workspace; what is limited is counted, and excuses', async () => {
    const env = offer()
    const before = [asked.length, countedUses(world, 'limited')] as const
    const ran = await gate(env)
    expect(ran.exit, ran.stderr).toBe(0)
    expect(json(ran)).toMatchObject({ summary: { excused: 1, blocked: 0 }, log: { source: 'fetched', uses: [{ state: 'counted', acknowledged: true }] } })
    expect(asked.slice(before[0])).toEqual([1, 2].map(() => ({ audience, authorization: 'Bearer secret-of-the-job' })))
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/eyJ|secret-of-the-job/)
    expect(countedUses(world, 'limited')).toBe(before[1])
  })
  test('attack-11: on a pull request nothing is counted, so that nothing which must be is excused', async () => {
    const ran = await gate(offer({ event_name: 'pull_request', ref: 'refs/pull/7/merge', ref_protected: 'false' }))
    expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining('a job that `pull_request` started')])
  })
  test.each<readonly [string, Claims, string]>([
    ['another commit than the clone\'s', { sha: 'b'.repeat(40) }, 'none of this job\'s'],
    ['another environment than the flag\'s', { environment: 'production' }, 'none of this job\'s'],
  ])('attack-15: of %s, the use is refused, and nothing excused', async (_, more, why) => {
    const ran = await gate(offer(more))
    expect([ran.exit, ran.stderr.replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining(why)])
  })
  test.each<readonly [string, Claims, string]>([
    ['another repository', { repository_id: '2002' }, 'WORKLOAD_REPOSITORY'], ['an unprotected ref', { ref_protected: 'false' }, 'WORKLOAD_REF'], ['an end that has passed', { exp: seconds(-120) }, 'WORKLOAD_TOKEN'],
  ])('attack-15: of %s, there is no bundle', async (_, more, code) => {
    const ran = await gate(offer(more))
    expect([ran.exit, ran.stderr]).toEqual([3, expect.stringContaining(code)])
  })
  test.each<readonly [string, (res: ServerResponse) => void]>([
    ['refuses', (res) => { res.writeHead(403).end('{}') }], ['answers something else', (res) => { res.end('{"token":"x"}') }], ['answers no JSON', (res) => { res.end('<html>') }],
    ['answers a token with a line break', (res) => { res.end('{"value":"a\\nb"}') }], ['sends elsewhere', (res) => { res.writeHead(302, { location: 'https://evil.example' }).end() }],
    ['answers without end', (res) => { res.end(JSON.stringify({ value: 'x'.repeat(100_000) })) }], ['hangs up', (res) => { res.destroy() }],
  ])('where GitHub %s, the gate fails and excuses nothing', async (_, answer) => {
    const ran = await gate(offer({}, answer))
    expect([ran.exit, ran.stderr]).toEqual([1, expect.stringContaining('JOB_TOKEN')])
    expect(ran.stderr).not.toContain('secret-of-the-job')
  })
  test('the job\'s secret goes to nobody in the clear, nor its token', async () => {
    const env = offer()
    const away = await gate({ ...env, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://forge.example/token' })
    expect([away.exit, away.stderr]).toEqual([1, expect.stringContaining('no https address')])
    const ran = await gate(env, '--bundle', 'http://exeat.example')
    expect([ran.exit, ran.stderr]).toEqual([64, expect.stringContaining('in the clear')])
  })
  test('the token of a point comes first, and nobody is asked for another', async () => {
    const { EXEAT_TOKEN: _, ...env } = offer()
    const before = asked.length
    expect((await gate(env)).exit).toBe(0)
    expect(asked.length).toBe(before)
  })
})

describe('a decision', { timeout: 60_000 }, () => {
  const decide = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> =>
    world.exeatLater(['decide', 'trivy.json', '--env', 'development', ...args], { EXEAT_SERVER: world.url, ...env })
  const hold = (...args: readonly string[]): Promise<Ran> => decide({}, '--verify', 'decision.json', '--proven', ...args)
  const workflow = { job_workflow_ref: 'acme/ci/.github/workflows/gate.yml@refs/heads/main', job_workflow_sha: 'e'.repeat(40), environment: 'development' }

  test('by the job\'s own token is proven, and holds for whoever pins the workflow that asked', async () => {
    const ran = await decide(offer(workflow), '-o', 'decision.json')
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stdout).toMatch(/\(1001\), verified; commit [0-9a-f]{12}, verified; development, verified\n {2}asked by a job of actions[^]*workflow/)
    expect(await hold('--workflow', 'd'.repeat(40), '--workflow', 'e'.repeat(40))).toMatchObject({ exit: 0 })
    expect(await hold('--workflow', 'd'.repeat(40))).toMatchObject({ exit: 3, stderr: expect.stringContaining('DECISION_UNPROVEN') as string })
  })
  test('attack-11: of a pull request says what would be, and is honoured by nobody', async () => {
    const ran = await decide(offer({ ...workflow, event_name: 'pull_request', ref: 'refs/pull/7/merge', ref_protected: 'false' }), '-o', 'decision.json')
    expect(ran.stdout, ran.stderr).toMatch(/^PREVIEW {2}what would be/)
    expect(await hold()).toMatchObject({ exit: 3, stderr: expect.stringContaining('DECISION_PREVIEW') as string })
  })
  test('of another commit than the token\'s is refused', async () => {
    expect(await decide(offer({ ...workflow, sha: 'b'.repeat(40) }))).toMatchObject({ exit: 3, stderr: expect.stringContaining('DECISION_FACTS') as string })
  })
})

describe('elsewhere', { timeout: 60_000 }, () => {
  test('GitLab\'s own variable is good for the bundle and for one claim', async () => {
    const ran = await gate({ EXEAT_TOKEN: '', EXEAT_ID_TOKEN: await issuer.sign(claims()) })
    expect(ran.exit, ran.stderr).toBe(0)
  })
  test('a file, read anew for each request', async () => {
    const file = join(world.state, '..', 'token')
    writeFileSync(file, `${await issuer.sign(claims())}\n`)
    expect((await gate({ EXEAT_TOKEN: '', EXEAT_TOKEN_FILE: file })).exit).toBe(0)
    const again = await gate({ EXEAT_TOKEN: '', EXEAT_TOKEN_FILE: file })
    expect([again.exit, again.stderr.replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining('was used for `POST /v1/uses` before')])
  })
  test.each([['is not there', undefined], ['holds nothing', '\n'], ['holds two words', 'a b'], ['is too long', 'x'.repeat(9000)], ['is far too long', 'x'.repeat(90_000)]])('a file that %s', async (_, content) => {
    const file = join(world.state, '..', `token-${content?.length ?? 'none'}`)
    if (content !== undefined) writeFileSync(file, content)
    const ran = await gate({ EXEAT_TOKEN: '', EXEAT_TOKEN_FILE: file })
    expect([ran.exit, ran.stderr]).toEqual([1, expect.stringContaining('JOB_TOKEN')])
  })
  test('without any token the server says what it takes', async () => {
    const ran = await gate({ EXEAT_TOKEN: '' })
    expect([ran.exit, ran.stderr]).toEqual([3, expect.stringContaining('TOKEN_MISSING')])
  })
})
