/** One of the two signatures of a grant: shown whole, confirmed, made by `ssh-keygen`, and verified as the gate will. */
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ExeatError } from '@exeat/core/error'
import { offlineGrantBytes } from '@exeat/core/offline'
import { offlineNamespace, offlineTerms, signerBy } from '@exeat/verify/offline'
import { keyFingerprint } from '@exeat/verify/ssh'
import { confirm, refuseOtherCode } from '../acts/signed-text.ts'
import { row } from '../acts/page.ts'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from '../governance/load.ts'
import { sshDeps } from '../ssh/crypto.ts'
import { readKeyFile, signWithKeygen } from '../ssh/keygen.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { governing, grantFiles, readGrant } from './files.ts'
import { grantCode, grantJson, grantPage } from './page.ts'

export interface OfflineSignFlags {
  readonly ssh: string
  readonly yes?: boolean
  readonly code?: string
  readonly ref?: string
  readonly format: 'text' | 'json'
}

/** @throws {ExeatError} OFFLINE_*, ACT_WEAK, ACT_SIGNER, SSH_*, SHOWN_DIFFERS, NOT_CONFIRMED, OUTPUT_FAILED */
export async function signOffline(file: string, flags: OfflineSignFlags, io: Io): Promise<void> {
  const given = await governing(flags, io)
  const { grant, folder } = grantFiles(file, io)
  const read = readGrant(grant, file, given)
  const terms = offlineTerms(read, given, { sha256 })
  if (!terms.ok) throw new ExeatError([terms.problem])
  const { from, until } = read.optOut.document.spec.window
  if (!(from <= io.now && io.now < until)) throw cliError('NOT_SIGNABLE', 'the hour of the grant has not begun, or is over', 'prepare it anew')
  const key = readKeyFile(flags.ssh, io)
  if (key.application === undefined) throw new ExeatError([{ code: 'ACT_WEAK', message: `a key of type \`${key.type}\` shows no second factor`, hint: 'sign with a FIDO2 key: `ssh-keygen -t ed25519-sk -O verify-required` makes one' }])
  const code = grantCode(read)
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${grantPage(read, 'TO SIGN', io)}\n\n`)
  refuseOtherCode(flags.code, code)
  if (flags.yes !== true && flags.code === undefined) await confirm('sign', read.optOut.document.metadata.name, code, sink)
  const message = offlineGrantBytes(read.grant)
  const signature = await signWithKeygen(flags.ssh, offlineNamespace, message, io)
  const signer = signerBy(signature, message, terms.value, given.governed, [read.grant.at, io.now], sshDeps)
  if (!signer.ok) throw new ExeatError([signer.problem])
  const path = join(folder, `${Buffer.from(sha256(signer.value.signature.key.blob)).toString('hex')}.sshsig`)
  try {
    writeFileSync(path, signature, { flag: 'wx' })
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`${path}\` cannot be written: ${systemReason(cause)}`, 'this key has signed it already, if the file is there')
  }
  const { sub } = signer.value.identity
  const wrote = relative(io.cwd, path)
  if (flags.format === 'json') {
    io.stdout.write(grantJson('sign', read, { file: wrote, signedBy: [sub] }))
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  io.stdout.write(`${[
    `${styles.good('GRANT SIGNED')}  by ${shown(sub)}`, row('key', keyFingerprint(signer.value.signature.key, sha256), io.stdout.columns), row('wrote', wrote, io.stdout.columns),
    row('next', 'once two people have signed, merge the folder into the protected branch: until then it says nothing', io.stdout.columns),
  ].join('\n')}\n`)
}
