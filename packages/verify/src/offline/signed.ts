/** Whether two people who may declare it signed an offline grant, each with a hardware key of their own, under the terms that stand (design §6). */
import type { ActiveOptOut, Duration, HexDigest, Identity, Instant, Met, PolicySet, Terms, TermRefusal, Workspace } from '@exeat/core'
import { personsIn, termsDigest } from '@exeat/core'
import { offlineGrantBytes, type ReadOfflineGrant } from '@exeat/core/offline'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { groupsOf } from '../ssh/act.ts'
import { type AllowedSigner, gitIdentity, signerOf } from '../ssh/allowed-signers.ts'
import { equal } from '../ssh/bytes.ts'
import { type SshDeps, type SshSignature, verifySshSignature, weakness } from '../ssh/verify.ts'
import { type OfflineFiles, offlinePath, readOfflineFile } from './read.ts'

/** Of the SSHSIGs over a grant's bytes. A signature for anything else is none for this, and the other way round. */
export const offlineNamespace = 'exeat-offline@v1'

/** Signatures beyond so many are not looked at. */
const mostSignatures = 8

/** What governs at the protected ref, as far as grants are judged by it. */
export interface OfflineGoverned {
  readonly workspace: Workspace
  readonly policySet: PolicySet
  readonly signers: readonly AllowedSigner[]
}

export interface OfflineSigner {
  readonly identity: Identity
  readonly groups: readonly string[]
  readonly signature: SshSignature
  /** The SSHSIG as it came. */
  readonly bytes: Uint8Array
}

/** A grant that two people signed, and that the terms permit. Whether it holds for a run, now and here, is asked apart. */
export interface SignedOfflineGrant extends ReadOfflineGrant {
  readonly terms: Terms
  /** The first is of the grant's team. */
  readonly people: readonly [OfflineSigner, OfflineSigner]
  /** As decisions take it. */
  readonly active: ActiveOptOut
}

/**
 * The one judge of what was signed, for points and for the server that enters it afterwards. `now`: when it is to excuse, at which the keys must still be valid;
 * undefined where it is only entered. Total. `OFFLINE_*`, and where too few signatures hold the reason of the first that does not: `SSH_*`, `ACT_SIGNER`, `ACT_WEAK`.
 */
export function judgeOffline(files: OfflineFiles, governed: OfflineGoverned, now: Instant | undefined, deps: SshDeps): Answer<SignedOfflineGrant> {
  const read = readOfflineFile(files.grant, files.path, governed.workspace, deps.sha256)
  if (!read.ok) return read
  const { value } = read
  if (files.path !== offlinePath(value.digest)) return refuse('OFFLINE_UNREADABLE', `it has the digest of \`${offlinePath(value.digest)}\``, 'keep each grant under the name that it was written to')
  const terms = offlineTerms(value, governed, deps)
  if (!terms.ok) return terms
  const people = signersOf(value, files, terms.value, governed, now, deps)
  if (!people.ok) return people
  const active = { ...value.optOut, met: metBy(value, people.value, now ?? value.grant.at) }
  const unmet = [...governed.policySet.unmet(terms.value, active, active.met), ...conditions(governed.policySet, terms.value, active, value.grant.at)]
  return unmet[0] === undefined ? ok({ ...value, terms: terms.value, people: people.value, active }) : notPermitted(unmet[0])
}

/** Terms of an emergency that may be granted offline, as they were signed. */
export function offlineTerms({ grant, optOut: { document } }: ReadOfflineGrant, { policySet }: Pick<OfflineGoverned, 'policySet'>, { sha256 }: Pick<SshDeps, 'sha256'>): Answer<Terms> {
  const answer = policySet.termsForOptOut(document)
  if (answer.kind === 'refused') return notPermitted(answer.because)
  const { terms } = answer
  const because = offlineRefusal(terms)
  if (because !== undefined) return because
  const digest: HexDigest = termsDigest(terms, sha256)
  return digest === grant.terms ? ok(terms) : refuse('OFFLINE_OTHER', 'it states other terms than stand now', 'the policies have changed: prepare it anew, and have it signed anew')
}

function offlineRefusal({ emergency, policies }: Terms): Refusal | undefined {
  const named = (emergency?.policies ?? policies).map((name) => `\`${name}\``).join(', ')
  if (emergency === undefined || !emergency.value.offline) {
    return refuse('OFFLINE_TERMS', `not every policy that covers it (${named}) says \`emergency.offline: true\``, 'let every covering policy say so, or wait for the server')
  }
  if (!emergency.value.mfa.attested) return undefined
  return refuse('OFFLINE_ATTESTATION', `\`emergency.mfa\` of ${named} asks for attested keys, and nothing shows the attestation of an SSH key`, 'permit offline grants by policies that do not ask for it')
}

