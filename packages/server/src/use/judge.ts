/** What the policies in force say of one opt-out now, in the words of the lifecycle's judge. */
import {
  type AgreedTerms, agreedTerms, atLeast, type Binding, compilePattern, type Duration, type EvidenceStrength, type HexDigest, type Identity, identityKey, type Instant, intersects, isLiteral, type Ledger, type Met, type OptOut,
  type OptOutRecord, type Pattern, type PolicySet, type Problem, sameIdentity, type StandingOptOut, taggedDigest, type TermRefusal, type Terms, termsDigest, type Workspace,
} from '@exeat/core'
import { impactDigest } from '@exeat/core/impact'
import type { Governed } from '../ports/governance.ts'
import { sha256 } from '../store/ed25519.ts'
import { termProblem, useProblem } from './problem.ts'
import type { Shown } from './shown.ts'
import type { StoredOptOut } from './stored.ts'
import { type Mfa, operatorIssuer } from './types.ts'

/** Groups of a person, by exact issuer and subject. */
export function groupsIn(workspace: Workspace, identity: Identity): readonly string[] {
  return Object.entries(workspace.spec.groups ?? {}).flatMap(([group, members]) => (members.some((member) => sameIdentity(member, identity)) ? [group] : [])).sort()
}

/** Removal bites at once, and addition does not reach back. */
export const stillIn = (then: readonly string[], now: readonly string[]): readonly string[] => then.filter((group) => now.includes(group))

/** The document of this name at the protected ref, whatever it says. */
export const standingNamed = ({ governance }: Governed, name: string): StandingOptOut | undefined =>
  governance.optOuts.find(({ document }) => document.metadata.name === name)

export const impactOf = ({ impact, digest }: StandingOptOut): HexDigest | null =>
  (impact === undefined ? null : impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() }, sha256))

/** For judging alone: a control that is asked for under another of its names is the same control (attack 16). */
export function withAliases(ledger: Ledger, { governance: { aliases }, policySet }: Governed): Ledger {
  if (aliases.length === 0) return ledger
  const classes = aliases.flatMap(({ document }) => document.spec.controls)
  /** Of a pattern, those of every class that it reaches. */
  const names = (control: string): readonly string[] => {
    if (isLiteral(control)) return policySet.sameControls(control)
    const pattern = compilePattern(control, 'name')
    return classes.filter((each) => !pattern.ok || each.some((name) => reaches(pattern.pattern, name))).flatMap((each) => each.flatMap((name) => policySet.sameControls(name)))
  }
  const known = ({ asked: { scope, ...asked }, ...record }: OptOutRecord): OptOutRecord =>
    ({ ...record, asked: { ...asked, scope: { ...scope, controls: [...new Set(scope.controls.flatMap((control) => [control, ...names(control)]))] } } })
  return { ...ledger, records: new Map([...ledger.records].map(([uid, record]) => [uid, known(record)])) }
}

function reaches(pattern: Pattern, name: string): boolean {
  const own = compilePattern(name, 'name')
  return !own.ok || intersects(pattern, own.pattern)
}

export type TermsNow =
  | { readonly ok: true; readonly terms: Terms; readonly agreed: AgreedTerms; readonly digest: HexDigest }
  /** `digest` is that of no terms, so that nothing which was signed is bound to it. */
  | { readonly ok: false; readonly because: TermRefusal; readonly digest: HexDigest }

export function termsNow({ policySet }: Governed, document: OptOut): TermsNow {
  const answer = policySet.termsForOptOut(document)
  if (answer.kind === 'refused') return { ok: false, because: answer.because, digest: taggedDigest('exeat/no-terms/v1', answer.because.code, sha256) }
  return { ok: true, terms: answer.terms, agreed: agreedTerms(answer.terms), digest: termsDigest(answer.terms, sha256) }
}

/** What stands now of an opt-out that was asked for: the protected ref's document of its name, else what was asked for. */
export function bindingNow(governed: Governed, record: OptOutRecord, document: OptOut): { readonly binding: Binding; readonly terms: TermsNow; readonly standing: StandingOptOut | undefined } {
  const standing = standingNamed(governed, record.asked.name)
  const terms = termsNow(governed, standing?.document ?? document)
  const impact = standing === undefined ? null : impactOf(standing)
  return { binding: { optOut: standing?.digest ?? record.binding.optOut, terms: terms.digest, impact: impact ?? record.binding.impact }, terms, standing }
}

/** Whoever wrote the file: as git names them, and as somebody who types that address at the administrative socket. */
export const involvedBy = (addresses: readonly string[]): readonly Identity[] =>
  addresses.filter((address) => /^[!-~]{1,512}$/.test(address)).flatMap((sub) => [{ iss: 'git', sub }, { iss: operatorIssuer, sub }])

/** Addresses are the same whatever their case. */
export const isAmong = (people: readonly Identity[], { iss, sub }: Identity): boolean => {
  const key = identityKey({ iss, sub: sub.toLowerCase() })
  return people.some((each) => identityKey({ iss: each.iss, sub: each.sub.toLowerCase() }) === key)
}

/** Where no terms say what will do. */
export const strongest: Exclude<Mfa, 'none'> = { evidence: 'user-signed', attested: false, backupEligible: true }

