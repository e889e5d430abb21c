/** Signed acts at the protected ref, gathered for opt-outs that nothing else shows to be met. Loaded only where there are such. */
import {
  type HexDigest, type Identity, type Instant, type PolicySet, type Problem, repositoryIdsOf, type Shown, type ShownInGit, type StandingOptOut,
} from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { impactDigest } from '@exeat/core/impact'
import { type Governance, readGovernance } from '@exeat/git'
import {
  type BranchCommit, branchHistory, commitSignature, involvedIn, listSignatures, readSignedActs, type SignatureBlobs, signersPath, type Stood, stoodSince, writingCommit,
} from '@exeat/git/signed'
import { type AllowedSigner, type ActsGiven, gitIdentity, type GovernedAt, judgeActs, type MergedAct, requesterOf, type SignedCommit, type SoundAct } from '@exeat/verify/ssh'
import { sshDeps } from '../ssh/crypto.ts'
import { compilePolicies, sha256 } from './load.ts'
import { signersIn } from './signers.ts'

/** What is signed, as it stands at an instant: a preview asks for another one than the run. */
export type SignedAt = (now: Instant) => Signed

export interface Signed {
  readonly shown: ShownInGit
  readonly problems: readonly Problem[]
  /** By uid: the approvals that count now, and who may give none. */
  readonly people: ReadonlyMap<HexDigest, { readonly approvals: readonly SoundAct[]; readonly involved: readonly Identity[] }>
}

export interface SignedOptions {
  readonly dir: string
  readonly cacheDir?: string | undefined
}

/** Opt-outs that are looked at at once. */
const together = 4

/**
 * `optOuts`: those that need people. Undefined where nothing is signed for them by anybody who is known, or no branch is read.
 * @throws {ExeatError} SIGNERS_INVALID with every wrong line, HISTORY_CUT_OFF, and as git is read
 */
export async function loadSigned(governance: Governance, policySet: PolicySet, optOuts: readonly StandingOptOut[], options: SignedOptions): Promise<SignedAt | undefined> {
  const { source } = governance
  if (source.kind !== 'ref' || optOuts.length === 0) return undefined
  const [signers, blobs] = await Promise.all([signersIn(options.dir, source.tree), listSignatures(options.dir, source.tree)])
  if (signers === undefined) return optOuts.some(({ uid }) => blobs.has(uid)) ? nobodyKnown : undefined
  const history = await branchHistory(options.dir, source.commit)
  const branch: Branch = { ...options, history, blobs, commit: source.commit, tip: governedBy(governance, policySet, signers), before: reader(options) }
  const cases: Case[] = []
  for (let at = 0; at < optOuts.length; at += together) {
    // oxlint-disable-next-line no-await-in-loop -- each starts git several times
    cases.push(...(await Promise.all(optOuts.slice(at, at + together).map((optOut) => caseOf(optOut, branch)))).flat())
  }
  return (now) => judged(cases, branch.tip, now)
}

const nobodyKnown: SignedAt = () => ({
  shown: new Map(), people: new Map(),
  problems: [{ code: 'ACT_SIGNER', message: `\`${signersPath}\` does not stand at the protected branch, so that no signature there is anybody's`, hint: 'merge one, then have the acts signed anew' }],
})

const governedBy = ({ workspace, optOuts }: Governance, policySet: PolicySet, signers: readonly AllowedSigner[]): GovernedAt =>
  ({ workspace: workspace.document, policySet, signers, optOuts })

interface Branch extends SignedOptions {
  readonly history: readonly BranchCommit[]
  readonly blobs: SignatureBlobs
  readonly commit: string
  readonly tip: GovernedAt
  readonly before: (commit: BranchCommit) => Promise<GovernedAt | undefined>
}

/** What governed just before a commit of the branch; undefined where nothing did, or nothing that can be read. Each is read once. */
function reader(options: SignedOptions): Branch['before'] {
  const known = new Map<string, Promise<GovernedAt | undefined>>()
  return ({ parent }) => {
    if (parent === undefined) return Promise.resolve(undefined)
    const found = known.get(parent) ?? governedAt(parent, options)
    known.set(parent, found)
    return found
  }
}

