/** What the signed acts on one opt-out add up to: readings of who approved and who activated, for the terms to judge (design §6, git trust). */
import { type Duration, type HexDigest, type Identity, type Instant, type Met, type Persons, personsIn, sameIdentity, type Shown, type Terms, termsDigest } from '@exeat/core'
import type { VerifyProblem } from '../codes.ts'
import { type ActsOn, groupsOf, type MergedAct, readAct, readEnvelope, refusalOf, type SoundAct } from './act.ts'
import type { SshDeps } from './verify.ts'

export interface ActsGiven extends ActsOn {
  readonly acts: readonly MergedAct[]
  /** Whose signed commit brought the opt-out, where one is shown. A signed request says it as well, and first. */
  readonly requester?: Requester
  /** Everybody who wrote, committed or merged the document: none of them approves it. */
  readonly involved: readonly Identity[]
}

export interface Requester {
  readonly identity: Identity
  readonly groups: readonly string[]
}

interface Judging extends ActsGiven {
  /** Whether two names are one person's, as the workspace says now. */
  readonly same: Persons['same']
}

export interface JudgedActs {
  readonly shown: readonly Shown[]
  /** Everybody who is shown to ask. */
  readonly requesters: readonly Requester[]
  /** Those that count under the terms that stand now: what an activation is to name. */
  readonly approvals: readonly SoundAct[]
  /** Why an act does not count, each with its file. */
  readonly problems: readonly VerifyProblem[]
}

/** Total: an act that is wrong is left out alone, and said. */
export function judgeActs(given: ActsGiven, deps: SshDeps): JudgedActs {
  const read = given.acts.map((act) => ({ act, answer: readAct(act, given, deps) }))
  const sound = read.flatMap(({ answer }) => (answer.ok ? [answer.value] : []))
  const problems = read.flatMap(({ act, answer }) => (answer.ok || hasDone(act, given, sound, deps) ? [] : [refusalOf(answer, act.path)]))
  sound.sort((a, b) => a.place - b.place || (a.digest < b.digest ? -1 : 1))
  const requesters = [...sound.filter(({ envelope }) => envelope.purpose === 'request').map(({ by, groups }): Requester => ({ identity: by, groups })), ...(given.requester === undefined ? [] : [given.requester])]
  const { same } = personsIn(given.tip.workspace)
  const approvals = sound.filter(({ envelope }) => envelope.purpose === 'approve').filter((act) => {
    const self = [...given.involved, ...requesters.map(({ identity }) => identity)].some((each) => same(each, act.by))
    if (self) problems.push(refusalOf(separation(`\`${act.by.sub}\` wrote, merged or asked for the opt-out, and nobody approves their own`), act.path))
    return !self
  })
  const activations = sound.filter(({ envelope }) => envelope.purpose === 'activate')
  // Whoever is in no group cannot ask, and spoils no request of somebody who can.
  const requester = requesters.find(({ groups }) => groups.length > 0)
  const asking: Judging = { ...given, same, ...(requester === undefined ? {} : { requester }) }
  const activated = activations.flatMap((activation) => activatedBy(activation, approvals, asking, problems, deps))
  const alone = approvedAlone(approvals, asking, activated.length > 0 ? [] : problems, deps)
  return { shown: [...activated, alone.shown], requesters, approvals: alone.counted, problems }
}

/** What approved the merge has done its part where its person approves what stands: no warning for ever. */
function hasDone({ envelope, place }: MergedAct, { since }: ActsGiven, sound: readonly SoundAct[], deps: SshDeps): boolean {
  const stated = place === since.place ? readEnvelope(envelope, deps) : undefined
  if (stated?.ok !== true || stated.value.value.purpose !== 'approve') return false
  const { actor } = stated.value.value
  return sound.some(({ by, envelope: { purpose } }) => purpose === 'approve' && sameIdentity(by, actor))
}

