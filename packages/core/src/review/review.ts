/**
 * The review of a change (design §1 rules 3, 5, 9, 10): two sets of governance documents compared by what they mean, judged by those of the base alone. Pure and
 * total; who wrote the change and who approved it is told by whoever read it from git or from a forge.
 */
import type { Workspace } from '../document/schema.ts'
import type { Problem } from '../error/problem.ts'
import type { Identity } from '../lifecycle/events.ts'
import { type Persons, personsIn } from '../lifecycle/persons.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Instant } from '../model/instant.ts'
import type { StandingOptOut } from '../model/optout.ts'
import { type Approval, quorumMet } from '../policy/quorum.ts'
import type { ReviewCode } from './codes.ts'
import { type OptOutChange, optOutChanges } from './opt-outs.ts'
import { type PolicyChange, policyChanges, type PolicySide } from './policies.ts'

export interface ReviewSide extends PolicySide {
  readonly workspace: { readonly document: Workspace; readonly digest: HexDigest }
  readonly optOuts: readonly StandingOptOut[]
}

/** Somebody who approved this very head, or a part of it. */
export interface ReviewApproval {
  readonly by: Identity
  /** Uid of the opt-out that it is about, or what governs (policies included); absent: all of the head. */
  readonly of?: HexDigest | 'governance'
  /** Theirs, as the base's workspace or the forge says. */
  readonly groups: readonly string[]
}

export interface ReviewGiven {
  /** Tip of the branch that it wants to enter: by its policies everything is judged. */
  readonly base: ReviewSide
  /** Where the two parted: against this the change is told. */
  readonly from: ReviewSide
  readonly head: ReviewSide
  /** Changed files besides documents that govern or judge: allowed signers, owners, workflows that run the review. */
  readonly guarded: readonly string[]
  /** Digests of the aliases' documents differ. */
  readonly aliasesChanged: boolean
  /** Authors, committers, co-authors and whoever pushed it: none of them approves it. */
  readonly involved: readonly Identity[]
  readonly approvals: readonly ReviewApproval[]
  /** People whom a forge knows, besides those whom the workspace lists: they are told as such who could approve. */
  readonly members?: readonly ReviewApproval[]
  readonly now: Instant
  readonly seen?: ReadonlySet<string>
}

/** A quorum that a part of the change needs, and whether the approvals fill it. */
export interface ReviewQuorum {
  readonly approve: readonly Approval[]
  readonly met: boolean
  /** Where it is not filled: people of these groups, as the base's workspace or a forge lists them, who did not write the change and have not approved it. */
  readonly could: readonly Identity[]
}

export interface ReviewedOptOut extends OptOutChange, ReviewQuorum {}
export interface ReviewedPolicyChange extends PolicyChange, ReviewQuorum {}

export interface Review {
  /** `refused`: something is wrong. `waiting`: people must still approve. */
  readonly outcome: 'allowed' | 'waiting' | 'refused'
  readonly optOuts: readonly ReviewedOptOut[]
  readonly policies: readonly ReviewedPolicyChange[]
  /** Workspace, aliases and guarded files that changed, and who must approve that. */
  readonly governance: ReviewQuorum & { readonly changed: readonly string[] }
  /** Of the change as a whole. */
  readonly problems: readonly Problem<ReviewCode>[]
  readonly warnings: readonly Problem<ReviewCode>[]
  /** Whose approvals count, and whose do not because they wrote the change. */
  readonly counted: readonly Identity[]
  readonly excluded: readonly Identity[]
}

export function review(given: ReviewGiven): Review {
  const { base, from, head, guarded, aliasesChanged, now, seen } = given
  const persons = personsIn(base.workspace.document)
  const { counted, excluded } = approvers(given, persons)
  const quorum = (approve: readonly Approval[], subject: HexDigest | 'governance'): ReviewQuorum => {
    const own = counted.filter(({ of }) => of === undefined || of === subject)
    const met = isMet(approve, own, persons)
    return { approve, met, could: met ? [] : candidates(approve, given, own, persons) }
  }
  const own = optOutChanges({ base: from.optOuts, standing: base.optOuts, head: head.optOuts, policySet: base.policySet, now, seen })
  const optOuts = own.changes.map((change): ReviewedOptOut => ({ ...change, ...quorum(change.approve, change.optOut.uid) }))
  const guards = base.workspace.document.spec.governance?.approve
  const policies = policyChanges(from, head).map((change): ReviewedPolicyChange => ({ ...change, ...quorum(policyQuorum(change, base, guards ?? []), 'governance') }))
  const changed = [...(from.workspace.digest === head.workspace.digest ? [] : ['workspace']), ...(aliasesChanged ? ['aliases'] : []), ...guarded]
  const governance = { changed, ...quorum(changed.length === 0 ? [] : guards ?? [], 'governance') }
  const governing = changed.length > 0 || policies.some(({ change }) => change !== 'moved')
  const problems = [...own.problems, ...mixed(optOuts, policies, changed)]
  const isRefused = problems.length > 0 || optOuts.some(({ problems: each }) => each.length > 0)
  const isWaiting = [...optOuts, ...policies, governance].some(({ met }) => !met)
  return {
    outcome: isRefused ? 'refused' : isWaiting ? 'waiting' : 'allowed', optOuts, policies, governance, problems, counted: once(counted, persons), excluded: once(excluded, persons),
    warnings: governing && guards === undefined ? [{ code: 'REVIEW_UNGUARDED', message: 'the workspace names nobody under `governance.approve`, so that changes of what judges opt-outs need nobody\'s approval', hint: 'name who guards it' }] : [],
  }
}