/** What governed when the branch stood at a commit; undefined where nothing did that can be read. */
export async function governedAt(commit: string, { dir, cacheDir }: SignedOptions): Promise<GovernedAt | undefined> {
  try {
    const governance = await readGovernance({ dir, sha256, ref: commit, allowCommit: true, ...(cacheDir === undefined ? {} : { cacheDir }) })
    const { source } = governance
    const signers = source.kind === 'worktree' ? undefined : await signersIn(dir, source.tree)
    return governedBy(governance, await compilePolicies(governance), signers ?? [])
  } catch (error) {
    if (error instanceof ExeatError) return undefined
    throw error
  }
}

/** Everything about one opt-out that does not depend on the instant. */
interface Case extends Omit<ActsGiven, 'now' | 'tip' | 'requester'> {
  readonly request?: { readonly commit: SignedCommit; readonly before: GovernedAt }
}

async function caseOf(optOut: StandingOptOut, branch: Branch): Promise<readonly Case[]> {
  const { dir, history, blobs, commit, tip, before } = branch
  const { document, digest, uid, origin: { file } } = optOut
  if (!blobs.has(uid) && !asksWho(optOut, tip)) return []
  const stood = await stoodSince(dir, history, { name: document.metadata.name, digest, file, commit }, sha256)
  if (stood === undefined) return []
  const placeOf = (each: BranchCommit): number => history.length - history.indexOf(each)
  const signed = await readSignedActs(dir, blobs.get(uid) ?? [], history)
  const acts = await Promise.all(signed.map(async ({ merged, ...act }): Promise<MergedAct> => ({ ...act, place: placeOf(merged), at: merged.at, before: await before(merged) })))
  const involved = (await involvedIn(dir, history, stood)).map(gitIdentity)
  const request = await requestOf(stood, branch)
  return [{
    optOut, acts, involved, since: { place: placeOf(stood.since), at: stood.since.at }, repositoryIds: repositoryIdsOf(document, tip.workspace), impact: impactOf(optOut),
    ...(request === undefined ? {} : { request }),
  }]
}

/** Whether the commit that wrote it might show what the terms want. */
function asksWho({ document }: StandingOptOut, { policySet }: GovernedAt): boolean {
  const answer = policySet.termsForOptOut(document)
  return answer.kind === 'permitted' && (answer.terms.request.value !== 'anyone' || answer.terms.conditions.length > 0)
}

function unshown({ document: { metadata: { name } }, origin: { file, line, column } }: StandingOptOut, problem: Problem): Problem {
  return { ...problem, message: `the commit that wrote \`${name}\` does not show who asks: ${problem.message}`, at: { file, line, column } }
}

export const impactOf = ({ impact, digest }: StandingOptOut): HexDigest | null =>
  (impact === undefined ? null : impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() }, sha256))

/** The signed commit that wrote the document; undefined where it is not signed, or nothing governed before it. */
async function requestOf(stood: Stood, { dir, before }: Branch): Promise<Case['request']> {
  const governed = await before(stood.since)
  const commit = governed === undefined ? undefined : await writingCommit(dir, stood)
  const signature = commit === undefined ? undefined : await commitSignature(dir, commit)
  return signature === undefined || governed === undefined ? undefined : { commit: { ...signature, at: stood.since.at }, before: governed }
}

function judged(cases: readonly Case[], tip: GovernedAt, now: Instant): Signed {
  const shown = new Map<HexDigest, readonly Shown[]>()
  const problems: Problem[] = []
  const people = new Map<HexDigest, { readonly approvals: readonly SoundAct[]; readonly involved: readonly Identity[] }>()
  for (const { request, ...each } of cases) {
    const asked = request === undefined ? undefined : requesterOf(request.commit, request.before, tip, now, sshDeps)
    const answer = judgeActs({ ...each, tip, now, ...(asked?.ok === true ? { requester: asked.value } : {}) }, sshDeps)
    shown.set(each.optOut.uid, answer.shown)
    people.set(each.optOut.uid, { approvals: answer.approvals, involved: [...each.involved, ...answer.requesters.map(({ identity }) => identity)] })
    problems.push(...answer.problems, ...(asked?.ok === false && answer.requesters.length === 0 && asksWho(each.optOut, tip) ? [unshown(each.optOut, asked.problem)] : []))
  }
  return { shown, problems, people }
}
