/**
 * One opt-out at a commit, a build and a deployment: pushed to a real git server whose hook is Exeat's, gated, and admitted by the proxy in front of a real HTTPS
 * webhook, each deciding alone by bundles of one server. All processes read one clock, so that the end is an instant and not a race.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { isolatedGitEnvironment, temporaryFolder } from '@exeat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pairIn, send } from '../../server/test/admission/support.ts'
import { builtCommand } from './built.ts'
import { instant, logWorld, policy, type World } from './log-world.ts'
import { plainEnvironment, type Ran } from './session.ts'
import { scanner } from './hook/world.ts'

const main = builtCommand()
const minute = 60_000
/** Whole seconds: documents state no more. */
const start = Math.floor(Date.now() / 1000) * 1000
const until = start + 4 * minute

const folder = temporaryFolder()
const clockFile = join(folder, 'now')
const setClock = (time: number): void => { writeFileSync(clockFile, String(time)) }
writeFileSync(join(folder, 'clock.cjs'), `const { readFileSync } = require('node:fs')\nDate.now = () => Number(readFileSync(${JSON.stringify(clockFile)}, 'utf8'))\n`)

let world: World
let server: string
let clone: string
let upstream: ReturnType<typeof createServer>
let review: { readonly request: Readonly<Record<string, unknown>> }

const document = (name: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [gitleaks/aws, trivy/CVE-2019-12900, gatekeeper/require-team]
  targets: { repositories: [acme/payments], environments: [development] }
  category: waiver
  reason: The fix ships tonight, and the release of the day does not wait (${name}).
  owner: alice@acme.example
  window: { from: ${instant(start + minute)}, until: ${instant(until)} }
  limits: { findings: 1 }
`

function git(cwd: string, args: readonly string[]): Ran {
  const { PATH = '', ...rest } = plainEnvironment()
  const { status, stdout, stderr } = spawnSync('git', [...args], {
    cwd, encoding: 'utf8', timeout: 110_000, input: '',
    env: { ...rest, ...isolatedGitEnvironment, PATH: `${join(folder, 'bin')}${delimiter}${PATH}`, NODE_OPTIONS: `--require=${join(folder, 'clock.cjs')}`, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state'), EXEAT_TOKEN: world.token },
  })
  return { exit: status, stdout, stderr }
}

/** Merges what governs, at the server's repository and at the git server's, past its hook. */
function govern(files: Readonly<Record<string, string>>): void {
  world.merge(files)
  const fetched = git(server, ['fetch', '--quiet', '--force', world.dir, 'main:main'])
  if (fetched.exit !== 0) throw new Error(fetched.stderr)
}

beforeAll(async () => {
  setClock(start)
  world = await logWorld(main, 'acme/payments', {
    env: { NODE_OPTIONS: `--require=${join(folder, 'clock.cjs')}` },
    policy: policy.replace('["trivy/*"]', '["trivy/*", "gitleaks/*", "gatekeeper/*"]'),
  })
  server = join(folder, 'server.git')
  clone = join(folder, 'clone')
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'exeat'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
  writeFileSync(join(folder, 'bin', 'find-secrets'), scanner, { mode: 0o755 })
  git(folder, ['clone', '--quiet', '--bare', world.dir, server])
  for (const [key, value] of Object.entries({ scanner: 'find-secrets', env: 'development', repo: 'acme/payments', bundle: world.url })) git(server, ['config', `exeat.hook.${key}`, value])
  act('hook', 'install', 'pre-receive', '--repo', server)
  git(folder, ['clone', '--quiet', server, clone])
  writeFileSync(join(clone, 'key.txt'), 'SECRET\n')
  git(clone, ['checkout', '--quiet', '-b', 'release'])
  git(clone, ['add', '--all'])
  git(clone, ['-c', 'user.name=Carol', '-c', 'user.email=carol@acme.example', 'commit', '--quiet', '-m', 'Release'])

  const pair = pairIn(world.dir, 'upstream')
  const cases = JSON.parse(readFileSync(new URL('../../../vectors/admission/labels.json', import.meta.url), 'utf8')) as readonly { readonly name: string; readonly review: typeof review }[]
  review = cases.find(({ name }) => name === 'a key that only looks like one')?.review ?? (() => { throw new Error('no recorded review of a workload') })()
  upstream = createServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, (asked, answer) => {
    let body = ''
    asked.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => {
      const { request: { uid } } = JSON.parse(body) as { readonly request: { readonly uid: string } }
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
        apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: false, status: { code: 403, message: '[require-team] every workload says whose it is' } },
      }))
    })
  })
  await new Promise<void>((resolve) => { upstream.listen(0, '127.0.0.1', resolve) })
  pairIn(world.dir, 'proxy')
}, 120_000)
afterAll(async () => {
  upstream.close()
  await world.remove()
  rmSync(folder, { recursive: true, force: true })
})

interface Answers {
  readonly pushed: boolean
  readonly built: boolean
  readonly deployed: boolean
}

let pushes = 0

interface Proxy {
  readonly admit: () => Promise<{ readonly allowed: boolean; readonly message: string }>
  readonly stop: () => Promise<void>
}

async function proxy(): Promise<Proxy> {
  const { told, ended } = world.exeatTold([
    'admission', 'proxy', '--workspace', '.exeat/workspace.yaml', '--tls-cert', 'proxy.crt', '--tls-key', 'proxy.key', '--listen', '127.0.0.1:0', '--env', 'development', '--repo', 'acme/payments',
    '--upstream-kind', 'gatekeeper', '--upstream', `https://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1/admit`, '--upstream-ca', 'upstream.crt',
  ], (said) => /(https:\/\/[\d.]+:\d+)\/admit: ready/.exec(said)?.[1])
  const port = Number(new URL(await told).port)
  const ca = readFileSync(join(world.dir, 'proxy.crt'), 'utf8')
  return {
    admit: async () => {
      const { body } = await send(port, '/admit', ca, JSON.stringify(review))
      const { response } = JSON.parse(body) as { readonly response: { readonly allowed: boolean; readonly status?: { readonly message: string } } }
      return { allowed: response.allowed, message: response.status?.message ?? '' }
    },
    stop: async () => {
      const own = spawnSync('pgrep', ['-f', `admission proxy .*:${(upstream.address() as AddressInfo).port}/v1/admit`, '-P', String(process.pid)], { encoding: 'utf8' }).stdout.trim()
      process.kill(Number(own), 'SIGTERM')
      await ended
    },
  }
}

