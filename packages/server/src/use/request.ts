/** Asking for an opt-out, and declaring an emergency. */
import {
  askedOf, type Binding, type Duration, type HexDigest, type Identity, type Instant, documentDigest, encodeDocument, optOutUid, type OptOut, type Problem,
  repositoryIdOf, repositoryIdsOf, type StandingOptOut, transition, type Verdict,
} from '@exeat/core'
import type { Impact } from '@exeat/core/impact'
import { ExeatError } from '@exeat/core/error'
import { emergencySchema, requestSchema, type Wire } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'
import type { Applied, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { type Asking, type Done, perform, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import { enter, type Particulars } from './enter.ts'
import { boundedRequest, decodeOptOut, decodeSentImpact, shaped } from './input.ts'
import { groupsIn, impactOf, involvedBy, standingNamed, type TermsNow, termsNow, unmetByRequest, weakEvidence, withAliases } from './judge.ts'
import { loadOpen } from './load.ts'
import { demand, termProblem, useError } from './problem.ts'
import { bodyKinds, toBytes } from './stored.ts'
import { type Actor, type IdempotencyKey, operatorIssuer } from './types.ts'

/** Most addresses that a proposal records; approvals and activations look at the history again. */
const mostInvolved = 100

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
  shaped(requestSchema, given)
  const sent = boundedRequest(given)
  return ask(deps, { act: 'request', actor, key, content: sent }, sent, async (tx, governed, asked) => {
    if (asked.document.spec.category === 'emergency') {
      throw useError('EMERGENCY_REQUESTED', `\`${asked.document.metadata.name}\` is of category \`emergency\``, 'declare it as an emergency, or choose another category')
    }
    const ledger = withAliases(await loadOpen(tx, { uid: asked.uid, names: namesOf(asked.document) }), governed)
    const facts = factsOf(governed, actor, asked)
    const wanted = askedOf(asked.document, asked.terms.terms.limits.uses?.value)
    const verdict = transition(ledger, { kind: 'request', uid: asked.uid, asked: wanted, involved: asked.involved }, facts, tx.at as Instant)
    const [event] = verdict.events
    if (!verdict.ok || event === undefined || !('renewal' in event)) return verdict
    const { mfa } = asked.terms.terms
    const log = { renewal: event.renewal, total: event.total, ...(wanted.limits.uses === undefined ? {} : { uses: wanted.limits.uses }), witnessed: false }
    refuseAny([
      ...unmetByRequest(governed.policySet, { optOut: asked.optOut, terms: asked.terms.terms, requester: facts.groups, log, at: tx.at as Instant }),
      // A renewal needs the tap (design §7); a first request only sign-in.
      ...problems(event.type === 'optout.renewed' ? weakEvidence(actor.evidence.strength, mfa.value === 'none' ? 'none' : mfa.value.evidence, 'renew') : undefined),
    ])
    return verdict
  })
}

export async function emergency(deps: UseDependencies, actor: Actor, given: Wire['emergencySchema'], key: IdempotencyKey): Promise<Done> {
  const { team, second: name } = shaped(emergencySchema, given)
  const sent = boundedRequest(given)
  return ask(deps, { act: 'emergency', actor, key, content: { ...sent, team, second: name ?? null } }, sent, async (tx, governed, asked) => {
    const { workspace: { document: workspace } } = governed.governance
    const ledger = withAliases(await loadOpen(tx, { uid: asked.uid, names: namesOf(asked.document) }), governed)
    const identity = name === undefined ? undefined : { iss: operatorIssuer, sub: name }
    const second = identity === undefined ? {} : { second: { identity, groups: groupsIn(workspace, identity) } }
    const { terms } = asked.terms
    const facts = factsOf(governed, actor, asked)
    const at = tx.at as Instant
    const wanted = askedOf(asked.document, terms.limits.uses?.value)
    const verdict = transition(ledger, { kind: 'emergency', uid: asked.uid, asked: wanted, team, ...second }, facts, at)
    if (!verdict.ok) return verdict
    const { from, until } = asked.document.spec.window
    const log = { renewal: 0, total: (until - from) as Duration, ...(wanted.limits.uses === undefined ? {} : { uses: wanted.limits.uses }), witnessed: false }
    const person = { groups: facts.groups }
    const met = { evidence: actor.evidence.strength, approvers: [], requester: facts.groups, activator: facts.groups, log }
    refuseAny([
      ...problems(weakEvidence(actor.evidence.strength, terms.emergency?.value.mfa.evidence ?? 'user-signed', 'declare an emergency')),
      ...[
        ...governed.policySet.unmet(terms, asked.optOut, met),
        // Who declares it requests and activates it in one; nobody approves it.
        ...governed.policySet.conditions(terms, 'request', { optOut: asked.document, requester: person, now: at }),
        ...governed.policySet.conditions(terms, 'activate', { optOut: asked.document, requester: person, activator: person, now: at }),
      ].map((each) => termProblem('TERMS_NOT_MET', each)),
    ])
    return verdict
  })
}

const problems = (problem: Problem | undefined): readonly Problem[] => (problem === undefined ? [] : [problem])
const namesOf = ({ metadata: { name }, spec: { renews } }: OptOut): readonly string[] => (renews === undefined ? [name] : [name, renews])

async function ask(
  deps: UseDependencies, asking: Asking, sent: Sent, judge: (tx: Transaction, governed: Governed, asked: Asked) => Promise<Verdict>,
): Promise<Done> {
  let asked: Asked | undefined
  return perform(deps, asking, async (tx, governed) => {
    if (asked === undefined) throw new Error('nothing was asked for')
    return enterAsked(tx, deps, asking.actor, governed, asked, await judge(tx, governed, asked))
  }, async (governed) => { asked = await prepare(deps, governed, sent) })
}

async function enterAsked(tx: Transaction, deps: UseDependencies, actor: Actor, governed: Governed, asked: Asked, verdict: Verdict): Promise<Applied> {
  const { document, digest, sent, binding, particulars } = asked
  const outcome = await enter(tx, deps, { verdict, actor, workspace: governed.governance.workspace.document.spec.id, before: undefined, particulars })
  if (!outcome.ok) return outcome
  demand(await tx.keep(bodyKinds.optOut, digest, toBytes(encodeDocument(document))))
  const impact = sent ?? impactAtRef(asked)
  if (impact !== undefined && binding.impact !== null) demand(await tx.keep(bodyKinds.impact, binding.impact, toBytes(impact)))
  return outcome
}

const impactAtRef = ({ digest, optOut: { impact } }: Asked): Impact | undefined =>
  (impact === undefined ? undefined : { schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() })

const factsOf = ({ governance: { workspace: { document: workspace } } }: Governed, { identity, evidence }: Actor, { binding, terms }: Asked) => ({
  actor: identity, groups: groupsIn(workspace, identity), evidence: evidence.strength, binding, terms: terms.agreed,
  groupsOf: (person: Identity) => groupsIn(workspace, person),
})

/** Everything that follows from what was sent and what governs, and needs no log. */
async function prepare(deps: UseDependencies, governed: Governed, sent: Sent): Promise<Asked> {
  const { governance: { workspace: { document: workspace } }, commit } = governed
  const document = decodeOptOut(sent.document, workspace)
  const digest = documentDigest(document, sha256)
  const { metadata: { name }, spec: { category, owner } } = document
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
  const writers = origin === undefined ? [] : await deps.governance.writers(commit, origin.file)
  return {
    document, digest, uid, sent: decoded?.impact, standing, terms,
    optOut: { document, digest, uid, origin: origin ?? { file: 'the request', line: 1, column: 1 }, ...(impact === undefined ? {} : { impact }) },
    binding: { optOut: digest, terms: terms.digest, impact: decoded?.digest ?? atRef },
    particulars: { repositoryId, repositoryIds: repositoryIdsOf(document, workspace), category, owner, ...(origin === undefined ? {} : { origin }) },
    involved: involvedBy(writers.slice(0, mostInvolved)),
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
