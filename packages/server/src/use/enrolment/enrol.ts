/** Adding a key: of a person, with or without the word of an earlier key of theirs, or of an identity provider. */
import { type HexDigest, type Identity, type Json, sameIdentity } from '@exeat/core'
import { type Credential, credentialDigest, type CredentialOf, type EnrolledKey, type EnrolmentLedger } from '@exeat/core/enrolment'
import { ExeatError } from '@exeat/core/error'
import { line } from '@exeat/core/entry'
import { identityError, identityProblem } from '../../identity/codes.ts'
import { sha256 } from '../../store/ed25519.ts'
import { governs, moved } from '../act.ts'
import type { UseDependencies } from '../context.ts'
import { shaped } from '../input.ts'
import { serverIdentity, synchronise } from '../synchronise.ts'
import type { Actor, IdempotencyKey } from '../types.ts'
import { enterKey, enterKeyAct, envelopeAbout, serverOperation } from './change.ts'
import { keysAt, standingKeysOf } from './keys.ts'

/** Of one person, that were not removed. */
const mostKeys = 20

export interface NewKey {
  readonly credential: Exclude<Credential, CredentialOf<'issuer-key'>>
  readonly label: string
  readonly invitedBy?: Identity
}

/** The actor is whose key it is. With a tap of a key of theirs that counts, it counts a day later; without, once somebody else vouched for it. */
export async function enrol(deps: UseDependencies, actor: Actor, { credential, label, invitedBy }: NewKey, key: IdempotencyKey): Promise<number> {
  shaped(line, label)
  const person = actor.identity
  const digest = credentialDigest(person, credential, sha256)
  const own = actor.tap !== undefined
  if (credential.kind === 'totp' && !own) throw identityError('TAP_NEEDED', 'a one-time code is enrolled with the tap of a key that counts', 'ask for a challenge: `POST /v1/challenges`')
  return enterKeyAct(deps, actor, key, {
    name: 'enrol', content: { digest, label, own }, tap: 'taken',
    judge: (judging) => {
      refuseStanding(judging.keys, digest, credential)
      if (standingKeysOf(judging.keys, person).length >= mostKeys) throw identityError('KEY_STANDS', `this person has ${mostKeys} keys`, 'remove one first')
      const { shown } = judging
      const said = own ? { own: { envelope: envelopeAbout(deps, digest, judging), evidence: shown.evidence } } : {}
      return { type: 'dev.exeat.enrolment.added.v1', data: { person, credential, label, ...(invitedBy === undefined ? {} : { invitedBy }), ...said } }
    },
    takesEffect: (_, { keys }) => {
      const added = keys.at(-1)
      if (added?.digest === digest && (!own || added.countsFrom !== undefined)) return undefined
      return identityProblem('VOUCH_REFUSED', 'the tap that came along is not one of a key which signs by itself and counts', 'use a passkey or a security key that counts')
    },
  })
}

/** A key is one person's, once: the same passkey under another name would be a second person. */
function refuseStanding({ keys }: EnrolmentLedger, digest: HexDigest, credential: Credential): void {
  const same = (other: Credential): boolean =>
    credential.kind === 'webauthn' && other.kind === 'webauthn' ? other.id === credential.id || other.publicKey === credential.publicKey
      : credential.kind === 'ssh' && other.kind === 'ssh' ? other.publicKey === credential.publicKey
        : credential.kind === 'totp' && other.kind === 'totp' && other.id === credential.id
  const standing = keys.find((key) => key.digest === digest || same(key.credential))
  if (standing === undefined) return
  throw identityError('KEY_STANDS', standing.removedAt === undefined ? 'this key is enrolled already' : 'this key was enrolled before, and removed', 'enrol another key')
}

/** The key of an identity provider, as its key set names it. Answers the index of the entry that enrolled it, now or before. */
export async function enrolIssuerKey(deps: UseDependencies, credential: CredentialOf<'issuer-key'>, label: string): Promise<number> {
  const digest = credentialDigest(undefined, credential, sha256)
  const standing = ({ keys }: EnrolmentLedger): EnrolledKey | undefined => keys.find((key) => key.digest === digest && key.removedAt === undefined)
  for (let i = 0; i < 5; i++) {
    const { governed } = await synchronise(deps)
    const workspace = governed.governance.workspace.document
    const before = standing(await keysAt(deps.log, workspace))
    if (before !== undefined) return before.index
    const removed = (await keysAt(deps.log, workspace)).keys.filter((key) => key.digest === digest).length
    const answer = await deps.log.append({
      ...serverOperation('issuer-key', { digest, removed } satisfies Json),
      apply: async (tx) => {
        if (!await governs(tx, governed)) return { ok: false, problem: moved }
        const said = { type: 'dev.exeat.enrolment.added.v1', data: { credential, label } } as const
        return enterKey(tx, deps, serverIdentity(deps.origin), governed, await keysAt(tx, workspace), said, { takesEffect: () => undefined })
      },
    })
    if (answer.ok) return answer.value.index
    if (answer.problem.code !== 'GOVERNANCE_MOVED') throw new ExeatError([answer.problem])
  }
  throw new ExeatError([moved])
}

export const isOwn = ({ person }: EnrolledKey, by: Identity): boolean => person !== undefined && sameIdentity(person, by)
