/** Approving a change before it is merged: what the head would bring is reviewed, shown, signed with a security key, and written as two files to commit to the change. */
import { randomBytes } from 'node:crypto'
import { type Binding, type Identity, repositoryIdsOf, termsDigest } from '@exeat/core'
import { comparisonCode, type EnrolEnvelope, type Envelope, shownCode } from '@exeat/core/envelope'
import { nearest } from '@exeat/core/text'
import { changeDigest, type ReviewedOptOut, type ReviewQuorum } from '@exeat/core/review'
import type { Governance } from '@exeat/git'
import { groupsOf } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { compilePolicies, loadGovernance, sha256 } from '../governance/load.ts'
import { impactOf } from '../governance/signed.ts'
import { type ReviewedChange, reviewChange } from '../review/change.ts'
import { governedFiles, governedIn } from '../review/governed.ts'
import { writeText } from '../review/text.ts'
import { readKeyFile } from '../ssh/keygen.ts'
import type { SignFlags } from './sign.ts'
import { beforeMerge, type Prepared, printSigned, printSignedChange, signedFiles, signerHere, writeBoth } from './ssh-files.ts'
import { refuseOthers } from './ssh-sign.ts'
import { confirm, refuseOtherCode, signedText } from './signed-text.ts'

export type MergeFlags = SignFlags & { readonly ssh: string; readonly head: string }

/** @throws {ExeatError} NOT_SIGNABLE, OPTOUT_UNKNOWN, SSH_*, ACT_*, SHOWN_DIFFERS, NOT_CONFIRMED, USAGE, and why the change cannot be reviewed */
export async function approveUnmerged(name: string, flags: MergeFlags, io: Io): Promise<void> {
  const { governance, reviewed, key, actor } = await looked(flags, io)
  const optOut = broughtNamed(name, reviewed)
  refuseInVain(optOut.approve, actor, governance, reviewed)
  const prepared = await prepare(optOut, governance, actor, io)
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  const { envelope, signing } = prepared
  sink.write(`${signedText('approve', signing, io)}\n\n`)
  refuseOtherCode(flags.code, signing.code)
  if (flags.yes !== true && flags.code === undefined) await confirm('approve', optOut.name, signing.code, sink)
  const files = await signedFiles(envelope, key, flags.ssh, io)
  await writeBoth(files, io)
  printSigned('approve', prepared, key, files, flags, io, beforeMerge)
}

/** What governs, where it changes. @throws {ExeatError} as `approveUnmerged` */
export async function approveChange(flags: MergeFlags, io: Io): Promise<void> {
  const { governance, reviewed, key, actor } = await looked(flags, io)
  const { review: { policies, governance: guarded, problems }, change, invalid } = reviewed
  const wanted = [...policies, guarded].flatMap(({ approve }) => approve)
  if (wanted.length === 0) throw cliError('NOT_SIGNABLE', 'nothing in the change asks for approval of what governs', 'an opt-out is approved by its name: exeat approve NAME --ssh KEY --head REF')
  const [problem] = [...invalid, ...problems]
  if (problem !== undefined) throw cliError('NOT_SIGNABLE', `the change may not merge: ${problem.code}: ${problem.message}`, problem.hint)
  refuseInVain(wanted, actor, governance, reviewed)
  const workspace = governance.workspace.document.spec.id
  const about = changeDigest(workspace, change.base, await governedFiles(io.cwd, governedIn(change, reviewed.guarded)), sha256)
  const code = comparisonCode(about)
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  writeText(reviewed, { ...io, stdout: sink })
  sink.write(`  compare ${code}\n\n`)
  refuseOtherCode(flags.code, code)
  if (flags.yes !== true && flags.code === undefined) await confirm('approve', 'the change of what governs', code, sink)
  const envelope: EnrolEnvelope = { schema: 'exeat/act/v1', purpose: 'govern', workspace, about, actor, nonce: randomBytes(16).toString('hex'), at: io.now }
  const files = await signedFiles(envelope, key, flags.ssh, io)
  await writeBoth(files, io)
  printSignedChange(envelope, code, key, files, flags, io)
}

async function looked(flags: MergeFlags, io: Io) {
  refuseOthers(flags)
  const governance = await loadGovernance(flags, io)
  const key = readKeyFile(flags.ssh, io)
  const actor = await signerHere('approve', key, governance, io)
  const reviewed = await reviewChange({ head: flags.head, format: 'text', ...(flags.ref === undefined ? {} : { base: flags.ref }) }, io)
  if (governance.source.kind === 'worktree' || reviewed.change.base !== governance.source.commit) throw cliError('NOT_SIGNABLE', 'the branch moved while the change was looked at', 'look at it again')
  return { governance, reviewed, key, actor }
}

function broughtNamed(name: string, { review: { optOuts } }: ReviewedChange): ReviewedOptOut {
  const brought = optOuts.filter(({ change }) => change === 'added' || change === 'changed')
  const found = brought.find((each) => each.name === name || each.optOut.uid === name)
  if (found === undefined) {
    const meant = nearest(name, brought.map((each) => each.name))
    throw cliError('OPTOUT_UNKNOWN', `the change neither adds nor changes an opt-out \`${name}\``, meant === undefined ? 'what stands at the protected branch is approved without `--head`' : `did you mean \`${meant}\`?`)
  }
  const [problem] = found.problems
  if (problem !== undefined) throw cliError('NOT_SIGNABLE', `the opt-out may not be merged: ${problem.code}: ${problem.message}`, problem.hint)
  return found
}

/** What would not count is better not signed. The review judges it again, and alone decides. */
function refuseInVain(approve: ReviewQuorum['approve'], actor: Identity, { workspace }: Governance, { change }: ReviewedChange): void {
  const wanted = [...new Set(approve.flatMap(({ groups }) => groups))]
  if (!groupsOf(workspace.document, actor).some((group) => wanted.includes(group))) {
    throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` is in none of the groups that may approve: ${wanted.map((group) => `\`${group}\``).join(', ') || 'nobody need'}`, 'ask somebody who is')
  }
  if (change.people.includes(actor.sub)) throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` wrote the change or a commit of it, and nobody approves their own`, 'ask somebody else')
}

async function prepare({ optOut }: ReviewedOptOut, governance: Governance, actor: Identity, io: Io): Promise<Prepared> {
  const { document, digest, uid, impact } = optOut
  const answer = (await compilePolicies(governance)).termsForOptOut(document)
  if (answer.kind === 'refused') throw cliError('NOT_SIGNABLE', answer.because.message, answer.because.hint)
  const workspace = governance.workspace.document
  const binding: Binding = { optOut: digest, terms: termsDigest(answer.terms, sha256), impact: impactOf(optOut) }
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose: 'approve', workspace: workspace.spec.id, repositoryIds: [...repositoryIdsOf(document, workspace)], uid, ...binding,
    approvals: [], actor, window: document.spec.window, nonce: randomBytes(16).toString('hex'), at: io.now,
  }
  const evidence = 'user-signed: an SSH signature by a security key, of the merge alone'
  return { envelope, signing: { document, findings: impact?.size, approvals: [], binding, code: shownCode(uid, binding, sha256), actor: actor.sub, evidence } }
}