async function everywhere(at: Pick<Proxy, 'admit'>): Promise<Answers> {
  pushes += 1
  const push = git(clone, ['push', '--quiet', 'origin', `release:release-${pushes}`])
  const gate = world.gate()
  const { allowed } = await at.admit()
  expect([0, 1]).toContain(push.exit)
  expect([0, 2]).toContain(gate.exit)
  return { pushed: push.exit === 0, built: gate.exit === 0, deployed: allowed }
}

const everything = { pushed: true, built: true, deployed: true }
const nothing = { pushed: false, built: false, deployed: false }

function act(...args: readonly string[]): void {
  const ran = world.exeat(args)
  if (ran.exit !== 0) throw new Error(`${args.join(' ')}: ${ran.stdout}${ran.stderr}`)
}

describe('one opt-out at a git server, a gate and an admission webhook', { timeout: 180_000 }, () => {
  test('lets nothing through before it is in force, everything while it is, and nothing from the instant of its end on', async () => {
    let at = await proxy()
    expect(await everywhere(at)).toEqual(nothing)
    expect((await at.admit()).message).toMatch(/every workload says whose it is[^]*an opt-out is possible/)

    govern({ '.exeat/opt-outs/release.yaml': document('release') })
    act('request', 'release', '--actor', 'alice')
    expect(await everywhere(at)).toEqual(nothing)
    act('approve', 'release', '--actor', 'bob', '--yes')
    act('activate', 'release', '--actor', 'carol', '--yes')
    await at.stop()

    // Active, and it begins in a minute.
    at = await proxy()
    setClock(start + minute - 1)
    expect(await everywhere(at)).toEqual(nothing)
    setClock(start + minute)
    expect(await everywhere(at)).toEqual(everything)
    setClock(until - 1)
    expect(await everywhere(at)).toEqual(everything)
    setClock(until)
    expect(await everywhere(at)).toEqual(nothing)
    expect((await at.admit()).message).toContain('release')
    await at.stop()
  })

  test('lets nothing through after a revocation, long before its end', async () => {
    setClock(until + minute)
    const long = document('again').replace(instant(start + minute), instant(until)).replace(`until: ${instant(until)}`, `until: ${instant(until + 60 * minute)}`)
    govern({ '.exeat/opt-outs/again.yaml': long })
    act('request', 'again', '--actor', 'alice')
    act('approve', 'again', '--actor', 'bob', '--yes')
    act('activate', 'again', '--actor', 'carol', '--yes')
    let at = await proxy()
    expect(await everywhere(at)).toEqual(everything)
    act('revoke', 'again', '--actor', 'bob', '--reason', 'the fix is out')
    await at.stop()
    at = await proxy()
    expect(await everywhere(at)).toEqual(nothing)
    await at.stop()
  })

  test('was used at each of them, each use counted once, and the log of all of it verifies', async () => {
    const uses = (await entries()).flatMap(({ leaf: { type, uid }, body: { event } }) => (type === 'dev.exeat.use.claimed.v1' ? [{ uid, ...(JSON.parse(event) as { readonly data: Use }).data }] : []))
    const pushed = git(clone, ['rev-parse', 'release']).stdout.trim()
    const built = (uid: string | null): string => uses.find((use) => use.uid === uid && use.subject.startsWith('commit:') && use.subject !== `commit:${pushed}`)?.subject ?? 'none'
    for (const uid of new Set(uses.map((use) => use.uid))) {
      expect(uses.filter((use) => use.uid === uid).map(({ point, subject }) => `${point} ${subject}`).sort()).toEqual([
        'admission/cluster/development object:pods/team-a/it user:alice', `gate/1001/development commit:${pushed}`, `gate/1001/development ${built(uid)}`,
      ].sort())
    }
    expect(new Set(uses.map(({ uid, point, subject }) => JSON.stringify([uid, point, subject]))).size).toBe(uses.length)
    act('log', 'verify', '--log', `${world.url}/log`, '--key', readFileSync(join(world.dir, 'vkey'), 'utf8').trim())
  })
})

interface Use {
  readonly point: string
  readonly subject: string
}

interface Entry {
  readonly leaf: { readonly type: string; readonly uid: string | null }
  /** The CloudEvent as JSON. */
  readonly body: { readonly event: string }
}

const asked = (path: string, over: object): Promise<string> => new Promise((resolve, reject) => {
  get({ path, ...over }, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (piece: string) => { text += piece }).on('end', () => { resolve(text) })
  }).on('error', reject)
})

async function entries(): Promise<readonly Entry[]> {
  const { hostname: host, port } = new URL(world.url)
  writeFileSync(join(world.dir, 'vkey'), await asked('/log/vkey', { host, port }))
  return (JSON.parse(await asked('/v1/entries?from=0&limit=256', { socketPath: world.socket })) as { readonly items: readonly Entry[] }).items
}
