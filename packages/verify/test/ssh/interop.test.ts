/** Beside the real ssh-keygen: it takes what is signed here, and what it signs is taken here; where it refuses, so does this. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith, temporaryFolder } from '../../../testkit/src/index.ts'
import { flag, sshKey, type SshKeyType } from '../../../testkit/src/ssh-authenticator.ts'
import { sshAgent } from '../../../testkit/src/ssh-agent.ts'
import { keyFingerprint, parseAllowedSigners, parsePublicKey, signerOf } from '../../src/ssh/index.ts'
import { accepted, judge, message, namespace, sshDeps } from './support.ts'

describeWith('ssh-keygen', 'beside ssh-keygen', (tool) => {
  let dir = ''
  beforeAll(() => { dir = temporaryFolder() })
  afterAll(() => { rmSync(dir, { recursive: true, force: true }) })

  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(dir, name)
    writeFileSync(path, content)
    return path
  }
  const verify = (signers: string, principal: string, signature: string, about: Uint8Array = message, forWhat = namespace) =>
    spawnSync(tool, ['-Y', 'verify', '-f', file('signers', signers), '-I', principal, '-n', forWhat, '-s', file('signature', signature)], { input: about, encoding: 'utf8' })

  describe.each<readonly [string, readonly string[]]>([['ed25519', []], ['ecdsa', ['-b', '256']], ['rsa', ['-b', '2048']]])('a key of type %s that it makes', (type, size) => {
    test('signs what verifies here, and is read and shown alike', () => {
      const path = join(dir, `key-${type}`)
      execFileSync(tool, ['-q', '-t', type, ...size, '-N', '', '-C', 'a comment', '-f', path])
      const [name = '', base64 = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ')
      const key = parsePublicKey(name, base64)
      if (!key.ok) throw new Error(key.problem.message)
      expect(execFileSync(tool, ['-l', '-f', `${path}.pub`], { encoding: 'utf8' })).toContain(keyFingerprint(key.value, sshDeps.sha256))
      for (const hash of ['sha256', 'sha512']) {
        const signed = execFileSync(tool, ['-Y', 'sign', '-f', path, '-n', namespace, '-O', `hashalg=${hash}`], { input: message, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
        expect(accepted(signed, { key: key.value })).toMatchObject({ kind: 'software', userPresent: false, userVerified: false })
        expect(judge(signed, {}, Buffer.from('other'))).toBe('SSH_SIGNATURE')
      }
    })
  })

  test.each<SshKeyType>(['sk-ed25519', 'sk-p256', 'ed25519', 'p256', 'rsa'])('it verifies what a key of type %s signs, and finds whose it is', (type) => {
    const key = sshKey(type)
    const signers = `alice@acme.example ${sshKey('ed25519').line}\nbob@acme.example namespaces="${namespace}",valid-after="20200101Z" ${key.line} a comment\n`
    const signature = key.sign(message, { namespace })
    expect(verify(signers, 'bob@acme.example', signature)).toMatchObject({ status: 0 })
    accepted(signature)
    const found = spawnSync(tool, ['-Y', 'find-principals', '-f', file('signers', signers), '-s', file('signature', signature)], { encoding: 'utf8' })
    expect(found.stdout.trim()).toBe('bob@acme.example')
    for (const refused of [verify(signers, 'alice@acme.example', signature), verify(signers, 'bob@acme.example', signature, Buffer.from('other')), verify(signers, 'bob@acme.example', signature, message, 'git')]) {
      expect(refused.status).not.toBe(0)
    }
  })

  test.each([
    ['valid', 'namespaces="exeat-act@v1,git"', true], ['for another namespace', 'namespaces="git"', false], ['expired', 'valid-before="20200101Z"', false], ['not yet valid', 'valid-after="29990101Z"', false],
    ['within its time', 'valid-after="20200101Z",valid-before="29990101Z"', true],
  ])('both judge a signer alike that is %s', (_, options, allowed) => {
    const key = sshKey('sk-ed25519')
    const signers = `bob@acme.example ${options} ${key.line}\n`
    expect(verify(signers, 'bob@acme.example', key.sign(message, { namespace })).status === 0).toBe(allowed)
    const read = parseAllowedSigners(signers, 'signers')
    expect(read.ok && signerOf(read.signers, key, namespace, [Date.now() as never]).ok).toBe(allowed)
  })

  test.each([
    ['a changed flag', (raw: Buffer) => { raw[raw.length - 5] = 0 }], ['a changed counter', (raw: Buffer) => { raw[raw.length - 1] = 0xee }],
  ])('both refuse %s', (_, change) => {
    const key = sshKey('sk-p256')
    const raw = Buffer.from(key.raw(message, { namespace }))
    change(raw)
    const armoured = `-----BEGIN SSH SIGNATURE-----\n${(raw.toString('base64').match(/.{1,70}/g) ?? []).join('\n')}\n-----END SSH SIGNATURE-----\n`
    expect(verify(`bob@acme.example ${key.line}\n`, 'bob@acme.example', armoured).status).not.toBe(0)
    expect(judge(armoured)).toBe('SSH_SIGNATURE')
  })

  test('it signs by an authenticator behind an agent, and what the authenticator says of its owner is read', async () => {
    const key = sshKey('sk-ed25519')
    mkdirSync(join(dir, 'agent'))
    const publicKey = file('agent/id_sk.pub', `${key.line} a key ring\n`)
    for (const [flags, userVerified] of [[flag.present | flag.verified, true], [flag.present, false]] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one agent after the other, on one socket
      const agent = await sshAgent(join(dir, 'agent', `${flags}.sock`), [key], { flags })
      try {
        // oxlint-disable-next-line no-await-in-loop
        const signed = await signThrough(tool, publicKey, agent.socket)
        expect(accepted(signed)).toMatchObject({ kind: 'sk', userPresent: true, userVerified })
      } finally {
        // oxlint-disable-next-line no-await-in-loop
        await agent.close()
      }
    }
  })
})

/** Not synchronously: the agent lives in this process. */
async function signThrough(tool: string, publicKey: string, socket: string): Promise<string> {
  const { spawn } = await import('node:child_process')
  const child = spawn(tool, ['-Y', 'sign', '-f', publicKey, '-n', namespace], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: ['pipe', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.end(message)
  const status = await new Promise((resolve) => { child.on('close', resolve) })
  if (status !== 0) throw new Error(Buffer.concat(err).toString())
  return Buffer.concat(out).toString()
}
