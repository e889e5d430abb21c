/** A passkey that its owner made, and that waits for the word of an earlier key of theirs: only the server knows what it checked, so only it can name the key to sign for. */
import { canonicalInstant, type HexDigest, type Identity, type Instant } from '@exeat/core'
import { credentialDigest } from '@exeat/core/enrolment'
import type { People } from '@exeat/core/wire'
import { rowKinds } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import { challengeLife } from './challenges.ts'
import { identityError } from './codes.ts'
import { finishRegistration, type PasskeyDependencies } from './passkeys.ts'
import { fromBytes, newSecret, toBytes } from './secrets.ts'
import type { Session } from './types.ts'
import type { Passkey } from './webauthn.ts'

interface Kept {
  readonly purpose: 'own'
  readonly person: Identity
  readonly session: HexDigest
  readonly passkey: Passkey
  readonly counter: number
}

export interface HeldPasskey {
  readonly passkey: Passkey
  readonly credential: HexDigest
  readonly counter: number
}

/**
 * Ends the registration that this session began, and holds what came of it for five minutes.
 * @throws {ExeatError} CEREMONY_UNKNOWN, PASSKEY_WRONG
 */
export async function holdPasskey(deps: PasskeyDependencies, { id: session }: Pick<Session, 'id'>, answer: People['ceremonyAnswerSchema']): Promise<People['heldPasskeySchema']> {
  const { person, passkey, counter, link } = await finishRegistration(deps, answer, session)
  // Whoever came by a link has no earlier key that could speak for them here.
  if (link !== undefined) throw unknown()
  const id = newSecret()
  const at = deps.now()
  const kept: Kept = { purpose: 'own', person, session, passkey, counter }
  if (!await deps.rows.put(rowKinds.ceremony, id, { value: toBytes(kept), expires: at + challengeLife }, 0, at)) throw new Error('a random id came twice')
  return { id, credential: credentialDigest(person, passkey, sha256), detail: passkey, expiresAt: canonicalInstant((at + challengeLife) as Instant) }
}

/** What is held, once. @throws {ExeatError} CEREMONY_UNKNOWN */
export async function takePasskey({ rows, now }: PasskeyDependencies, { id: session }: Pick<Session, 'id'>, id: string): Promise<HeldPasskey> {
  const row = await rows.take(rowKinds.ceremony, id, now())
  const kept = row === undefined ? undefined : fromBytes<Kept>(row.value)
  if (kept?.purpose !== 'own' || kept.session !== session) throw unknown()
  const { person, passkey, counter } = kept
  return { passkey, counter, credential: credentialDigest(person, passkey, sha256) }
}

const unknown = () => identityError('CEREMONY_UNKNOWN', 'the passkey is unknown, was enrolled, or waited for too long', 'begin again')
