/** Approvals of a change signed by SSH keys, judged by the branch that it wants to enter: files that the change brings, and files given apart. */
import { resolve } from 'node:path'
import { type HexDigest, type Instant, type PolicySet, type Problem, repositoryIdsOf, type StandingOptOut, termsDigest } from '@exeat/core'
import type { ReviewApproval } from '@exeat/core/review'
import type { Governance } from '@exeat/git'
import { type GitChange, readBlobsOf } from '@exeat/git/change'
import { type BranchCommit, branchHistory, takenAwaySince } from '@exeat/git/signed'
import { type GovernedAt, type MergeApproval, readEnvelope, readGovernApproval, readGovernEnvelope, readMergeApproval, type UnmergedAct } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from '../governance/load.ts'
import { impactOf } from '../governance/signed.ts'
import { signersIn } from '../governance/signers.ts'
import { sshDeps } from '../ssh/crypto.ts'
import { readWithin } from '../trust/files.ts'
import { governedDigests, governedIn } from './governed.ts'

export interface SignedGiven {
  readonly change: GitChange
  /** Of `--signature`. */
  readonly files: readonly string[]
  readonly base: Governance
  readonly from: Governance
  readonly head: Governance
  /** Of the base. */
  readonly policySet: PolicySet
  /** Changed files besides documents that govern or judge. */
  readonly guarded: readonly string[]
}

export interface SignedApprovals {
  readonly approvals: readonly ReviewApproval[]
  /** Why others count for nothing, each with its file. */
  readonly problems: readonly Problem[]
}

interface Act extends UnmergedAct {
  /** For messages. */
  readonly file: string
}

/** @throws {ExeatError} INPUT_UNREADABLE of a file that was given, SIGNERS_INVALID, and as git is read */
export async function signedApprovals(given: SignedGiven, io: Io): Promise<SignedApprovals> {
  const { change, files, base, policySet } = given
  const brought = await broughtBy(change, io)
  const acts = [...brought.acts, ...files.map((file) => apart(file, io))]
  if (acts.length === 0 || base.source.kind === 'worktree') return { approvals: [], problems: brought.problems }
  const signers = await signersIn(io.cwd, base.source.tree) ?? []
  const governed: GovernedAt = { workspace: base.workspace.document, policySet, signers, optOuts: base.optOuts }
  const judging: Judging = {
    ...given, io, governed,
    about: lazily(() => governedDigests(io.cwd, governed.workspace.spec.id, change.base, governedIn(change, given.guarded))),
    history: lazily(() => branchHistory(io.cwd, change.base)),
  }
  const approvals: ReviewApproval[] = []
  const problems: Problem[] = [...brought.problems]
  for (const act of acts) {
    // oxlint-disable-next-line no-await-in-loop -- few are signed, and what the branch had meanwhile is read for sound ones alone
    const answer = await approvalOf(act, judging)
    if (answer === 'other') continue
    if ('problem' in answer) problems.push({ ...answer.problem, at: { file: act.file, line: 1, column: 1 } })
    else approvals.push(answer)
  }
  return { approvals, problems }
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => { made ??= make(); return made }
}

const wrong = (message: string, hint?: string) => ({ problem: { code: 'ACT_OTHER' as const, message, ...(hint === undefined ? {} : { hint }) } })

interface Judging extends SignedGiven {
  readonly io: Io
  readonly governed: GovernedAt
  /** Digests that an approval of what governs may state. */
  readonly about: () => Promise<ReadonlySet<HexDigest>>
  /** Of the branch that it wants to enter. */
  readonly history: () => Promise<readonly BranchCommit[]>
}

