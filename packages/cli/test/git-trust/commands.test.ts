/** `exeat approve` and `exeat activate` with `--ssh`: the command, the real ssh-keygen, and an authenticator behind an agent. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterEach, expect, test } from 'vitest'
import type { Instant } from '@exeat/core'
import { describeWith } from '@exeat/testkit'
import { sshAgent } from '../../../testkit/src/ssh-agent.ts'
import { flag, type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { builtCommand } from '../built.ts'
import { plainEnvironment, type Ran } from '../session.ts'
import { commitKeyOf, gitWorld, type GitWorld, keyOf, mail, type Name, optOutText, startFiles } from './world.ts'

const main = builtCommand()
const worlds: GitWorld[] = []
const opened = (files = startFiles): GitWorld => {
  const world = gitWorld(main, files)
  worlds.push(world)
  return world
}
afterEach(() => { for (const { repository } of worlds.splice(0)) repository.remove() })

let sockets = 0

/** Not synchronously: the agent lives in this process. */
async function exeat(world: GitWorld, who: Name | SshKey, args: readonly string[], signing: Partial<SshSigning> = {}, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const { dir } = world.repository
  const key = typeof who === 'string' ? keyOf(who) : who
  world.repository.write('.git/id.pub', `${key.line} key ring\n`)
  const agent = await sshAgent(join(dir, '..', `${sockets++}.sock`), [key], signing)
  try {
    const child = spawn(process.execPath, [main, ...args], { cwd: dir, env: { ...plainEnvironment(), XDG_CACHE_HOME: join(dir, '.git', 'cache'), SSH_AUTH_SOCK: agent.socket, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    const exit = await new Promise<number | null>((resolve) => { child.on('close', resolve) })
    return { exit, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
  } finally {
    await agent.close()
  }
}

/** Merges what the command wrote, at the real time, as its signature states that. */
function mergeSigned(world: GitWorld, by: Name): void {
  world.merge({}, { by, at: (Date.now() + 1000) as Instant })
}

const ssh = ['--ssh', '.git/id.pub'] as const

describeWith('ssh-keygen', 'acts by security key', () => {
  test('are shown, signed, merged and honoured', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const approved = await exeat(world, 'bob', ['approve', 'hotfix', ...ssh, '--yes'])
    expect(approved).toMatchObject({ exit: 0 })
    for (const text of ['TO APPROVE  hotfix, as bob@acme.example', 'trivy/CVE-2021-44228', '2035-01-01T00:00:00Z', 'compare', 'APPROVAL SIGNED', 'git add .exeat/signatures/']) expect(approved.stdout).toContain(text)
    mergeSigned(world, 'bob')
    const json = await exeat(world, 'carol', ['activate', 'hotfix', ...ssh, '--yes', '--format', 'json'])
    expect(json.exit).toBe(0)
    const result = JSON.parse(json.stdout) as { readonly kind: string; readonly by: unknown; readonly files: readonly string[]; readonly code: string }
    const schema = JSON.parse(readFileSync(new URL('../../../../schemas/output/signed-act.v1.json', import.meta.url), 'utf8')) as object
    const validate = new Ajv2020.default({ strict: true }).compile(schema)
    expect(validate(result), JSON.stringify(validate.errors)).toBe(true)
    expect(result).toMatchObject({ kind: 'SignedAct', act: 'activate', optOut: 'hotfix', by: { iss: 'git', sub: mail('carol') } })
    expect(json.stderr).toContain('approved by')
    const [envelope = '', signature = ''] = result.files.map((file) => readFileSync(join(world.repository.dir, file), 'utf8'))
    expect(JSON.parse(envelope)).toMatchObject({ purpose: 'activate', approvals: [expect.stringMatching(/^[0-9a-f]{64}$/)] })
    expect(signature).toContain('BEGIN SSH SIGNATURE')
    expect(world.gate().exit).toBe(2)
    mergeSigned(world, 'carol')
    const excused = world.gate('--format', 'json')
    expect(excused).toMatchObject({ exit: 0, stderr: '' })
    expect(excused.stdout).toContain('"user-signed"')
  })

  test('begin with a signed request, where the merge leaves no signed commit', async () => {
    const world = opened({ ...startFiles, '.exeat/allowed_signers': (startFiles['.exeat/allowed_signers'] ?? '').replaceAll('namespaces="git" ', '') })
    world.repository.write('.exeat/hotfix.yaml', optOutText())
    const asked = await exeat(world, commitKeyOf('alice'), ['request', 'hotfix', ...ssh, '--yes'])
    expect(asked).toMatchObject({ exit: 0 })
    for (const text of ['TO REQUEST  hotfix, as alice@acme.example', 'REQUEST SIGNED', 'commit both files with the document']) expect(asked.stdout).toContain(text)
    world.merge({}, { signed: false, at: (Date.now() + 1000) as Instant })
    expect(world.gate().stdout.replace(/\s+/g, ' ')).not.toContain('`request` of')
    expect((await exeat(world, 'bob', ['approve', 'hotfix', ...ssh, '--yes'])).exit).toBe(0)
    mergeSigned(world, 'bob')
    expect((await exeat(world, 'carol', ['activate', 'hotfix', ...ssh, '--yes'])).exit).toBe(0)
    mergeSigned(world, 'carol')
    expect(world.gate()).toMatchObject({ exit: 0, stderr: '' })
  })

  test.each<readonly [string, readonly string[]]>([
    ['OPTOUT_UNKNOWN', ['request', 'nothing', ...ssh, '--yes']], ['NOT_CONFIRMED', ['request', 'hotfix', ...ssh]], ['USAGE', ['request', 'hotfix', ...ssh, '--actor', 'alice', '--yes']],
    ['ACT_SIGNER', ['request', 'hotfix', ...ssh, '--yes']],
  ])('a request is refused with %s', async (code, args) => {
    const world = opened()
    world.repository.write('.exeat/hotfix.yaml', optOutText())
    expect((await exeat(world, code === 'ACT_SIGNER' ? sshKey('ed25519') : 'alice', args)).stderr).toContain(code)
    expect(existsSync(join(world.repository.dir, '.exeat/signatures'))).toBe(false)
  })

  test('are confirmed by the code that was seen, and by no other', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const unasked = await exeat(world, 'bob', ['approve', 'hotfix', ...ssh])
    expect(unasked).toMatchObject({ exit: 64 })
    expect(unasked.stderr).toContain('NOT_CONFIRMED')
    const code = /--code ([0-9A-Z-]{23})/.exec(unasked.stderr)?.[1] ?? ''
    const other = await exeat(world, 'bob', ['approve', 'hotfix', ...ssh, '--code', '00000-00000-00000-00000'])
    expect(other.stderr).toContain('SHOWN_DIFFERS')
    expect(existsSync(join(world.repository.dir, '.exeat/signatures'))).toBe(false)
    expect(await exeat(world, 'bob', ['approve', 'hotfix', ...ssh, '--code', code.toLowerCase()])).toMatchObject({ exit: 0 })
  })

  test.each<readonly [string, string, Name, readonly string[], Partial<SshSigning>]>([
    ['ACT_WEAK', 'nobody was verified at the key', 'bob', ['approve', 'hotfix', ...ssh, '--yes'], { flags: flag.present }],
    ['NOT_SIGNABLE', 'somebody in no group', 'eve', ['approve', 'hotfix', ...ssh, '--yes'], {}],
    ['NOT_SIGNABLE', 'an approver who activates', 'bob', ['activate', 'hotfix', ...ssh, '--yes'], {}],
    ['OPTOUT_UNKNOWN', 'an opt-out that does not stand', 'bob', ['approve', 'hotfixx', ...ssh, '--yes'], {}],
    ['SSH_KEY_UNREADABLE', 'no key', 'bob', ['approve', 'hotfix', '--ssh', '.git/nobody', '--yes'], {}],
    ['USAGE', 'a typed name besides', 'bob', ['approve', 'hotfix', ...ssh, '--actor', 'bob', '--yes'], {}],
    ['NOT_SIGNED_IN', 'a server that nobody signed in to', 'bob', ['approve', 'hotfix', ...ssh, '--server', 'https://exeat.example', '--yes'], {}],
    ['USAGE', 'a typed name at a server', 'bob', ['approve', 'hotfix', ...ssh, '--server', 'unix:/nonexistent.sock', '--actor', 'bob', '--yes'], {}],
  ])('are refused with %s: %s', async (code, _, who, args, signing) => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const refused = await exeat(world, who, args, signing)
    expect(refused.stderr).toContain(code)
    expect(existsSync(join(world.repository.dir, '.exeat/signatures'))).toBe(false)
  })

  test('are refused for a key that nobody has, a software key, and one that ssh-keygen cannot reach', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const args = ['approve', 'hotfix', ...ssh, '--yes']
    expect((await exeat(world, sshKey('sk-ed25519'), args)).stderr).toContain('ACT_SIGNER')
    world.merge({ '.exeat/allowed_signers': `${startFiles['.exeat/allowed_signers'] ?? ''}bob@acme.example ${sshKey('ed25519').line}\n`.replaceAll('namespaces="git" ', '') })
    expect((await exeat(world, commitKeyOf('bob'), args)).stderr).toContain('ACT_WEAK')
    const away = await exeat(world, 'bob', args, {}, { SSH_AUTH_SOCK: '/nonexistent' })
    expect(away).toMatchObject({ exit: 1 })
    expect(away.stderr).toContain('SSH_KEYGEN_FAILED')
    expect(existsSync(join(world.repository.dir, '.exeat/signatures'))).toBe(false)
  })

  test('attack-03: are refused for whoever wrote or merged the opt-out', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() }, { merger: 'bob', message: 'ask\n\nCo-authored-by: Dave <DAVE@acme.example>' })
    for (const name of ['bob', 'dave'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one agent after the other
      expect((await exeat(world, name, ['approve', 'hotfix', ...ssh, '--yes'])).stderr).toContain('nobody approves their own')
    }
  })
})
