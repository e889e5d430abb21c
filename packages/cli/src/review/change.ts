/** A change of governance, read from two commits and judged by the one that it wants to enter. */
import type { PolicySet, Problem } from '@exeat/core'
import { review, type Review, type ReviewSide } from '@exeat/core/review'
import { type Governance, readGovernance } from '@exeat/git'
import { type ChangedFile, type GitChange, mentions, readChange } from '@exeat/git/change'
import { groupsOf } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { cacheFolder, compilePolicies, type GovernanceFlags, loadGovernance, sha256 } from '../governance/load.ts'
import { type Approvals, approvalsOf, readApprovals } from './approvals.ts'
import { signedApprovals } from './signed.ts'

export interface ChangeFlags extends GovernanceFlags {
  readonly base?: string
  readonly head?: string
  readonly approvals?: string
  /** Mail address of whoever pushes it, as the caller says; `unknown`: nothing tells. */
  readonly pusher?: string
  /** Envelopes of approvals signed by SSH keys that no commit holds, each with its `.sshsig` beside it. */
  readonly signature?: readonly string[]
  readonly findings?: readonly string[]
  readonly format: 'text' | 'json' | 'markdown'
}

export interface ReviewedChange {
  readonly change: GitChange
  /** Files of it besides documents that govern or judge. */
  readonly guarded: readonly string[]
  readonly label: string
  readonly review: Review
  /** Documents of kind OptOut that are wrong at the head and were not so before. */
  readonly invalid: readonly Problem[]
  /** As the caller says. */
  readonly pusher?: string
  /** Why signatures that the change brings, or that were given, count for nothing. */
  readonly unsigned: readonly Problem[]
  /** Approvals that count for nothing. */
  readonly left: ReturnType<typeof approvalsOf>['left']
}

/** @throws {ExeatError} whatever keeps the two commits from being read: nothing was judged */
export async function reviewChange(flags: ChangeFlags, io: Io): Promise<ReviewedChange> {
  const given = readApprovals(flags.approvals, io)
  const tip = await loadGovernance({ ...flags, ...(flags.base === undefined ? {} : { ref: flags.base }) }, io, { allowCommit: true })
  if (tip.source.kind === 'worktree') throw new Error('a change is between commits')
  const change = await readChange(io.cwd, { base: tip.source.commit, head: flags.head ?? 'HEAD' })
  const [fromGovernance, headGovernance] = await Promise.all([change.mergeBase, change.head].map((commit) => governanceAt(commit, flags, io)))
  if (fromGovernance === undefined || headGovernance === undefined) throw new Error('two commits were read')
  const [base, from, head] = await Promise.all([tip, fromGovernance, headGovernance].map(sideOf))
  if (base === undefined || from === undefined || head === undefined) throw new Error('three sides were made')
  const guarded = await guardedFiles(change, io)
  const bySsh = await signedApprovals({ change, guarded, files: flags.signature ?? [], base: tip, from: fromGovernance, head: headGovernance, policySet: base.policySet }, io)
  const { approvals, left } = approvalsOf(given, change.head, (identity) => groupsOf(tip.workspace.document, { iss: identity.iss, sub: identity.sub.toLowerCase() }))
  const seen = await controlsSeen(flags.findings, base.policySet, io)
  return {
    change, guarded, label: tip.label, left, unsigned: bySsh.problems, ...(flags.pusher === undefined ? {} : { pusher: flags.pusher }),
    review: review({
      base, from, head, guarded, aliasesChanged: digestsOf(fromGovernance) !== digestsOf(headGovernance),
      involved: involvedIn(change, given, flags.pusher), approvals: [...approvals, ...bySsh.approvals], now: io.now, ...(seen === undefined ? {} : { seen }),
    }),
    invalid: headGovernance.refused.filter((each) => !fromGovernance.refused.some((other) => sameProblems(other.problems, each.problems))).flatMap(({ problems }) => problems),
  }
}

const governanceAt = async (commit: string, flags: ChangeFlags, io: Io): Promise<Governance> => {
  const cacheDir = cacheFolder(flags, io)
  return readGovernance({ dir: io.cwd, sha256, ref: commit, allowCommit: true, ...(cacheDir === undefined ? {} : { cacheDir }) })
}

async function sideOf(governance: Governance): Promise<ReviewSide> {
  const { workspace, policies, optOuts, aliases } = governance
  return { workspace, policies, optOuts, policySet: await compilePolicies(governance), aliases: aliases.flatMap(({ document }) => document.spec.controls.flat()) }
}

const digestsOf = ({ aliases }: Governance): string => aliases.map(({ digest }) => digest).sort().join(' ')
const sameProblems = (a: readonly Problem[], b: readonly Problem[]): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Whoever a commit names, or the caller as pusher, as git knows them and as somebody who types that address; and whom the forge names. */
const involvedIn = ({ people }: GitChange, { involved = [] }: Approvals, pusher: string | undefined) =>
  [...[...people, ...(pusher === undefined ? [] : [pusher])].flatMap((sub) => [{ iss: 'git', sub }, { iss: 'exeat:operator', sub }]), ...involved]

const owners = /^(?:\.github\/|\.gitlab\/|docs\/)?CODEOWNERS$/i
const workflows = /^(?:\.github\/(?:workflows|actions)\/.+|\.gitlab-ci\.ya?ml|\.gitlab\/ci\/.+|Jenkinsfile.*|azure-pipelines.*\.ya?ml|\.circleci\/.+|\.buildkite\/.+|action\.ya?ml)$/i

/** Files besides documents that decide who may change what, or whether this is asked at all. */
async function guardedFiles({ files }: GitChange, io: Io): Promise<readonly string[]> {
  const found: string[] = []
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- few files are workflows
    if (isGuarded(file.path) || (workflows.test(file.path) && (file.kind !== 'file' || await runsExeat(file, io)))) found.push(file.path)
  }
  return found
}

const isGuarded = (path: string): boolean => path === '.exeat/allowed_signers' || owners.test(path)
const runsExeat = (file: ChangedFile, io: Io): Promise<boolean> => mentions(io.cwd, file, 'exeat')

/** @throws {ExeatError} as reports are read */
async function controlsSeen(findings: readonly string[] | undefined, policySet: PolicySet, io: Io): Promise<ReadonlySet<string> | undefined> {
  if (findings === undefined) return undefined
  const inputs = await readInputs(findings, undefined, io)
  try {
    return new Set(inputs.flatMap(({ reports }) => reports.flatMap((report) => report.findings.flatMap(({ tool, rule }) => policySet.sameControls(`${tool}/${rule}`)))))
  } finally {
    closeInputs(inputs)
  }
}

export const exitOfReview = ({ review: { outcome }, invalid }: ReviewedChange): number => {
  if (invalid.length > 0) return 3
  return { allowed: 0, waiting: 4, refused: 2 }[outcome]
}
