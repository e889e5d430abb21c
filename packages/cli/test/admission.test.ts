/** `exeat admission`: the command itself beside a real server, and what it refuses to start with. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { logWorld, type World } from './log-world.ts'

const main = builtCommand()
let world: World
beforeAll(async () => {
  world = await logWorld(main)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(world.dir, 'tls.key'), '-out', join(world.dir, 'tls.crt'), '-days', '2', '-subj', '/CN=x', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
}, 60_000)
afterAll(async () => { await world.remove() })

const common = ['--workspace', '.exeat/workspace.yaml', '--tls-cert', 'tls.crt', '--tls-key', 'tls.key', '--listen', '127.0.0.1:0']
const upstream = ['--upstream', 'https://127.0.0.1:9/']

test('a guard fetches its bundle, is ready, refuses an exception and lets a pod pass', { timeout: 60_000 }, async () => {
  const { told, ended } = world.exeatTold(['admission', 'guard', ...common, '--env', 'development'], (said) => /(https:\/\/[\d.]+:\d+)\/admit: ready/.exec(said)?.[1])
  const base = await told
  const ask = (path: string, body?: object) => new Promise<string>((resolve, reject) => {
    const sent = request(`${base}${path}`, { ca: readFileSync(join(world.dir, 'tls.crt')), method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json' }, agent: false }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => { text += piece.toString() }).on('end', () => { resolve(text) })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
  expect(await ask('/readyz')).toBe('ok\n')
  const vectors = JSON.parse(readFileSync(new URL('../../../vectors/admission/kyverno.json', import.meta.url), 'utf8')) as readonly { readonly review: object; readonly refused: readonly string[] }[]
  const [exception] = vectors
  expect(await ask('/admit', exception?.review)).toContain('no opt-out is possible')
  const harmless = vectors.find(({ refused }) => refused.length === 0)
  expect(await ask('/admit', harmless?.review)).toContain('"allowed":true')
  const [pid] = execFileSync('pgrep', ['-f', `admission guard .*${common[1]}`, '-P', String(process.pid)]).toString().split('\n')
  process.kill(Number(pid), 'SIGTERM')
  expect((await ended).exit).toBe(0)
})

test('it does not start before a Kyverno that nothing shows to leave its webhooks alone', () => {
  const proxy = ['admission', 'proxy', ...common, ...upstream, '--upstream-kind', 'kyverno']
  const refused = { exit: 3, stderr: expect.stringContaining('KYVERNO_REGISTERS') as string }
  expect(world.exeat(proxy)).toMatchObject(refused)
  expect(world.exeat([...proxy, '--kyverno-autoregistration', 'off'])).toMatchObject(refused)
  const deployment = (...args: readonly string[]): string => JSON.stringify({ kind: 'Deployment', spec: { template: { spec: { containers: [{ args }] } } } })
  for (const text of ['', deployment(), deployment('--autoUpdateWebhooks=true'), deployment('--autoUpdateWebhooks=false', '--autoUpdateWebhooks'), deployment('--autoUpdateWebhooks=false').replace('Deployment', 'Pod')]) {
    writeFileSync(join(world.dir, 'kyverno.json'), text)
    expect(world.exeat([...proxy, '--kyverno-autoregistration', 'off', '--kyverno-deployment', 'kyverno.json']), text).toMatchObject(refused)
  }
  writeFileSync(join(world.dir, 'kyverno.json'), deployment('--autoUpdateWebhooks=false'))
  expect(world.exeat([...proxy, '--kyverno-autoregistration', 'off', '--kyverno-deployment', 'kyverno.json', '--tls-key', 'none'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('ADMISSION_CERTIFICATE') as string })
})

test.each([
  [['admission', 'both', ...common], 'no mode of admission'],
  [['admission', 'guard', ...common, ...upstream], 'is for `exeat admission proxy`'],
  [['admission', 'proxy', ...common, ...upstream], 'whose denials are understood'],
  [['admission', 'proxy', ...common, '--upstream-kind', 'opa', '--upstream', 'http://x/'], 'no https address'],
  [['admission', 'guard', ...common, '--cluster', 'unknown'], 'names no cluster'],
  [['admission', 'guard', ...common, '--bundle', 'a.file'], 'no server that bundles come from'],
  [['admission', 'guard', ...common, '--listen', 'nowhere'], 'no place to listen'],
])('wrong usage: %s', (args, said) => {
  expect(world.exeat(args)).toMatchObject({ exit: 64, stderr: expect.stringContaining(said) as string })
})
