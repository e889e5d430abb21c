/** Asking for an opt-out, and declaring an emergency. */
import {
  askedOf, type Binding, type Duration, type HexDigest, type Identity, type Instant, documentDigest, encodeDocument, optOutUid, sameIdentity, type OptOut,
  repositoryIdOf, repositoryIdsOf, type StandingOptOut, transition,
} from '@exeat/core'
import type { Impact } from '@exeat/core/impact'
import { ExeatError } from '@exeat/core/error'
import { emergencySchema, requestSchema, type Wire } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'
import type { Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { unheard } from './alarm.ts'
import { type Act, type Done, type Judging, type Outcome, perform, prepared, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import type { Particulars } from './enter.ts'
import { boundedRequest, decodeOptOut, decodeSentImpact, shaped } from './input.ts'
import { impactOf, standingNamed, strongest, type TermsNow, termsNow, unmetByRequest, weakFactor, withAliases } from './judge.ts'
import { askAbout, nobodyAsked, type Ticketed } from './incident.ts'
import { loadOpen } from './load.ts'
import { demand, termProblem, useError } from './problem.ts'
import { type Shown, tapNeeded } from './shown.ts'
import { bodyKinds, toBytes } from './stored.ts'
import { type Actor, type IdempotencyKey, operatorIssuer, type Prepared } from './types.ts'
import { writersNow } from './writers.ts'

/** Most addresses that a proposal records; approvals and activations look at the history again. */
const mostInvolved = 300

/** What was sent, held against what governs. */
interface Asked {
  readonly document: OptOut
  readonly digest: HexDigest
  readonly uid: HexDigest
  readonly sent: Impact | undefined
  readonly standing: StandingOptOut | undefined
  /** As the terms see it: with the impact that was sent, or the one at the protected ref. */
  readonly optOut: StandingOptOut
  readonly terms: TermsNow & { readonly ok: true }
  readonly binding: Binding
  readonly particulars: Particulars
  readonly involved: readonly Identity[]
}

/** What was sent, as JSON; an impact of null is none. */
type Sent = ReturnType<typeof boundedRequest>

/** Gives the uid that it was asked for under, and the entry. */
export async function request(deps: UseDependencies, actor: Actor, given: Wire['requestSchema'], key: IdempotencyKey): Promise<Done> {
  const content = sentRequest(given)
  return perform(deps, { act: 'request', actor, key, content }, requesting(deps, content))
}

/** @throws {ExeatError} NOT_A_RENEWAL: a first request takes no second factor */
export async function prepareRenewal(deps: UseDependencies, actor: Actor, given: Wire['requestSchema']): Promise<Prepared> {
  const made = await prepared(deps, actor, requesting(deps, sentRequest(given)))
  if (!('purpose' in made.envelope) || made.envelope.purpose === 'renew') return made
  throw useError('NOT_A_RENEWAL', 'the request continues no earlier opt-out, so that it takes no second factor', 'send it as it is: `POST /v1/opt-outs`')
}

function sentRequest(given: Wire['requestSchema']): Sent {
  shaped(requestSchema, given)
  return boundedRequest(given)
}

const requesting = (deps: UseDependencies, sent: Sent): Act => asking(deps, sent, 'taken', [], async (asked, { moment, governed, people, by, shown }) => {
  if (asked.document.spec.category === 'emergency') {
    throw useError('EMERGENCY_REQUESTED', `\`${asked.document.metadata.name}\` is of category \`emergency\``, 'declare it as an emergency, or choose another category')
  }
  const { ledger, over } = await loadOpen(moment, { uid: asked.uid, names: namesOf(asked.document) })
  const at = moment.at as Instant
  const facts = factsOf(asked, { people, by, shown })
  const wanted = askedOf(asked.document, asked.terms.terms.limits.uses?.value)
  const verdict = transition(withAliases(ledger, governed), { kind: 'request', uid: asked.uid, asked: wanted, involved: asked.involved }, facts, at)
  const mfa = asked.terms.terms.mfa.value
  const [event] = verdict.events
  if (!verdict.ok || event === undefined || !('renewal' in event)) return { verdict, over, mfa }
  const log = { renewal: event.renewal, total: event.total, ...(wanted.limits.uses === undefined ? {} : { uses: wanted.limits.uses }), witnessed: false }
  const renewal = event.type === 'optout.renewed'
  // A renewal needs the tap (design §7); a first request only sign-in.
  if (renewal && shown.strength === 'none') throw tapNeeded()
  refuseAny([
    ...unmetByRequest(governed.policySet, { optOut: asked.optOut, terms: asked.terms.terms, requester: facts.groups, log, at }),
    ...(renewal ? weakFactor(shown, mfa, 'renew') : []),
  ])
  return { verdict, over, mfa }
})

export async function emergency(deps: UseDependencies, actor: Actor, given: Wire['emergencySchema'], key: IdempotencyKey): Promise<Done> {
  const { sent, team, second } = sentEmergency(given)
  return perform(deps, { act: 'emergency', actor, key, content: { ...sent, team, second: second === undefined ? null : { ...second } } }, declaring(deps, sent, team, second))
}

export async function prepareEmergency(deps: UseDependencies, actor: Actor, given: Wire['emergencySchema']): Promise<Prepared> {
  const { sent, team, second } = sentEmergency(given)
  return prepared(deps, actor, declaring(deps, sent, team, second))
}

function sentEmergency(given: Wire['emergencySchema']): { readonly sent: Sent; readonly team: string; readonly second: Identity | undefined } {
  const { team, second } = shaped(emergencySchema, given)
  return { sent: boundedRequest(given), team, second: typeof second === 'string' ? { iss: operatorIssuer, sub: second } : second }
}

const declaring = (deps: UseDependencies, sent: Sent, team: string, named: Identity | undefined): Act =>
  asking(deps, sent, 'needed', named === undefined ? [] : [named], async (asked, { moment, governed, people, by, shown }, ticketed) => {
    const { ledger, over } = await loadOpen(moment, { uid: asked.uid, names: namesOf(asked.document) })
    const confirmed = shown.second
    if (named !== undefined && shown.evidence.strength !== 'operator-asserted' && !isConfirmed(confirmed, named)) throw secondNeeded(named)
    const second = named === undefined ? {} : { second: { identity: named, groups: people.groupsOf(named) } }
    const { terms } = asked.terms
    const facts = factsOf(asked, { people, by, shown })
    const at = moment.at as Instant
    const wanted = askedOf(asked.document, terms.limits.uses?.value)
    const verdict = transition(withAliases(ledger, governed), { kind: 'emergency', uid: asked.uid, asked: wanted, team, ...second }, facts, at)
    const mfa = terms.emergency?.value.mfa ?? strongest
    const alerts = terms.alerts.map(({ value }) => value)
    if (!verdict.ok) return { verdict, over, mfa, alerts }
    const { from, until } = asked.document.spec.window
    const log = { renewal: 0, total: (until - from) as Duration, ...(wanted.limits.uses === undefined ? {} : { uses: wanted.limits.uses }), witnessed: false }
    const person = { groups: facts.groups }
    const met = { evidence: shown.strength, ...(shown.factor === undefined ? {} : { factor: shown.factor }), approvers: [], requester: facts.groups, activator: facts.groups, log }
    refuseAny([
      ...weakFactor(shown, mfa, 'declare an emergency'),
      ...(named === undefined || confirmed === undefined ? [] : weakFactor(confirmed, mfa, 'confirm an emergency')),
      ...[
        ...governed.policySet.unmet(terms, asked.optOut, met),
        // Who declares it requests and activates it in one; nobody approves it.
        ...governed.policySet.conditions(terms, 'request', { optOut: asked.document, requester: person, now: at }),
        ...governed.policySet.conditions(terms, 'activate', { optOut: asked.document, requester: person, activator: person, now: at }),
      ].map((each) => termProblem('TERMS_NOT_MET', each)),
      ...unheard(governed, alerts),
      ...ticketed.problems,
    ])
    return { verdict, over, mfa, alerts, ...(ticketed.incident === undefined ? {} : { incident: ticketed.incident }) }
  })

const isConfirmed = (shown: Shown['second'], named: Identity): boolean => shown !== undefined && (shown.identity === 'whoever' || sameIdentity(shown.identity, named))

const secondNeeded = ({ sub }: Identity) => new ExeatError([{
  code: 'SECOND_PERSON_NEEDED', message: `\`${sub}\` is named as the second person, and has not confirmed it with a second factor`, hint: 'let them ask for a challenge of purpose `second` on yours, and send its tap to it',
}])

const namesOf = ({ metadata: { name }, spec: { renews } }: OptOut): readonly string[] => (renews === undefined ? [name] : [name, renews])

function asking(
  deps: UseDependencies, sent: Sent, tap: Act['tap'], people: readonly Identity[], judge: (asked: Asked, judging: Judging, ticketed: Ticketed) => Promise<Pick<Outcome, 'verdict' | 'over' | 'mfa' | 'alerts' | 'incident'>>,
): Act {
  let asked: Asked | undefined
  let ticketed: Ticketed = nobodyAsked
  return {
    tap, people,
    look: async (governed) => {
      asked = await prepare(deps, governed, sent)
      // Another system may be slow: it is asked before the log is locked.
      if (asked.document.spec.category === 'emergency') ticketed = await askAbout(deps, governed, asked.document)
    },
    judge: async (judging) => {
      if (asked === undefined) throw new Error('nothing was asked for')
      const { particulars } = asked
      const kept = asked
      return { ...await judge(asked, judging, ticketed), before: undefined, particulars, keep: (tx) => keepAsked(tx, kept) }
    },
  }
}

async function keepAsked(tx: Transaction, asked: Asked): Promise<void> {
  const { document, digest, sent, binding } = asked
  demand(await tx.keep(bodyKinds.optOut, digest, toBytes(encodeDocument(document))))
  const impact = sent ?? impactAtRef(asked)
  if (impact !== undefined && binding.impact !== null) demand(await tx.keep(bodyKinds.impact, binding.impact, toBytes(impact)))
}

const impactAtRef = ({ digest, optOut: { impact } }: Asked): Impact | undefined =>
  (impact === undefined ? undefined : { schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() })

const factsOf = ({ binding, terms }: Asked, { people, by, shown }: Pick<Judging, 'people' | 'by' | 'shown'>) =>
  ({ actor: by, groups: people.groupsOf(by), evidence: shown.strength, binding, terms: terms.agreed, groupsOf: people.groupsOf, same: people.same })

/** Everything that follows from what was sent and what governs, and needs no log. */
async function prepare(deps: UseDependencies, governed: Governed, sent: Sent): Promise<Asked> {
  const { governance: { workspace: { document: workspace } } } = governed
  const document = decodeOptOut(sent.document, workspace)
  const digest = documentDigest(document, sha256)
  const { metadata: { name }, spec: { category, owner, expected } } = document
  const repositoryId = repositoryIdOf(document, workspace)
  const uid = optOutUid({ workspace: workspace.spec.id, repositoryId, name, digest }, sha256)
  const standing = sameDocument(standingNamed(governed, name), digest)
  const decoded = sent.impact === null ? undefined : decodeSentImpact(sent.impact, digest)
  const atRef = standing === undefined ? null : impactOf(standing)
  if (decoded !== undefined && atRef !== null && atRef !== decoded.digest) {
    throw useError('IMPACT_MISMATCH', `the impact that was sent has the digest \`${decoded.digest}\`, and the one at the protected ref \`${atRef}\``, 'send none, or record the one that is meant')
  }
  const terms = termsNow(governed, document)
  if (!terms.ok) throw new ExeatError([termProblem('NOT_PERMITTED', terms.because)])
  const impact = decoded === undefined ? standing?.impact : new Set(decoded.impact.fingerprints)
  const origin = standing?.origin
  const involved: readonly Identity[] = standing === undefined ? [] : await writersNow(deps, governed, standing)
  return {
    document, digest, uid, sent: decoded?.impact, standing, terms,
    optOut: { document, digest, uid, origin: origin ?? { file: 'the request', line: 1, column: 1 }, ...(impact === undefined ? {} : { impact }) },
    binding: { optOut: digest, terms: terms.digest, impact: decoded?.digest ?? atRef },
    particulars: { repositoryId, repositoryIds: repositoryIdsOf(document, workspace), category, owner, ...(origin === undefined ? {} : { origin }), ...(expected === undefined ? {} : { expected }) },
    involved: involved.slice(0, mostInvolved),
  }
}

/** Another document under the name at the protected ref would make the request stale at once. */
function sameDocument(standing: StandingOptOut | undefined, digest: HexDigest): StandingOptOut | undefined {
  if (standing === undefined || standing.digest === digest) return standing
  throw new ExeatError([{
    code: 'CONTENT_CHANGED', message: `the protected ref holds another \`${standing.document.metadata.name}\`, with the digest \`${standing.digest}\`, and \`${digest}\` was sent`,
    hint: 'request what stands there, or choose another name',
  }])
}
