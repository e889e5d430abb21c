/** Asking in git trust: the document as it lies here, signed by any key of the one who asks, to be merged with it. For branches on which no signed commit arrives. */
import { randomBytes } from 'node:crypto'
import { type Binding, repositoryIdsOf, termsDigest } from '@exeat/core'
import { type Envelope, shownCode } from '@exeat/core/envelope'
import { keyFingerprint, type SshPublicKey } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { compilePolicies, loadAuthored, loadGovernance, sha256 } from '../governance/load.ts'
import { impactOf } from '../governance/signed.ts'
import { pinsLog } from '../governance/standing.ts'
import { readKeyFile } from '../ssh/keygen.ts'
import { findDocument } from './document.ts'
import type { SignFlags } from './sign.ts'
import { type Prepared, printSigned, signedFiles, signerHere, writeBoth } from './ssh-files.ts'
import { refuseOthers } from './ssh-sign.ts'
import { confirm, refuseOtherCode, signedText } from './signed-text.ts'

type SshFlags = SignFlags & { readonly ssh: string }

/** @throws {ExeatError} NOT_SIGNABLE, OPTOUT_UNKNOWN, SSH_*, ACT_SIGNER, SHOWN_DIFFERS, NOT_CONFIRMED, USAGE, and why governance cannot be read */
export async function requestBySsh(word: string, flags: SshFlags, io: Io): Promise<void> {
  refuseOthers(flags)
  const key = readKeyFile(flags.ssh, io)
  const prepared = await prepare(word, key, flags, io)
  const { envelope, signing } = prepared
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText('request', signing, io)}\n\n`)
  refuseOtherCode(flags.code, signing.code)
  if (flags.yes !== true && flags.code === undefined) await confirm('request', signing.document.metadata.name, signing.code, sink)
  const files = await signedFiles(envelope, key, flags.ssh, io)
  await writeBoth(files, io)
  printSigned('request', prepared, key, files, flags, io)
}

/** The document of the work tree, by the policies and signers of the protected branch. */
async function prepare(word: string, key: SshPublicKey, flags: SshFlags, io: Io): Promise<Prepared> {
  const governance = await loadGovernance(flags, io)
  if (pinsLog(governance)) throw cliError('USAGE', 'the workspace pins a log, and `--ssh` alone signs for git trust', 'name the server: --server https://HOST; the log records who asks')
  const optOut = findDocument(word, await loadAuthored({}, io), io)
  const { document, digest, uid } = optOut
  const answer = (await compilePolicies(governance)).termsForOptOut(document)
  if (answer.kind === 'refused') throw cliError('NOT_SIGNABLE', answer.because.message, answer.because.hint)
  const actor = await signerHere('request', key, governance, io)
  const workspace = governance.workspace.document
  const binding: Binding = { optOut: digest, terms: termsDigest(answer.terms, sha256), impact: impactOf(optOut) }
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose: 'request', workspace: workspace.spec.id, repositoryIds: [...repositoryIdsOf(document, workspace)], uid, ...binding,
    approvals: [], actor, window: document.spec.window, nonce: randomBytes(16).toString('hex'), at: io.now,
  }
  const signing = {
    document, findings: optOut.impact?.size, approvals: [], binding, code: shownCode(uid, binding, sha256), actor: actor.sub, evidence: `a signature by ${keyFingerprint(key, sha256)}`,
  }
  return { envelope, signing }
}
