/** People with security keys who approve changes of a review's world. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Instant, repositoryIdsOf, termsDigest } from '@exeat/core'
import { type AnyEnvelope, type EnrolEnvelope, type Envelope, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { readGovernance } from '@exeat/git'
import { sshAgent } from '../../../testkit/src/ssh-agent.ts'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { compilePolicies, sha256 } from '../../src/governance/load.ts'
import { impactOf } from '../../src/governance/signed.ts'
import { plainEnvironment, type Ran } from '../session.ts'
import { governed, type ReviewWorld } from './world.ts'

const people = ['alice', 'ben', 'cleo', 'gil'] as const
export type Name = (typeof people)[number]
const keys: Readonly<Record<Name, SshKey>> = { alice: sshKey('sk-ed25519'), ben: sshKey('sk-ed25519'), cleo: sshKey('sk-p256'), gil: sshKey('sk-ed25519') }
export const keyOf = (name: Name): SshKey => keys[name]

export const signerLine = (name: Name, options = ''): string => `${name}@acme.example namespaces="exeat-act@v1"${options} ${keyOf(name).line}\n`
export const signedFiles: Readonly<Record<string, string>> = { ...governed, '.exeat/allowed_signers': people.map((name) => signerLine(name)).join('') }

export type Files = Readonly<Record<string, string>>
export type Signing = Partial<SshSigning> & { readonly key?: SshKey; readonly folder?: string; readonly stem?: string }

function filesOf(envelope: AnyEnvelope, folder: string, { key, stem = `.exeat/signatures/${folder}/${envelopeDigest(envelope, sha256)}`, ...signing }: Signing & { readonly key: SshKey }): Files {
  const bytes = envelopeBytes(envelope)
  return { [`${stem}.json`]: Buffer.from(bytes).toString(), [`${stem}.sshsig`]: key.sign(bytes, { namespace: 'exeat-act@v1', ...signing }) }
}

/** Files of an approval of an opt-out at `change`, by the terms of `main`, as it would be signed now; members of the envelope may be forged. */
export async function approvalOf({ repository: { dir, git } }: ReviewWorld, by: Name, forged: Partial<Envelope> = {}, { key = keyOf(by), folder, ...signing }: Signing = {}, name = 'one'): Promise<Files> {
  const [base, head] = await Promise.all(['main', 'change'].map((branch) => readGovernance({ dir, sha256, ref: git('rev-parse', branch), allowCommit: true })))
  const optOut = head?.optOuts.find(({ document }) => document.metadata.name === name)
  if (base === undefined || optOut === undefined) throw new Error('the head has no such opt-out')
  const terms = (await compilePolicies(base)).termsForOptOut(optOut.document)
  const workspace = base.workspace.document
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose: 'approve', workspace: workspace.spec.id, repositoryIds: [...repositoryIdsOf(optOut.document, workspace)], uid: optOut.uid, optOut: optOut.digest,
    terms: terms.kind === 'permitted' ? termsDigest(terms.terms, sha256) : '0'.repeat(64), impact: impactOf(optOut), approvals: [], actor: { iss: 'git', sub: `${by}@acme.example` },
    window: optOut.document.spec.window, nonce: randomBytes(16).toString('hex'), at: Date.now() as Instant, ...forged,
  }
  return filesOf(envelope, folder ?? envelope.uid, { key, ...signing })
}

export function governingOf(by: Name, about: string, forged: Partial<EnrolEnvelope> = {}, { key = keyOf(by), folder = 'changes', ...signing }: Signing = {}): Files {
  const envelope: EnrolEnvelope = { schema: 'exeat/act/v1', purpose: 'govern', workspace: 'acme', about, actor: { iss: 'git', sub: `${by}@acme.example` }, nonce: randomBytes(16).toString('hex'), at: Date.now() as Instant, ...forged }
  return filesOf(envelope, folder, { key, ...signing })
}

/** A further commit of the change, by somebody; answers its head. */
export function add({ repository }: ReviewWorld, by: Name, files: Files, message = 'Sign'): string {
  repository.git('checkout', '--quiet', 'change')
  for (const [path, content] of Object.entries(files)) repository.write(path, content)
  repository.git('add', '--all')
  const address = `${by}@acme.example`
  repository.gitWith({ env: { GIT_AUTHOR_EMAIL: address, GIT_COMMITTER_EMAIL: address } }, 'commit', '--quiet', '-m', message)
  const head = repository.git('rev-parse', 'HEAD')
  repository.git('checkout', '--quiet', 'main')
  return head
}

let sockets = 0

/** The command, with somebody's key behind an agent. Not synchronously: the agent lives in this process. */
export async function exeatAs(main: string, { repository }: ReviewWorld, who: Name, args: readonly string[], signing: Partial<SshSigning> = {}): Promise<Ran> {
  const { dir } = repository
  repository.write('.git/id.pub', `${keyOf(who).line} key ring\n`)
  const agent = await sshAgent(join(dir, '..', `${sockets++}.sock`), [keyOf(who)], signing)
  try {
    const child = spawn(process.execPath, [main, ...args], { cwd: dir, env: { ...plainEnvironment(), XDG_CACHE_HOME: join(dir, '.git', 'cache'), SSH_AUTH_SOCK: agent.socket }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    const exit = await new Promise<number | null>((resolve) => { child.on('close', resolve) })
    return { exit, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
  } finally {
    await agent.close()
  }
}