const separation = (message: string) => ({ ok: false as const, problem: { code: 'ACT_SEPARATION' as const, message } })
const notCounted = (message: string, hint?: string) => ({ ok: false as const, problem: { code: 'ACT_NOT_COUNTED' as const, message, ...(hint === undefined ? {} : { hint }) } })
const stale = (message: string) => ({ ok: false as const, problem: { code: 'ACT_OTHER' as const, message, hint: 'the terms have changed: have it signed anew' } })

/** Terms that governed just before the activation was merged: those that were signed. Later ones are judged by the gate, as for any active opt-out. */
function activatedBy(activation: SoundAct, approvals: readonly SoundAct[], given: Judging, problems: VerifyProblem[], deps: SshDeps): Shown[] {
  const { before, envelope, by, path, groups, signature } = activation
  const answer = before.policySet.termsForOptOut(given.optOut.document)
  if (answer.kind === 'refused' || termsDigest(answer.terms, deps.sha256) !== envelope.terms) {
    problems.push(refusalOf(stale('it states other terms than governed when it was merged'), path))
    return []
  }
  const named = approvals.filter(({ digest, place }) => envelope.approvals.includes(digest) && place <= activation.place)
  const { terms } = answer
  const own = terms.approverMayActivate.value ? [] : named.filter((each) => given.same(each.by, by))
  if (own.length > 0) problems.push(refusalOf(separation(`\`${by.sub}\` approves and activates, and the terms do not let an approver activate`), own[0]?.path ?? path))
  const counted = countedOf(named.filter((each) => !own.includes(each)), envelope.terms, terms, given, problems)
  // Whoever had left a group by the activation and came back later approved for nobody in between.
  const people = counted.map((each) => ({ ...each, groups: each.groups.filter((group) => groupsOf(before.workspace, each.by).includes(group)) }))
  return [{
    met: {
      evidence: 'user-signed',
      factor: {
        attested: false, age: Math.max(0, activation.at - envelope.at) as Duration,
        backupEligible: [signature, ...people.map((each) => each.signature)].some(({ backupEligible }) => backupEligible !== false),
      },
      approvers: people.map((each) => each.groups), requester: requesterOf(given), activator: groups,
    },
    approvedAt: people.map((each) => each.envelope.at), activatedAt: envelope.at,
  }]
}

/** Where the terms let anyone activate and ask for no second factor, the merge itself puts an approved opt-out into force. */
function approvedAlone(approvals: readonly SoundAct[], given: Judging, problems: VerifyProblem[], { sha256 }: SshDeps): { readonly shown: Shown; readonly counted: readonly SoundAct[] } {
  const answer = given.tip.policySet.termsForOptOut(given.optOut.document)
  const counted = answer.kind === 'permitted' ? countedOf(approvals, termsDigest(answer.terms, sha256), answer.terms, given, problems) : []
  const met: Met = { evidence: 'none', approvers: counted.map(({ groups }) => groups), requester: requesterOf(given), activator: [] }
  return { shown: { met, approvedAt: counted.map(({ envelope }): Instant => envelope.at) }, counted }
}

const requesterOf = ({ requester }: ActsGiven): readonly string[] => requester?.groups ?? []

/** One approval a person, by somebody who may, of these terms. */
function countedOf(approvals: readonly SoundAct[], digest: HexDigest, terms: Terms, { same }: Judging, problems: VerifyProblem[]): readonly SoundAct[] {
  const wanted = terms.approve.flatMap(({ value }) => value.groups)
  const counted: SoundAct[] = []
  for (const act of approvals) {
    const { by, path, groups, envelope } = act
    if (envelope.terms !== digest) problems.push(refusalOf(stale('it approves other terms than were activated, or than stand now'), path))
    else if (counted.some((each) => same(each.by, by))) problems.push(refusalOf(notCounted(`\`${by.sub}\` has approved before, and counts once`), path))
    else if (!groups.some((group) => wanted.includes(group))) {
      problems.push(refusalOf(notCounted(`\`${by.sub}\` is in none of the groups that approve, or was not when it was merged`, 'groups stand in the workspace, by `iss: git` and the address in `sub`'), path))
    } else counted.push(act)
  }
  return counted
}