/** `other`: an act of git trust, which is none of the review's. */
async function approvalOf(act: Act, judging: Judging): Promise<ReviewApproval | 'other' | { readonly problem: Problem }> {
  const { governed, about, io, head, from, base } = judging
  if (readGovernEnvelope(act.envelope) !== undefined) {
    const read = readGovernApproval(act, { base: governed, now: io.now, about: await about() }, sshDeps)
    return read.ok ? { by: read.value.by, groups: read.value.groups, of: 'governance' } : read
  }
  const envelope = readEnvelope(act.envelope, sshDeps)
  if (!envelope.ok) return envelope
  const { uid, purpose } = envelope.value.value
  const optOut = head.optOuts.find((each) => each.uid === uid)
  const stood = [...from.optOuts, ...base.optOuts].some((each) => each.uid === uid && (optOut === undefined || impactOf(each) === impactOf(optOut)))
  if (purpose === 'request' || stood) return 'other'
  if (optOut === undefined) return wrong('it is about an opt-out that the head does not have')
  const read = await judged(act, optOut, judging)
  return 'problem' in read ? read : { by: read.by, groups: read.groups, of: uid }
}

async function judged(act: Act, optOut: StandingOptOut, { policySet, governed: base, history, io: { cwd, now } }: Judging): Promise<MergeApproval | { readonly problem: Problem }> {
  const answer = policySet.termsForOptOut(optOut.document)
  if (answer.kind === 'refused') return wrong('no terms of the base permit the opt-out that it is about')
  const impact = impactOf(optOut)
  const read = readMergeApproval(act, { optOut, impact, repositoryIds: repositoryIdsOf(optOut.document, base.workspace), terms: termsDigest(answer.terms, sha256), base, now }, sshDeps)
  if (!read.ok) return read
  const { document: { metadata: { name } }, digest } = optOut
  const spent = await takenAwaySince(cwd, await history(), { name, digest, impact }, (read.value.at - tolerance) as Instant, sha256)
  return spent ? wrong('the branch had what it approves, and took it away since', 'have it signed anew') : read.value
}

/** A signer's clock may differ from the one that dates merges by this, in milliseconds. */
const tolerance = 60_000

const largest = 64 * 1024
/** Of one change: whatever is beyond that is left out, and told. */
const mostActs = 200

async function broughtBy({ files }: GitChange, { cwd }: Io): Promise<{ readonly acts: readonly Act[]; readonly problems: readonly Problem[] }> {
  const own = new Map(files.filter(({ path, kind, after }) => path.startsWith('.exeat/signatures/') && kind === 'file' && after !== undefined).map((file) => [file.path, file]))
  const pairs = [...own].flatMap(([path, envelope]) => {
    const signature = path.endsWith('.json') ? own.get(`${path.slice(0, -'.json'.length)}.sshsig`) : undefined
    return signature === undefined ? [] : [[envelope, signature] as const]
  })
  const taken = pairs.slice(0, mostActs)
  const contents = await readBlobsOf(cwd, taken.flat())
  const acts = taken.flatMap(([{ path, after: json = '' }, { after: sshsig = '' }]): Act[] => {
    const [envelope, signature] = [contents.get(json), contents.get(sshsig)]
    return envelope === undefined || signature === undefined || envelope.length > largest || signature.length > largest ? [] : [{ file: path, path, envelope, signature }]
  })
  const beyond = pairs.length - taken.length
  return { acts, problems: beyond === 0 ? [] : [{ code: 'ACT_NOT_COUNTED', message: `the change brings ${pairs.length} signed acts, and ${mostActs} are read`, hint: 'bring fewer at once' }] }
}

/** @throws {ExeatError} INPUT_UNREADABLE */
function apart(file: string, { cwd }: Io): Act {
  const read = (name: string): Uint8Array => {
    try {
      const bytes = readWithin(resolve(cwd, name), largest)
      if (bytes !== undefined) return bytes
    } catch (cause) {
      throw cliError('INPUT_UNREADABLE', `\`${name}\` cannot be read: ${systemReason(cause)}`)
    }
    throw cliError('INPUT_UNREADABLE', `there is no file \`${name}\``, 'name the envelope, `DIGEST.json`, with `DIGEST.sshsig` beside it')
  }
  return { file, envelope: read(file), signature: read(`${file.replace(/\.json$/, '')}.sshsig`) }
}