/** Why the act needs a stronger second factor than it was made with. */
export function weakFactor({ strength, factor }: Pick<Shown, 'strength' | 'factor'>, wanted: Mfa, verb: string): readonly Problem[] {
  if (wanted === 'none') return []
  const hint = 'sign in, and give a second factor that the server can verify: `exeat login --server https://HOST`, then the same with `--server https://HOST`'
  const weak = (asked: string, found: string): Problem => useProblem('EVIDENCE_TOO_WEAK', `the terms ask for ${asked} to ${verb}, and ${found} is shown`, hint)
  if (!atLeast(strength, wanted.evidence)) return [weak(`\`${wanted.evidence}\` evidence`, `\`${strength}\``)]
  return [
    ...(wanted.attested && factor?.attested !== true ? [weak('an authenticator whose attestation was checked', 'none')] : []),
    ...(!wanted.backupEligible && factor?.backupEligible !== false ? [weak('a key that cannot be backed up', 'none')] : []),
    ...(wanted.maxAge === undefined || (factor !== undefined && factor.age <= wanted.maxAge) ? [] : [weak(`a second factor at most ${wanted.maxAge / 1000} s old`, factor === undefined ? 'none' : `one of ${factor.age / 1000} s`)]),
  ]
}

/** Terms that only later acts can meet. */
const later: ReadonlySet<string> = new Set(['approve', 'activate', 'mfa', 'requires.witness'])

interface Asking {
  readonly optOut: StandingOptOut
  readonly terms: Terms
  readonly requester: readonly string[]
  readonly log: NonNullable<Met['log']>
  readonly at: Instant
}

/** What the document and who asks for it lack; what others are to add is left for them. */
export function unmetByRequest(policySet: PolicySet, { optOut, terms, requester, log, at }: Asking): readonly Problem[] {
  const unmet = policySet.unmet(terms, optOut, { evidence: 'none', approvers: [], requester, activator: [], log }).filter(({ term }) => !later.has(term))
  const entitled = unmet.filter(({ term }) => term === 'request').map(({ message }): Problem => ({ code: 'NOT_ENTITLED', message, hint: 'ask somebody of these groups to request it' }))
  const conditions = policySet.conditions(terms, 'request', { optOut: optOut.document, requester: { groups: requester }, now: at })
  return [...entitled, ...[...unmet.filter(({ term }) => term !== 'request'), ...conditions].map((each) => termProblem('TERMS_NOT_MET', each))]
}

interface Activating {
  readonly optOut: StandingOptOut
  readonly terms: Terms
  readonly stored: StoredOptOut
  readonly activator: readonly string[]
  readonly shown: Shown
  /** Enough witnesses have seen what the activation rests on. */
  readonly witnessed: boolean
  readonly groupsOf: (identity: Identity) => readonly string[]
  readonly at: Instant
}

/** What the opt-out still lacks when it is activated: every term, and the conditions of every stage with the groups that people still have. */
export function unmetByActivation(policySet: PolicySet, given: Activating): readonly Problem[] {
  const { optOut, terms, stored, activator, shown, witnessed, groupsOf, at } = given
  const { record, taps = [] } = stored
  const { renewal, total, asked: { limits: { uses } }, requesterGroups, proposedAt } = record
  const requester = stillIn(requesterGroups, groupsOf(record.requester))
  // What stands of them: an approval that fills no place any more is not asked for its strength either.
  const approvals = record.approvals
    .map(({ at: then, by, groups, evidence: strength }, i) => ({ at: then, groups: stillIn(groups, groupsOf(by)), strength, factor: taps[i]?.factor }))
    .filter(({ groups }) => groups.length > 0)
  const weakest = weakestOf([shown, ...approvals])
  const met: Met = {
    evidence: weakest.strength, ...(weakest.factor === undefined ? {} : { factor: weakest.factor }),
    approvers: approvals.map(({ groups }) => groups), requester, activator, log: { renewal, total, ...(uses === undefined ? {} : { uses }), witnessed },
  }
  const { document } = optOut
  const person = { groups: requester }
  return [
    ...policySet.unmet(terms, optOut, met),
    ...policySet.conditions(terms, 'request', { optOut: document, requester: person, now: proposedAt }),
    ...approvals.flatMap((approval) => policySet.conditions(terms, 'approve', { optOut: document, requester: person, approver: approval, now: approval.at })),
    ...policySet.conditions(terms, 'activate', { optOut: document, requester: person, activator: { groups: activator }, now: at }),
  ].map((each) => termProblem('TERMS_NOT_MET', each))
}

type Strength = { readonly strength: EvidenceStrength; readonly factor?: Shown['factor'] | undefined }

/** What all of them show: the weakest evidence, and of each property the worst. No factor where one of them has none. */
function weakestOf(shown: readonly Strength[]): Strength {
  return shown.reduce((a, b) => ({
    strength: atLeast(a.strength, b.strength) ? b.strength : a.strength,
    factor: a.factor === undefined || b.factor === undefined ? undefined : {
      attested: a.factor.attested && b.factor.attested, backupEligible: a.factor.backupEligible || b.factor.backupEligible, age: Math.max(a.factor.age, b.factor.age) as Duration,
    },
  }))
}
