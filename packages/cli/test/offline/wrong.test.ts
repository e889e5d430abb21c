/** What an outage does not open: each wrong twin once through the command, with real processes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '@exeat/testkit'
import { sshAgent } from '../../../testkit/src/ssh-agent.ts'
import { flag, sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { builtCommand } from '../built.ts'
import { json } from '../log-world.ts'
import { checked, keys, mail, offlineWorld, type OfflineWorld, policyText, prepareArgs, rememberedUses, shiftClock, signersText } from './world.ts'

const main = builtCommand()
const minute = 60_000
let world: OfflineWorld
let folder: string

beforeAll(async () => {
  world = await offlineWorld(main)
  folder = dirname(world.state)
  await world.stop()
  shiftClock(folder, 120 * minute)
}, 120_000)
afterAll(async () => {
  await world.remove()
  delete process.env['NODE_OPTIONS']
})

const none = (): void => { world.mergeBeside({ '.exeat/offline': null }) }
/** Exits as without a bundle, and names the reason. */
function refusedWith(...codes: readonly string[]): void {
  const ran = world.gateDown()
  expect(ran.exit, ran.stdout).toBe(1)
  for (const code of ['BUNDLE_UNREACHABLE', ...codes]) expect(ran.stderr).toContain(`error[${code}]`)
  expect(ran.stderr).not.toContain('OFFLINE_USED')
}

test('attack-28: signatures that are not two people\'s, hardware keys\' or this purpose\'s', () => {
  const path = world.prepare()
  const bytes = readFileSync(join(world.dir, path))
  world.grant(path, 'ann')
  refusedWith('OFFLINE_UNSIGNED')
  none()
  for (const [code, ...signing] of [
    ['OFFLINE_SIGNERS', 'ann', 'ann'], ['OFFLINE_SIGNERS', 'ann', 'eve'], ['ACT_SIGNER', 'ann', [sshKey('sk-ed25519'), {}]], ['ACT_SIGNER', 'ann', [sshKey('sk-p256'), {}]],
    ['ACT_WEAK', 'ann', [keys.ben, { flags: flag.present }]], ['SSH_NAMESPACE', 'ann', [keys.ben, { namespace: 'exeat-act@v1' }]],
  ] as const) {
    world.mergeBeside({ [path]: bytes, ...Object.fromEntries(signing.map((each, i) => {
      const [key, how] = typeof each === 'string' ? [keys[each], {}] as const : each
      return [`${dirname(path)}/${i}.sshsig`, key.sign(bytes, { namespace: 'exeat-offline@v1', ...how })]
    })) })
    refusedWith(code)
    none()
  }
  expect(rememberedUses(world)).toEqual([])
}, 120_000)

test('attack-28: a signer who was taken off the branch, and terms that permit it no more', () => {
  const path = world.prepare()
  world.grant(path, 'ann', 'ben')
  expect(world.gateDown().exit).toBe(0)
  world.mergeBeside({ '.exeat/allowed_signers': signersText(['ann', 'cid']) })
  refusedWith('ACT_SIGNER')
  world.mergeBeside({ '.exeat/allowed_signers': signersText(), '.exeat/policies.yaml': policyText('mfa: { evidence: user-signed }') })
  refusedWith('OFFLINE_TERMS')
  world.mergeBeside({ '.exeat/policies.yaml': policyText() })
  expect(world.gateDown().exit).toBe(0)
}, 120_000)

test('attack-12, attack-28: nobody brings along the key that vouches for a grant', () => {
  const brought = sshKey('sk-ed25519')
  const path = world.prepare()
  const bytes = readFileSync(join(world.dir, path))
  const signatures = { [`${dirname(path)}/0.sshsig`]: keys.ann.sign(bytes, { namespace: 'exeat-offline@v1' }), [`${dirname(path)}/1.sshsig`]: brought.sign(bytes, { namespace: 'exeat-offline@v1' }) }
  const listed = `${signersText(['ann', 'cid'])}${mail('ben')} namespaces="exeat-offline@v1" ${brought.line}\n`
  world.mergeBeside({ '.exeat/allowed_signers': listed, [path]: bytes, ...signatures })
  refusedWith('ACT_SIGNER')

  // Nor by a commit of the change itself, that a merge puts into the branch's history.
  world.git('checkout', '--quiet', 'main')
  world.git('checkout', '--quiet', '-b', 'change', 'main~1')
  writeFileSync(join(world.dir, '.exeat', 'allowed_signers'), listed)
  world.git('commit', '--quiet', '--all', '-m', 'keys')
  const own = JSON.parse(Buffer.from(bytes).toString('utf8')) as { governance: { commit: string } }
  own.governance.commit = world.git('rev-parse', 'HEAD')
  const text = JSON.stringify(own)
  const digest = createHash('sha256').update(`exeat/offline/v1\0${text}`).digest('hex')
  world.git('checkout', '--quiet', 'main')
  world.git('merge', '--quiet', '-s', 'ours', '--no-ff', '-m', 'merge', 'change')
  const folder = `.exeat/offline/${digest}`
  world.mergeBeside({
    '.exeat/offline': null, [`${folder}/grant.json`]: text,
    [`${folder}/0.sshsig`]: keys.ann.sign(text, { namespace: 'exeat-offline@v1' }), [`${folder}/1.sshsig`]: brought.sign(text, { namespace: 'exeat-offline@v1' }),
  })
  refusedWith('OFFLINE_UNKNOWN')
  world.mergeBeside({ '.exeat/offline': null, '.exeat/allowed_signers': signersText() })
}, 120_000)

