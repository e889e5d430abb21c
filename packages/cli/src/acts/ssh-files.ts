/** An envelope signed by an SSH key: made, verified as the gate will, and written as two files to commit. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Identity } from '@exeat/core'
import { type AnyEnvelope, type EnrolEnvelope, type Envelope, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { ExeatError } from '@exeat/core/error'
import type { Governance } from '@exeat/git'
import { worktreeRoot } from '@exeat/git/signed'
import { actNamespace, changesFolder, gitIdentity, keyFingerprint, signerOf, type SshPublicKey, verifySshSignature } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { sha256 } from '../governance/load.ts'
import { signersIn } from '../governance/signers.ts'
import { sshDeps } from '../ssh/crypto.ts'
import { signWithKeygen } from '../ssh/keygen.ts'
import { shellWord, shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { row } from './page.ts'
import type { SignFlags } from './sign.ts'
import type { Signing, SshAct } from './signed-text.ts'

/** What is about to be signed, and how it is shown. */
export interface Prepared {
  readonly envelope: Envelope
  readonly signing: Signing
}

/** Whose key it is, by the file at the protected branch. @throws {ExeatError} ACT_SIGNER, ACT_WEAK */
export async function signerHere(act: SshAct, key: SshPublicKey, { source }: Governance, io: Io): Promise<Identity> {
  const signers = source.kind === 'worktree' ? undefined : await signersIn(io.cwd, source.tree)
  const signer = signerOf(signers ?? [], key, actNamespace, [io.now])
  if (!signer.ok) throw new ExeatError([{ ...signer.problem, hint: `have it merged into \`.exeat/allowed_signers\` first; this key is ${keyFingerprint(key, sha256)}` }])
  if (act !== 'request' && key.application === undefined) {
    throw new ExeatError([{ code: 'ACT_WEAK', message: `a key of type \`${key.type}\` shows no second factor`, hint: 'sign with a FIDO2 key: `ssh-keygen -t ed25519-sk -O verify-required` makes one' }])
  }
  return gitIdentity(signer.value.principal)
}

export interface SignedFiles {
  readonly digest: string
  readonly json: { readonly path: string; readonly bytes: Uint8Array }
  readonly sshsig: { readonly path: string; readonly bytes: Uint8Array }
}

/** The key may be another than it was taken for, or ask for no PIN: what comes back is verified as the gate will. */
export async function signedFiles(envelope: AnyEnvelope, key: SshPublicKey, keyFile: string, io: Io): Promise<SignedFiles> {
  const bytes = envelopeBytes(envelope)
  const signature = await signWithKeygen(keyFile, actNamespace, bytes, io)
  const verified = verifySshSignature(signature, bytes, { namespace: actNamespace, key }, sshDeps)
  if (!verified.ok) throw new ExeatError([verified.problem])
  if (envelope.purpose !== 'request' && (!verified.value.userPresent || !verified.value.userVerified)) {
    throw new ExeatError([{ code: 'ACT_WEAK', message: 'the authenticator did not verify who touched it, and nothing was written', hint: 'make a key that asks for its PIN: `ssh-keygen -t ed25519-sk -O verify-required`' }])
  }
  const digest = envelopeDigest(envelope, sha256)
  const stem = `.exeat/signatures/${'about' in envelope ? changesFolder : envelope.uid}/${digest}`
  return { digest, json: { path: `${stem}.json`, bytes }, sshsig: { path: `${stem}.sshsig`, bytes: signature } }
}

export async function writeBoth({ json, sshsig }: SignedFiles, io: Io): Promise<void> {
  const root = await worktreeRoot(io.cwd)
  mkdirSync(join(root, dirname(json.path)), { recursive: true })
  writeFileSync(join(root, json.path), json.bytes, { flag: 'wx' })
  try {
    writeFileSync(join(root, sshsig.path), sshsig.bytes, { flag: 'wx' })
  } catch (cause) {
    rmSync(join(root, json.path), { force: true })
    throw cause
  }
}

const done = { request: 'REQUEST SIGNED', approve: 'APPROVAL SIGNED', activate: 'ACTIVATION SIGNED' } as const
const merge = 'commit both files, and merge them into the protected branch: until then they say nothing'
const next = { request: 'commit both files with the document, and have them merged into the protected branch', approve: merge, activate: merge } as const

export function printSigned(act: SshAct, { envelope, signing }: Prepared, key: SshPublicKey, files: SignedFiles, flags: Pick<SignFlags, 'format'>, io: Io, then: string = next[act]): void {
  const { metadata: { name } } = signing.document
  if (flags.format === 'json') printJson(act, { optOut: name, uid: envelope.uid }, envelope, key, files, signing.code, io)
  else printText(`${done[act]}  ${shown(name)}, by ${shown(envelope.actor.sub)}`, key, files, then, io)
}

/** Of a change of what governs: it has neither name nor uid. */
export function printSignedChange(envelope: EnrolEnvelope, code: string, key: SshPublicKey, files: SignedFiles, { format }: Pick<SignFlags, 'format'>, io: Io): void {
  if (format === 'json') printJson('approve', { change: envelope.about }, envelope, key, files, code, io)
  else printText(`${done.approve}  the change of what governs, by ${shown(envelope.actor.sub)}`, key, files, beforeMerge, io)
}

export const beforeMerge = 'commit both files to the change, and nothing else in that commit: they approve its merge, and nothing after it'

function printJson(act: SshAct, about: object, { actor }: AnyEnvelope, key: SshPublicKey, { digest, json, sshsig }: SignedFiles, code: string, io: Io): void {
  io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'SignedAct', act, ...about, digest, by: actor, key: keyFingerprint(key, sha256), code, files: [json.path, sshsig.path] })}\n`)
}

function printText(head: string, key: SshPublicKey, { json, sshsig }: SignedFiles, then: string, io: Io): void {
  io.stdout.write(`${[
    stylesFor(io.stdout, io.env).good(head),
    row('key', keyFingerprint(key, sha256), io.stdout.columns),
    ...[json.path, sshsig.path].map((file) => row('wrote', file, io.stdout.columns)),
    row('next', then, io.stdout.columns),
    `  $ git add ${shellWord(dirname(json.path))}`,
  ].join('\n')}\n`)
}
