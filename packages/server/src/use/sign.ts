/** Approving and activating: what people sign must be what stands now. */
import {
  type ActFacts, type HexDigest, type Identity, type Instant, type OptOut, type OptOutRecord, type Problem, repositoryIdOf, sameIdentity, type StandingOptOut, transition, type Verdict,
} from '@exeat/core'
import { signedSchema } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'
import type { Applied, Transaction } from '../ports/log.ts'
import { type Done, perform, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import { enter, particularsOf } from './enter.ts'
import { shaped } from './input.ts'
import { bindingNow, groupsIn, involvedBy, isAmong, standingNamed, stillIn, type TermsNow, unmetByActivation, weakEvidence, withAliases } from './judge.ts'
import { documentOf, ledgerOf, loadOpen, optOutOf, type Versioned } from './load.ts'
import { termProblem, useError } from './problem.ts'
import type { StoredOptOut } from './stored.ts'
import type { Actor, Binding, IdempotencyKey } from './types.ts'

/** An opt-out as it stands, the act's people and its terms. */
interface Case {
  readonly stored: Versioned<StoredOptOut>
  readonly record: OptOutRecord
  readonly document: OptOut
  readonly standing: StandingOptOut | undefined
  readonly terms: TermsNow
  /** Who wrote the document as it stands at the protected ref. */
  readonly writers: readonly Identity[]
  readonly facts: ActFacts
  readonly governed: Governed
  readonly actor: Actor
}

export async function approve(deps: UseDependencies, actor: Actor, id: string, signed: Binding, key: IdempotencyKey): Promise<Done> {
  return sign(deps, 'approve', actor, id, signed, key, async (tx, given) => {
    const { record, facts } = given
    const verdict = transition(ledgerOf([record]), { kind: 'approve', uid: record.uid, signed }, facts, tx.at as Instant)
    if (verdict.ok) refuseAny([...otherRepositories(given), ...againstApproval(given, tx.at as Instant)])
    return verdict
  })
}

/** Names may come to mean other repositories: what is signed is their ids. */
function otherRepositories({ stored: { value: { repositoryId } }, record, document, governed: { governance: { workspace } } }: Case): readonly Problem[] {
  const now = repositoryIdOf(document, workspace.document)
  if (now === repositoryId) return []
  return [{
    code: 'CONTENT_CHANGED', message: `the repositories that \`${record.asked.name}\` names have the id \`${now}\` in the workspace, and it was asked for with \`${repositoryId}\``,
    hint: 'ask anew, under another name',
  }]
}

function againstApproval({ record, document, facts, terms, writers, governed: { policySet }, actor }: Case, now: Instant): readonly Problem[] {
  const { asked: { name }, requester, requesterGroups } = record
  if (isAmong(writers, facts.actor)) return [{ code: 'SELF_APPROVAL', message: `the actor wrote or committed \`${name}\` at the protected ref` }]
  // `transition` found the binding unchanged, which terms that refuse never are.
  if (!terms.ok) return [termProblem('NOT_PERMITTED', terms.because)]
  const weak = weakEvidence(actor.evidence.strength, evidenceOf(terms), 'approve')
  const input = { optOut: document, requester: { groups: stillIn(requesterGroups, facts.groupsOf(requester)) }, approver: { groups: facts.groups }, now }
  return [...(weak === undefined ? [] : [weak]), ...policySet.conditions(terms.terms, 'approve', input).map((each) => termProblem('TERMS_NOT_MET', each))]
}

const evidenceOf = ({ terms: { mfa } }: TermsNow & { readonly ok: true }) => (mfa.value === 'none' ? 'none' : mfa.value.evidence)

export async function activate(deps: UseDependencies, actor: Actor, id: string, signed: Binding, key: IdempotencyKey): Promise<Done> {
  return sign(deps, 'activate', actor, id, signed, key, async (tx, given) => {
    const { record, facts } = given
    const ledger = withAliases(await loadOpen(tx, { uid: record.uid }), given.governed)
    const verdict = transition(ledger, { kind: 'activate', uid: record.uid, signed }, facts, tx.at as Instant)
    if (verdict.ok) refuseAny([...otherRepositories(given), ...againstActivation(given, tx.at as Instant)])
    return verdict
  })
}

function againstActivation({ record, standing, facts, terms, governed: { policySet }, actor }: Case, at: Instant): readonly Problem[] {
  const { asked: { name }, binding } = record
  if (standing === undefined) {
    throw useError('NOT_MERGED', `\`${name}\` does not stand at the protected ref`, 'merge the document as it was approved, then activate it')
  }
  if (!terms.ok) return [termProblem('NOT_PERMITTED', terms.because)]
  const weak = weakEvidence(actor.evidence.strength, evidenceOf(terms), 'activate')
  if (weak !== undefined) return [weak]
  // The impact may have come with the request alone: that there is one, and which, the binding says.
  const optOut = binding.impact === null || standing.impact !== undefined ? standing : { ...standing, impact: new Set<HexDigest>() }
  return unmetByActivation(policySet, { optOut, terms: terms.terms, record, activator: facts.groups, evidence: actor.evidence.strength, groupsOf: facts.groupsOf, at })
}

async function sign(
  deps: UseDependencies, act: 'approve' | 'activate', actor: Actor, id: string, signed: Binding, key: IdempotencyKey,
  judge: (tx: Transaction, given: Case) => Promise<Verdict>,
): Promise<Done> {
  shaped(signedSchema, { signed })
  // Uids and names never change: only what they lead to is read again under the lock.
  const { uid, asked: { name } } = (await optOutOf(deps.log, id)).value.record
  let writers: readonly Identity[] = []
  return perform(deps, { act, actor, key, content: { uid, signed } }, async (tx, governed): Promise<Applied> => {
    const given = await caseOf(tx, uid, actor, governed, writers)
    const { stored, standing } = given
    const particulars = { ...particularsOf(stored.value), ...(standing === undefined ? {} : { origin: standing.origin }) }
    const outcome = await enter(tx, deps, { verdict: await judge(tx, given), actor, workspace: governed.governance.workspace.document.spec.id, before: stored, particulars })
    return outcome.ok || given.terms.ok ? outcome : { ...outcome, problem: { ...outcome.problem, hint: given.terms.because.message } }
  }, async (governed) => {
    const standing = standingNamed(governed, name)
    writers = standing === undefined ? [] : involvedBy(await deps.governance.writers(governed.commit, standing.origin.file))
  })
}

async function caseOf(tx: Transaction, uid: HexDigest, actor: Actor, governed: Governed, writers: readonly Identity[]): Promise<Case> {
  const stored = await optOutOf(tx, uid)
  const { record } = stored.value
  const document = await documentOf(tx, record.binding.optOut)
  const { binding, terms, standing } = bindingNow(governed, record, document)
  const workspace = governed.governance.workspace.document
  const facts: ActFacts = {
    actor: actor.identity, groups: groupsIn(workspace, actor.identity), evidence: actor.evidence.strength, binding, terms: record.terms,
    // An approver who turns out to have written what stands at the protected ref fills no place of the quorum.
    groupsOf: (person) => (isApprover(record, person) && isAmong(writers, person) ? [] : groupsIn(workspace, person)),
  }
  return { stored, record, document, standing, terms, writers, facts, governed, actor }
}

const isApprover = ({ approvals }: OptOutRecord, person: Identity): boolean => approvals.some(({ by }) => sameIdentity(by, person))
