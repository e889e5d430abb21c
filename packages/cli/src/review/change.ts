/** A change of governance, read from two commits and judged by the one that it wants to enter. */
import type { Identity, PolicySet, Problem, Workspace } from '@exeat/core'
import { review, type Review, type ReviewSide } from '@exeat/core/review'
import { type Governance, readGovernance } from '@exeat/git'
import { type GitChange, readChange } from '@exeat/git/change'
import { groupsOf } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { cacheFolder, compilePolicies, type GovernanceFlags, loadGovernance, sha256 } from '../governance/load.ts'
import { type Approvals, approvalsOf, readApprovals } from './approvals.ts'
import type { AtForge, ForgeFlags, ToldByForge } from './forge.ts'
import { guardedFiles } from './guarded.ts'
import { signedApprovals } from './signed.ts'

export interface ChangeFlags extends GovernanceFlags, ForgeFlags {
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
  readonly review: Omit<Review, 'problems' | 'warnings'> & { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }
  /** Documents of kind OptOut that are wrong at the head and were not so before. */
  readonly invalid: readonly Problem[]
  /** As the caller says. */
  readonly pusher?: string
  /** Why signatures that the change brings, or that were given, count for nothing. */
  readonly unsigned: readonly Problem[]
  /** Approvals that count for nothing. */
  readonly left: ReturnType<typeof approvalsOf>['left']
  /** What somebody is called, where the forge or the workspace says. */
  readonly nameOf: (person: Identity) => string
  readonly at?: AtForge
}

/** @throws {ExeatError} whatever keeps the two commits from being read, or the forge from being asked: nothing was judged */
export async function reviewChange(flags: ChangeFlags, io: Io): Promise<ReviewedChange> {
  const at = flags.forge === undefined ? undefined : await (await import('./forge.ts')).changeAtForge(flags, io)
  const tip = await loadGovernance({ ...flags, ...baseOf(flags, at) }, io, { allowCommit: true })
  if (tip.source.kind === 'worktree') throw new Error('a change is between commits')
  const change = await readChange(io.cwd, { base: tip.source.commit, head: at?.proposed.head ?? flags.head ?? 'HEAD' })
  const [fromGovernance, headGovernance] = await Promise.all([change.mergeBase, change.head].map((commit) => governanceAt(commit, flags, io)))
  if (fromGovernance === undefined || headGovernance === undefined) throw new Error('two commits were read')
  const [base, from, head] = await Promise.all([tip, fromGovernance, headGovernance].map(sideOf))
  if (base === undefined || from === undefined || head === undefined) throw new Error('three sides were made')
  const workspace = tip.workspace.document
  const told = await toldOf(at, change, workspace, flags, io)
  const guarded = await guardedFiles(change.files, io)
  const bySsh = await signedApprovals({ change, guarded, files: flags.signature ?? [], base: tip, from: fromGovernance, head: headGovernance, policySet: base.policySet }, io)
  const { approvals, left } = approvalsOf(told.approvals, change.head, (identity) => groupsOf(workspace, { iss: identity.iss, sub: identity.sub.toLowerCase() }))
  const seen = await controlsSeen(flags.findings, base.policySet, io)
  const judged = review({
    base, from, head, guarded, aliasesChanged: digestsOf(fromGovernance) !== digestsOf(headGovernance),
    involved: involvedIn(change, told.approvals, flags.pusher), approvals: [...approvals, ...bySsh.approvals], members: membersIn(told.approvals), now: io.now, ...(seen === undefined ? {} : { seen }),
  })
  return {
    change, guarded, label: tip.label, left, unsigned: bySsh.problems, ...(flags.pusher === undefined ? {} : { pusher: flags.pusher }), nameOf: namesIn(workspace, told.approvals), ...(at === undefined ? {} : { at }),
    review: { ...judged, outcome: told.problems.length > 0 ? 'refused' : judged.outcome, problems: [...told.problems, ...judged.problems], warnings: [...judged.warnings, ...told.warnings] },
    invalid: headGovernance.refused.filter((each) => !fromGovernance.refused.some((other) => sameProblems(other.problems, each.problems))).flatMap(({ problems }) => problems),
  }
}

/** What is stated, else onto what a queue merges, else the branch that the change wants to enter. */
function baseOf({ base }: ChangeFlags, at: AtForge | undefined): { readonly ref?: string } {
  const ref = base ?? at?.queued?.base ?? (at === undefined ? undefined : `refs/remotes/origin/${at.proposed.into}`)
  return ref === undefined ? {} : { ref }
}

async function toldOf(at: AtForge | undefined, change: GitChange, workspace: Workspace, { approvals }: ChangeFlags, io: Io): Promise<ToldByForge> {
  if (at === undefined) return { approvals: readApprovals(approvals, io), problems: [], warnings: [] }
  return (await import('./forge.ts')).tellChange(at, change, workspace, io)
}

const membersIn = ({ people = [] }: Approvals) => people.map(({ iss, sub, groups }) => ({ by: { iss, sub }, groups }))

function namesIn({ spec }: Workspace, { people = [] }: Approvals): ReviewedChange['nameOf'] {
  const key = ({ iss, sub }: Identity): string => JSON.stringify([iss, sub])
  const listed = Object.values(spec.groups ?? {}).flat().flatMap(({ label, ...person }) => (label === undefined ? [] : [[key(person), label] as const]))
  const names = new Map([...listed, ...people.map((person) => [key(person), person.name] as const)])
  return (person) => names.get(key(person)) ?? person.sub
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
