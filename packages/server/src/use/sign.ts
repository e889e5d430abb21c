/** Approving and activating: what people sign must be what stands now. */
import {
  type ActFacts, type Approved, type HexDigest, type Identity, type Instant, type OptOut, type OptOutRecord, type Problem, repositoryIdOf, sameIdentity, type StandingOptOut, transition, type Verdict,
} from '@exeat/core'
import { signedSchema } from '@exeat/core/wire'
import { type Act, type Done, type Judging, type Outcome, perform, prepared, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import { particularsOf } from './enter.ts'
import { shaped } from './input.ts'
import { bindingNow, isAmong, standingNamed, stillIn, type TermsNow, unmetByActivation, weakFactor, withAliases } from './judge.ts'
import { documentOf, ledgerOf, loadOpen, optOutOf, type Over, type Versioned } from './load.ts'
import { termProblem, useError } from './problem.ts'
import { voidApprovals } from './shown.ts'
import type { StoredOptOut } from './stored.ts'
import type { Actor, Binding, IdempotencyKey, Prepared } from './types.ts'
import { writersNow } from './writers.ts'
import { notWitnessed, type WitnessedHead, witnessedHead } from './witnessed.ts'

/** An opt-out as it stands, the act's people and its terms. */
interface Case {
  readonly judging: Judging
  readonly stored: Versioned<StoredOptOut>
  readonly record: OptOutRecord
  readonly document: OptOut
  readonly standing: StandingOptOut | undefined
  readonly terms: TermsNow
  /** Who wrote the document as it stands at the protected ref. */
  readonly writers: readonly Identity[]
  readonly facts: ActFacts
}

type Signing = 'approve' | 'activate'

export async function sign(deps: UseDependencies, kind: Signing, actor: Actor, id: string, signed: Binding, key: IdempotencyKey): Promise<Done> {
  const { uid, act } = await signing(deps, kind, id, signed)
  return perform(deps, { act: kind, actor, key, content: { uid, signed } }, act)
}

export async function prepareSigning(deps: UseDependencies, kind: Signing, actor: Actor, id: string, signed: Binding): Promise<Prepared> {
  return prepared(deps, actor, (await signing(deps, kind, id, signed)).act)
}

async function signing(deps: UseDependencies, kind: Signing, id: string, signed: Binding): Promise<{ readonly uid: HexDigest; readonly act: Act }> {
  shaped(signedSchema, { signed })
  // Uids and names never change: only what they lead to is read again under the lock.
  const { uid, requester, approvals, asked: { name } } = (await optOutOf(deps.log, id)).value.record
  let writers: readonly Identity[] = []
  let witnesses: WitnessedHead | undefined
  return {
    uid,
    act: {
      tap: 'needed',
      people: [requester, ...approvals.map(({ by }) => by)],
      look: async (governed) => {
        const standing = standingNamed(governed, name)
        if (kind === 'activate') witnesses = await witnessedHead(deps.log, governed.governance.workspace.document)
        writers = standing === undefined ? [] : await writersNow(deps, governed, standing)
      },
      judge: async (judging) => {
        const given = await caseOf(judging, uid, writers)
        const { verdict, over } = kind === 'approve' ? approval(given, signed) : await activation(given, signed, witnesses)
        return outcomeOf(given, verdict, over)
      },
    },
  }
}

function outcomeOf({ stored, standing, terms }: Case, verdict: Verdict, over: Over): Outcome {
  const particulars = { ...particularsOf(stored.value), ...(standing === undefined ? {} : { origin: standing.origin }) }
  return { verdict, before: stored, particulars, over, ...(terms.ok ? { mfa: terms.terms.mfa.value } : { mfa: 'none', hint: terms.because.message }) }
}

interface Judged {
  readonly verdict: Verdict
  readonly over: Over
}

function approval(given: Case, signed: Binding): Judged {
  const { judging: { moment }, record, facts } = given
  const verdict = transition(ledgerOf([record]), { kind: 'approve', uid: record.uid, signed }, facts, moment.at as Instant)
  if (verdict.ok) refuseAny([...otherRepositories(given), ...againstApproval(given, moment.at as Instant)])
  return { verdict, over: [] }
}

/** Names may come to mean other repositories: what is signed is their ids. */
function otherRepositories({ judging: { governed }, stored: { value: { repositoryId } }, record, document }: Case): readonly Problem[] {
  const now = repositoryIdOf(document, governed.governance.workspace.document)
  if (now === repositoryId) return []
  return [{
    code: 'CONTENT_CHANGED', message: `the repositories that \`${record.asked.name}\` names have the id \`${now}\` in the workspace, and it was asked for with \`${repositoryId}\``,
    hint: 'ask anew, under another name',
  }]
}

function againstApproval({ judging: { governed: { policySet }, people, shown }, record, document, facts, terms, writers }: Case, now: Instant): readonly Problem[] {
  const { asked: { name }, requester, requesterGroups } = record
  if (wrote(writers, facts.actor, people.same)) return [{ code: 'SELF_APPROVAL', message: `the actor wrote or committed \`${name}\` at the protected ref` }]
  // `transition` found the binding unchanged, which terms that refuse never are.
  if (!terms.ok) return [termProblem('NOT_PERMITTED', terms.because)]
  const input = { optOut: document, requester: { groups: stillIn(requesterGroups, facts.groupsOf(requester)) }, approver: { groups: facts.groups }, now }
  return [...weakFactor(shown, terms.terms.mfa.value, 'approve'), ...policySet.conditions(terms.terms, 'approve', input).map((each) => termProblem('TERMS_NOT_MET', each))]
}

async function activation(given: Case, signed: Binding, witnesses: WitnessedHead | undefined): Promise<Judged> {
  const { judging: { moment, governed }, record, facts } = given
  const { ledger, over } = await loadOpen(moment, { uid: record.uid })
  const verdict = transition(withAliases(ledger, governed), { kind: 'activate', uid: record.uid, signed }, facts, moment.at as Instant)
  if (verdict.ok) refuseAny([...otherRepositories(given), ...againstActivation(given, witnesses, moment.at as Instant)])
  return { verdict, over }
}

function againstActivation({ judging: { governed: { policySet }, shown }, stored, record, standing, facts, terms }: Case, witnesses: WitnessedHead | undefined, at: Instant): readonly Problem[] {
  const { asked: { name }, binding } = record
  if (standing === undefined) {
    throw useError('NOT_MERGED', `\`${name}\` does not stand at the protected ref`, 'merge the document as it was approved, then activate it')
  }
  if (!terms.ok) return [termProblem('NOT_PERMITTED', terms.because)]
  const weak = weakFactor(shown, terms.terms.mfa.value, 'activate')
  if (weak.length > 0) return weak
  // The newest entry about it: that of the last approval, or of the request where nobody needs to approve.
  const unseen = witnesses === undefined ? undefined : notWitnessed(witnesses, Math.max(...stored.value.entries))
  if (terms.terms.requires.witness.value && unseen !== undefined) return [unseen]
  // The impact may have come with the request alone: that there is one, and which, the binding says.
  const optOut = binding.impact === null || standing.impact !== undefined ? standing : { ...standing, impact: new Set<HexDigest>() }
  return unmetByActivation(policySet, { optOut, terms: terms.terms, stored: stored.value, activator: facts.groups, shown, witnessed: unseen === undefined, groupsOf: facts.groupsOf, at })
}

async function caseOf(judging: Judging, uid: HexDigest, writers: readonly Identity[]): Promise<Case> {
  const { moment, governed, people, by, shown } = judging
  const stored = await optOutOf(moment, uid)
  const { record } = stored.value
  const document = await documentOf(moment, record.binding.optOut)
  const { binding, terms, standing } = bindingNow(governed, record, document)
  const empty = await voidApprovals(moment, governed.governance.workspace.document, stored.value, people)
  const facts: ActFacts = {
    actor: by, groups: people.groupsOf(by), evidence: shown.strength, binding, terms: record.terms, same: people.same,
    // An approver who turns out to have written what stands at the protected ref, or whose approval is void, fills no place of the quorum.
    groupsOf: (person) => (approvalBy(record, person) !== undefined && (wrote(writers, person, people.same) || isAmong(empty, person)) ? [] : people.groupsOf(person)),
  }
  return { judging, stored, record, document, standing, terms, writers, facts }
}

const wrote = (writers: readonly Identity[], person: Identity, same: ActFacts['same'] & object): boolean => isAmong(writers, person) || writers.some((each) => same(each, person))

const approvalBy = ({ approvals }: OptOutRecord, person: Identity): Approved | undefined => approvals.find(({ by }) => sameIdentity(by, person))
