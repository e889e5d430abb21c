/** Approving and activating in git trust: what stands at the protected branch is shown, signed with a security key, and written as two files to commit. */
import { randomBytes } from 'node:crypto'
import { type Binding, type Identity, type Persons, personsIn, type PolicySet, repositoryIdsOf, type StandingOptOut, type Terms, termsDigest } from '@exeat/core'
import { type Envelope, shownCode } from '@exeat/core/envelope'
import { nearest } from '@exeat/core/text'
import type { Governance } from '@exeat/git'
import { groupsOf, type SoundAct } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { cacheFolder, compilePolicies, loadGovernance, sha256 } from '../governance/load.ts'
import { impactOf, loadSigned } from '../governance/signed.ts'
import { pinsLog } from '../governance/standing.ts'
import { readKeyFile } from '../ssh/keygen.ts'
import type { SignFlags } from './sign.ts'
import { type Prepared, printSigned, signedFiles, signerHere, writeBoth } from './ssh-files.ts'
import { confirm, refuseOtherCode, type SignedAct, signedText, type Signing } from './signed-text.ts'

type SshFlags = SignFlags & { readonly ssh: string }

/** @throws {ExeatError} NOT_SIGNABLE, OPTOUT_UNKNOWN, SSH_*, ACT_*, SHOWN_DIFFERS, NOT_CONFIRMED, USAGE, and why governance cannot be read */
export async function signBySsh(act: SignedAct, name: string, flags: SshFlags, io: Io): Promise<void> {
  refuseOthers(flags)
  const governance = await loadGovernance(flags, io)
  const policySet = await compilePolicies(governance)
  const optOut = standingNamed(name, governance)
  const key = readKeyFile(flags.ssh, io)
  const actor = await signerHere(act, key, governance, io)
  const given = await caseOf(act, { governance, policySet, optOut, actor }, flags, io)
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, given.signing, io)}\n\n`)
  refuseOtherCode(flags.code, given.signing.code)
  if (flags.yes !== true && flags.code === undefined) await confirm(act, optOut.document.metadata.name, given.signing.code, sink)
  const files = await signedFiles(given.envelope, key, flags.ssh, io)
  await writeBoth(files, io)
  printSigned(act, given, key, files, flags, io)
}

/** @throws {ExeatError} USAGE */
export function refuseOthers({ actor, server, idempotencyKey }: Pick<SignFlags, 'actor' | 'server' | 'idempotencyKey'>): void {
  const other = actor !== undefined ? '--actor' : server !== undefined ? '--server' : idempotencyKey !== undefined ? '--idempotency-key' : undefined
  if (other !== undefined) throw cliError('USAGE', `\`${other}\` is for acts at a server, and \`--ssh\` asks none`, `leave \`${other}\` out: who signs is told by the key`)
}

/** By name or uid, of those at the protected branch: nobody signs what does not stand there. */
function standingNamed(name: string, governance: Governance): StandingOptOut {
  if (pinsLog(governance)) throw cliError('USAGE', 'the workspace pins a log, and `--ssh` alone signs for git trust', 'name the server, where the key is your second factor: --server https://HOST')
  const { optOuts } = governance
  const found = optOuts.filter(({ document, uid }) => document.metadata.name === name || uid === name)
  const [optOut] = found
  if (optOut !== undefined && found.length === 1) return optOut
  const meant = nearest(name, optOuts.map(({ document }) => document.metadata.name))
  throw cliError('OPTOUT_UNKNOWN', found.length > 1 ? `${found.length} opt-outs are named \`${name}\`` : `no opt-out \`${name}\` stands at the protected branch`,
    found.length > 1 ? 'give each a name of its own' : meant === undefined ? 'merge it first, and fetch: people sign what stands there' : `did you mean \`${meant}\`?`)
}

interface Case {
  readonly governance: Governance
  readonly policySet: PolicySet
  readonly optOut: StandingOptOut
  readonly actor: Identity
}

async function caseOf(act: SignedAct, { governance, policySet, optOut, actor }: Case, flags: SshFlags, io: Io): Promise<Prepared> {
  const { document, digest, uid } = optOut
  const answer = policySet.termsForOptOut(document)
  if (answer.kind === 'refused') throw cliError('NOT_SIGNABLE', answer.because.message, answer.because.hint)
  const signed = (await loadSigned(governance, policySet, [optOut], { dir: io.cwd, cacheDir: cacheFolder(flags, io) }))?.(io.now)
  const { approvals = [], involved = [] } = signed?.people.get(uid) ?? {}
  const workspace = governance.workspace.document
  refuseInVain(act, { actor, same: personsIn(workspace).same, groups: groupsOf(workspace, actor), terms: answer.terms, approvals, involved })
  const counted = act === 'approve' ? [] : approvals
  const binding: Binding = { optOut: digest, terms: termsDigest(answer.terms, sha256), impact: impactOf(optOut) }
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose: act, workspace: workspace.spec.id, repositoryIds: [...repositoryIdsOf(document, workspace)], uid, ...binding,
    approvals: counted.map((each) => each.digest).sort(), actor, window: document.spec.window, nonce: randomBytes(16).toString('hex'), at: io.now,
  }
  const signing: Signing = {
    document, findings: optOut.impact?.size, binding, actor: actor.sub, code: shownCode(uid, binding, sha256), evidence: 'user-signed: an SSH signature by a security key',
    approvals: counted.map(({ by, groups }) => ({ by, groups })),
  }
  return { envelope, signing }
}

interface Entitled {
  readonly actor: Identity
  readonly same: Persons['same']
  readonly groups: readonly string[]
  readonly terms: Terms
  readonly approvals: readonly SoundAct[]
  readonly involved: readonly Identity[]
}

/** What would not count is better not signed. The gate judges it again, and alone decides. */
function refuseInVain(act: SignedAct, { actor, same, groups, terms, approvals, involved }: Entitled): void {
  const wanted = act === 'approve' ? terms.approve.flatMap(({ value }) => value.groups) : terms.activate.value
  if (wanted !== 'anyone' && !groups.some((group) => wanted.includes(group))) {
    throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` is in none of the groups that may ${act}: ${wanted.map((group) => `\`${group}\``).join(', ') || 'there are none'}`, 'ask somebody who is')
  }
  const approved = approvals.some(({ by }) => same(by, actor))
  if (act === 'approve' && involved.some((each) => same(each, actor))) throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` wrote, merged or asked for the opt-out, and nobody approves their own`, 'ask somebody else')
  if (act === 'approve' && approved) throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` has approved it before, and counts once`)
  if (act === 'activate' && approved && !terms.approverMayActivate.value) throw cliError('NOT_SIGNABLE', `\`${actor.sub}\` approved it, and the terms do not let an approver activate`, 'ask somebody else')
}