const notPermitted = ({ message, hint }: TermRefusal): Refusal => refuse('OFFLINE_TERMS', message, hint)

/** Two people and two keys: one person with two keys is one, and so is one key on two lines. */
function signersOf(
  { grant }: ReadOfflineGrant, { signatures }: OfflineFiles, terms: Terms, governed: OfflineGoverned, now: Instant | undefined, deps: SshDeps,
): Answer<SignedOfflineGrant['people']> {
  const message = offlineGrantBytes(grant)
  const instants = now === undefined ? [grant.at] : [grant.at, now]
  const { same } = personsIn(governed.workspace)
  const people: OfflineSigner[] = []
  let problem: Refusal | undefined
  for (const { bytes } of signatures.slice(0, mostSignatures)) {
    const signer = signerBy(bytes, message, terms, governed, instants, deps)
    if (!signer.ok) problem ??= signer
    else if (people.some((each) => same(each.identity, signer.value.identity))) problem ??= refuse('OFFLINE_SIGNERS', `\`${signer.value.identity.sub}\` signed twice, and two people are needed`)
    else if (people.some((each) => equal(each.signature.key.blob, signer.value.signature.key.blob))) problem ??= refuse('OFFLINE_SIGNERS', 'one key signed twice, and two keys are needed')
    else people.push(signer.value)
  }
  people.sort((a, b) => (a.identity.sub < b.identity.sub ? -1 : 1))
  const own = people.filter(({ groups }) => groups.includes(grant.team))
  const [first = people[0]] = own
  const second = people.find((each) => each !== first)
  if (first === undefined || second === undefined) {
    return problem ?? refuse('OFFLINE_UNSIGNED', `${people.length} of the two people who must have signed it have`, 'have it signed: `exeat offline sign FILE --ssh KEY`')
  }
  return own.length > 0 ? ok([first, second]) : refuse('OFFLINE_SIGNERS', `none of those who signed it is in \`${grant.team}\`, on whose account it goes`)
}

/** Who made one signature, where they may. */
export function signerBy(
  signature: Uint8Array, message: Uint8Array, { emergency }: Terms, { workspace, signers }: OfflineGoverned, instants: readonly Instant[], deps: SshDeps,
): Answer<OfflineSigner> {
  const verified = verifySshSignature(signature, message, { namespace: offlineNamespace }, deps)
  if (!verified.ok) return verified
  const weak = weakness(verified.value)
  if (weak !== undefined) return weak
  const { key } = verified.value
  const signer = signerOf(signers, key, offlineNamespace, instants)
  if (!signer.ok) return signer
  const identity = gitIdentity(signer.value.principal)
  const groups = groupsOf(workspace, identity)
  const wanted = emergency?.value.groups ?? []
  if (groups.some((group) => wanted.includes(group))) return ok({ identity, groups, signature: verified.value, bytes: signature })
  return refuse('OFFLINE_SIGNERS', `\`${identity.sub}\` is in none of ${wanted.map((group) => `\`${group}\``).join(', ')}, who may declare it`, 'groups stand in the workspace, by `iss: git` and the address in `sub`')
}

/** What decisions hold against the terms: of both keys the worst, and no log. Nothing tells when they tapped, but that it was after the grant was written. */
function metBy({ grant, optOut: { document } }: ReadOfflineGrant, people: SignedOfflineGrant['people'], now: Instant): Met {
  const { from, until } = document.spec.window
  const [{ groups }] = people
  return {
    evidence: 'user-signed',
    factor: { attested: false, backupEligible: people.some(({ signature }) => signature.backupEligible !== false), age: Math.max(0, now - grant.at) as Duration },
    approvers: [], requester: groups, activator: groups,
    log: { renewal: 0, total: (until - from) as Duration, witnessed: false }, unlogged: true,
  }
}

/** Those of the stages that an emergency goes through at once. */
function conditions(policySet: PolicySet, terms: Terms, { document, met }: ActiveOptOut, at: Instant): readonly TermRefusal[] {
  const person = { groups: met.activator }
  return [
    ...policySet.conditions(terms, 'request', { optOut: document, requester: person, now: at }),
    ...policySet.conditions(terms, 'activate', { optOut: document, requester: person, activator: person, now: at }),
  ]
}