/** Loosening a policy needs its own quorum and governance's; what is newly covered, governance's; tightening nobody's (design §3, Authority). */
function policyQuorum({ name, effect, opens }: PolicyChange, { policies }: ReviewSide, guards: readonly Approval[]): readonly Approval[] {
  if (effect !== 'loosened' && effect !== 'unproven') return []
  const spec = policies.find(({ document }) => document.metadata.name === name)?.document.spec
  const own = spec?.effect === 'permit' && spec.approve !== 'none' ? spec.approve : []
  return opens && spec === undefined ? guards : [...own, ...guards]
}

function approvers({ approvals, involved }: ReviewGiven, { keyOf }: Persons): { readonly counted: readonly ReviewApproval[]; readonly excluded: readonly ReviewApproval[] } {
  const wrote = new Set(involved.map(keyOf))
  const excluded = approvals.filter(({ by }) => wrote.has(keyOf(by)))
  return { counted: approvals.filter((each) => !excluded.includes(each)), excluded }
}

const once = (approvals: readonly ReviewApproval[], { keyOf }: Persons): readonly Identity[] => [...new Map(approvals.map(({ by }) => [keyOf(by), by])).values()]

/**
 * One person counts once, and of two whom the workspace does not list nobody can tell whether different issuers name the same: those whom it lists, and of the
 * rest those of one issuer, fill it together. Of the listed only who is known to that issuer, as the others may be one of the rest.
 */
function isMet(approve: readonly Approval[], approvals: readonly ReviewApproval[], { keyOf, identitiesOf }: Persons): boolean {
  const names = approvals.map((approval) => ({ approval, issuers: identitiesOf(approval.by).map(({ iss }) => iss) }))
  const together = [...new Set(names.flatMap(({ issuers }) => issuers))].map((issuer) => names.filter(({ issuers }) => issuers.includes(issuer)))
  return approve.length === 0 || [...together, names.filter(({ issuers }) => issuers.length > 1)].some((own) => {
    const people = Map.groupBy(own.map(({ approval }) => approval), ({ by }) => keyOf(by)).values()
    return quorumMet(approve, [...people].map((same) => same.flatMap(({ groups }) => groups)))
  })
}

function candidates(approve: readonly Approval[], { base, involved, members = [] }: ReviewGiven, counted: readonly ReviewApproval[], { keyOf }: Persons): readonly Identity[] {
  const no = new Set([...involved, ...counted.map(({ by }) => by)].map(keyOf))
  const groups = new Set(approve.flatMap((each) => each.groups))
  const listed = Object.entries(base.workspace.document.spec.groups ?? {}).flatMap(([name, people]) => (groups.has(name) ? people : []))
  const known = members.flatMap(({ by, groups: theirs }) => (theirs.some((name) => groups.has(name)) ? [by] : []))
  const found = new Map([...listed, ...known].map(({ iss, sub }) => [keyOf({ iss, sub }), { iss, sub }]))
  return [...found].filter(([key]) => !no.has(key)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, person]) => person)
}

/** Whoever loosens what judges an opt-out in the same change has it judged by himself the next time (attack 12). */
function mixed(optOuts: readonly OptOutChange[], policies: readonly PolicyChange[], changed: readonly string[]): readonly Problem<ReviewCode>[] {
  const brought = optOuts.find(({ change }) => change === 'added' || change === 'changed')
  const judging = [...policies.filter(({ change }) => change !== 'moved').map(({ name }) => `policy ${name}`), ...changed]
  if (brought === undefined || judging.length === 0) return []
  return [{
    code: 'REVIEW_MIXED', message: `opt-out \`${brought.name}\` comes together with what judges it: ${judging.slice(0, 4).map((each) => `\`${each}\``).join(', ')}${judging.length > 4 ? ', …' : ''}`,
    hint: 'split it: one change for the opt-outs, one for the rest',
  }]
}