test('attack-28: the third that no log has is refused, also where an earlier one was taken off the branch', () => {
  const second = world.prepare()
  world.grant(second, 'ben', 'cid')
  expect(world.gateDown().exit).toBe(0)
  none()
  const third = world.prepare()
  world.grant(third, 'ann', 'cid')
  // Both are remembered here, though neither stands at the branch any more.
  expect(rememberedUses(world)).toHaveLength(2)
  refusedWith('OFFLINE_TOO_MANY')
  none()
}, 120_000)

test('attack-28: a server that answers with a refusal, or with what is no bundle, is not down', async () => {
  let answer: { readonly status: number; readonly body: string; readonly type?: string } = { status: 200, body: '' }
  const server = createServer((_, response) => { response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    for (const each of [
      { status: 401, body: '{"type":"about:blank","title":"no","status":401,"detail":"no such token","code":"NOT_SIGNED_IN"}', type: 'application/problem+json' },
      { status: 403, body: '' }, { status: 404, body: '' }, { status: 429, body: '' }, { status: 200, body: '{}' }, { status: 200, body: 'x'.repeat(5000) }, { status: 302, body: '' },
    ]) {
      answer = each
      const ran = await world.exeatLater(['gate', 'trivy.json', '--env', 'development', '--bundle', url])
      expect(ran.exit, `${each.status}: ${ran.stdout}`).not.toBe(0)
      expect(ran.stderr).not.toMatch(/OFFLINE_/)
    }
    answer = { status: 503, body: '' }
    const down = await world.exeatLater(['gate', 'trivy.json', '--env', 'development', '--bundle', url])
    expect(down.stderr).toContain('error[BUNDLE_UNREACHABLE]')
  } finally {
    server.close()
  }
  for (const file of ['nowhere.json', 'trivy.json']) {
    const ran = world.gateDown('--bundle', file)
    expect(ran.exit).not.toBe(0)
    expect(ran.stderr).not.toMatch(/OFFLINE_/)
  }
}, 120_000)

test('attack-28: files that are no grants, or huge, or misnamed, are told of and harm nothing', () => {
  const good = world.prepare()
  expect(world.exeat(['lint'])).toMatchObject({ exit: 0, stderr: '' })
  const bytes = readFileSync(join(world.dir, good))
  const at = (name: string): string => `.exeat/offline/${name}/grant.json`
  world.mergeBeside({ [at('0'.repeat(64))]: bytes, [at('1'.repeat(64))]: '{"__proto__": 1}', [at('2'.repeat(64))]: 'x'.repeat(13_000), [at('3'.repeat(64))]: 'x'.repeat(100_000), '.exeat/offline/README.md': 'what is this', '.exeat/offline/stray.json': '{}' })
  refusedWith('OFFLINE_UNREADABLE')
  const lint = world.exeat(['lint'])
  expect(lint.exit, lint.stderr).toBe(0)
  none()
}, 120_000)

test('what cannot be prepared says why', () => {
  const code = (...more: readonly string[]): string => /error\[(\w+)\]/.exec(world.exeat([...prepareArgs(), ...more]).stderr)?.[1] ?? 'ok'
  expect(code('--for', '61m')).toBe('USAGE')
  expect(code('--for', 'soon')).toBe('USAGE')
  expect(code('--control', 'trivy/none')).toBe('OFFLINE_UNUSABLE')
  expect(code('--bundle', 'nowhere.json')).toBe('OFFLINE_UNUSABLE')
  expect(code('--bundle', 'trivy.json')).toBe('DSSE_MALFORMED')
  expect(code('--team', 'No Group')).toBe('OFFLINE_UNUSABLE')
  expect(/error\[(\w+)\]/.exec(world.exeat(prepareArgs('production')).stderr)?.[1]).toBe('OFFLINE_TERMS')
  expect(/error\[(\w+)\]/.exec(world.exeat(prepareArgs(), { XDG_CACHE_HOME: join(folder, 'empty') }).stderr)?.[1]).toBe('OFFLINE_UNUSABLE')
  expect(world.exeat(['offline', 'verify', 'nowhere.json']).stderr).toContain('OFFLINE_UNUSABLE')
  expect(world.exeat(['offline', 'verify', 'trivy.json']).stderr).toContain('error[OFFLINE_UNREADABLE]')
  expect(world.exeat(['offline', 'verify', '.']).stderr).toContain('OFFLINE_UNUSABLE')
}, 120_000)

describeWith('ssh-keygen', 'with ssh-keygen and the keys in an agent', () => {
  test('attack-28: prepared, signed by two, verified at each step, and merged', async () => {
    const path = world.prepare()
    const socket = join(folder, 'agent.sock')
    const agent = await sshAgent(socket, Object.values(keys))
    try {
      const sign = (name: 'ann' | 'ben' | 'eve', ...more: readonly string[]) => {
        writeFileSync(join(folder, `${name}.pub`), `${keys[name].line} ${name}\n`)
        return world.exeatLater(['offline', 'sign', path, '--ssh', join(folder, `${name}.pub`), '--format', 'json', ...more], { SSH_AUTH_SOCK: socket })
      }
      expect(world.exeat(['offline', 'verify', path])).toMatchObject({ exit: 4, stderr: expect.stringContaining('OFFLINE_UNSIGNED') as string })
      expect(await sign('ann')).toMatchObject({ exit: 64, stderr: expect.stringContaining('NOT_CONFIRMED') as string })
      expect(await sign('ann', '--code', '00000-00000-00000-00000')).toMatchObject({ exit: 3, stderr: expect.stringContaining('SHOWN_DIFFERS') as string })
      expect(await sign('eve', '--yes')).toMatchObject({ exit: 3, stderr: expect.stringContaining('OFFLINE_SIGNERS') as string })
      const first = await sign('ann', '--yes')
      expect(first.exit, first.stderr).toBe(0)
      expect(first.stderr).toContain(world.commit)
      expect(checked(first, 'offline-grant')).toMatchObject({ kind: 'OfflineGrant', act: 'sign', signedBy: [mail('ann')], commit: world.commit })
      expect(await sign('ann', '--yes')).toMatchObject({ exit: 1, stderr: expect.stringContaining('OUTPUT_FAILED') as string })
      expect(world.exeat(['offline', 'verify', path]).exit).toBe(4)
      const { code } = json(first) as { readonly code: string }
      expect((await sign('ben', '--code', code)).exit).toBe(0)
      const verified = world.exeat(['offline', 'verify', path, '--format', 'json'])
      expect(checked(verified, 'offline-grant')).toMatchObject({ act: 'verify', holds: true, problems: [], signedBy: [mail('ann'), mail('ben')], code })
      expect(world.exeat(['offline', 'verify', path]).stdout).toMatch(/signed by +ann@acme\.example of sre[\s\S]*HOLDS/)
    } finally {
      await agent.close()
    }
  }, 120_000)

  test('a key that asks for no PIN signs nothing', async () => {
    const path = world.prepare()
    const socket = join(folder, 'lax.sock')
    const agent = await sshAgent(socket, Object.values(keys), { flags: flag.present })
    try {
      writeFileSync(join(folder, 'ann.pub'), `${keys.ann.line} ann\n`)
      expect(await world.exeatLater(['offline', 'sign', path, '--ssh', join(folder, 'ann.pub'), '--yes'], { SSH_AUTH_SOCK: socket })).toMatchObject({ exit: 3, stderr: expect.stringContaining('ACT_WEAK') as string })
      writeFileSync(join(folder, 'soft.pub'), `${sshKey('ed25519').line} soft\n`)
      expect(await world.exeatLater(['offline', 'sign', path, '--ssh', join(folder, 'soft.pub'), '--yes'], { SSH_AUTH_SOCK: socket })).toMatchObject({ exit: 3, stderr: expect.stringContaining('ACT_WEAK') as string })
    } finally {
      await agent.close()
    }
  }, 120_000)
})
