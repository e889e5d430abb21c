/** WebAuthn Level 3, as its library checks it: ceremonies that enrol a passkey, and assertions by one. What is recorded is checked once more, by `@exeat/verify`. */
import { createPublicKey, hash, type JsonWebKey, X509Certificate } from 'node:crypto'
import { generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { decodeAttestationObject, decodeCredentialPublicKey, isoCBOR, isoBase64URL } from '@simplewebauthn/server/helpers'
import { type Identity, identityKey } from '@exeat/core'
import type { Algorithm, CredentialOf } from '@exeat/core/enrolment'
import { base64url, type EvidenceOf } from '@exeat/core/entry'
import * as z from 'zod'
import { shown } from '../use/problem.ts'
import { identityError, type IdentityCode } from './codes.ts'

/** Whom passkeys are made for, as the workspace says. */
export interface RelyingParty {
  readonly id: string
  readonly origins: readonly string[]
}

export type Passkey = CredentialOf<'webauthn'>
/** WebAuthn's own JSON (§5.1.8 to §5.1.10). */
export type WebauthnJson = Record<string, unknown>

/** COSE algorithms (RFC 9053, RFC 8230) that the log can hold and everybody can verify. */
const coseAlgorithms = new Map<number, Algorithm>([[-7, 'ES256'], [-8, 'EdDSA'], [-257, 'RS256']])

/** Labels of COSE keys (RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4). */
const label = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1, e: -2 } as const

/** How long a browser waits, in milliseconds (Level 3, §15.1 recommends five to ten minutes). */
const timeout = 300_000

/** What an authenticator keeps of whose passkey it is: nothing that names the person. */
const userHandle = (person: Identity): string => hash('sha256', identityKey(person), 'base64url')

export interface Registering {
  readonly party: RelyingParty
  readonly person: Identity
  readonly label: string
  readonly challenge: Uint8Array
  /** Whose maker is to be asked for, because roots of makers are known here. */
  readonly attestation: boolean
  /** Ids of passkeys that the person has already. */
  readonly known: readonly string[]
}

export async function registrationOptions({ party, person, label: name, challenge, attestation, known }: Registering): Promise<WebauthnJson> {
  const options = await generateRegistrationOptions({
    rpName: 'Exeat', rpID: party.id, userName: name, userDisplayName: name, userID: new Uint8Array(Buffer.from(userHandle(person), 'base64url')),
    challenge: new Uint8Array(challenge), timeout, attestationType: attestation ? 'direct' : 'none', excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, supportedAlgorithmIDs: [...coseAlgorithms.keys()],
  })
  return { ...options }
}

/** PEM certificates of the makers of authenticators, and the present. */
export interface Makers {
  readonly roots: readonly string[]
  readonly now: number
}

export interface Registered {
  readonly passkey: Passkey
  readonly counter: number
}

const registration = z.looseObject({
  id: base64url(1400), rawId: base64url(1400), type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: base64url(4096), attestationObject: base64url(64 * 1024) }),
})

/**
 * The passkey that was made for this challenge.
 * @throws {ExeatError} PASSKEY_WRONG
 */
export async function verifyRegistration(answer: unknown, challenge: Uint8Array, party: RelyingParty, makers: Makers): Promise<Registered> {
  const response = shapedAs(registration, answer, 'PASSKEY_WRONG')
  refuseFrame(response.response.clientDataJSON, 'PASSKEY_WRONG')
  const verified = await checked('PASSKEY_WRONG', () => verifyRegistrationResponse({
    response: response as unknown as RegistrationResponseJSON, expectedChallenge: Buffer.from(challenge).toString('base64url'), expectedOrigin: [...party.origins], expectedRPID: party.id,
    requireUserVerification: true, supportedAlgorithmIDs: [...coseAlgorithms.keys()],
  }))
  if (!verified.verified) throw identityError('PASSKEY_WRONG', 'the attestation of the passkey does not verify')
  const { fmt, aaguid, credential, credentialDeviceType } = verified.registrationInfo
  if (fmt !== 'none' && fmt !== 'packed') throw identityError('PASSKEY_WRONG', `the passkey comes with an attestation of format \`${shown(fmt)}\`, and \`none\` and \`packed\` are read`)
  const { alg, publicKey } = await checked('PASSKEY_WRONG', async () => spkiOf(credential.publicKey))
  const attested = fmt === 'packed' && chainEnds(isoBase64URL.toBuffer(response.response.attestationObject), aaguid, makers)
  return {
    passkey: {
      kind: 'webauthn', id: credential.id, alg, publicKey: Buffer.from(publicKey).toString('base64url'), rpId: party.id, aaguid,
      backupEligible: credentialDeviceType === 'multiDevice', attested,
    },
    counter: credential.counter,
  }
}

export interface Asserting {
  readonly party: RelyingParty
  readonly challenge: Uint8Array
  /** Ids; empty: whichever passkey the person picks. */
  readonly allowed: readonly string[]
}

export async function assertionOptions({ party, challenge, allowed }: Asserting): Promise<WebauthnJson> {
  const options = await generateAuthenticationOptions({
    rpID: party.id, challenge: new Uint8Array(challenge), timeout, userVerification: 'required', ...(allowed.length === 0 ? {} : { allowCredentials: allowed.map((id) => ({ id })) }),
  })
  return { ...options }
}

const assertion = z.looseObject({
  id: base64url(1400), rawId: base64url(1400), type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: base64url(4096), authenticatorData: base64url(2048), signature: base64url(2048), userHandle: z.string().max(100).nullish() }),
})

/** Which passkey an answer says that it is of. */
export const passkeyNamed = (answer: unknown, code: IdentityCode): string => shapedAs(assertion, answer, code).id

export interface Asserted {
  readonly signed: Pick<EvidenceOf<'webauthn'>, 'clientData' | 'authenticatorData' | 'signature'>
  readonly counter: number
}

/**
 * What the passkey signed for this challenge.
 * @throws {ExeatError} under `code`
 */
export async function verifyAssertion(answer: unknown, challenge: Uint8Array, party: RelyingParty, key: Passkey, person: Identity, code: IdentityCode): Promise<Asserted> {
  const response = shapedAs(assertion, answer, code)
  const { clientDataJSON: clientData, authenticatorData, signature, userHandle: handle } = response.response
  if (response.id !== key.id) throw identityError(code, 'another passkey answered than the one that was asked')
  if (typeof handle === 'string' && handle !== '' && handle !== userHandle(person)) throw identityError(code, 'the passkey was made for somebody else')
  refuseFrame(clientData, code)
  const verified = await checked(code, () => verifyAuthenticationResponse({
    response: response as unknown as AuthenticationResponseJSON, expectedChallenge: Buffer.from(challenge).toString('base64url'), expectedOrigin: [...party.origins], expectedRPID: party.id,
    // The counter is held against what the rows keep, by `counters.ts`.
    credential: { id: key.id, publicKey: coseOf(key), counter: 0 }, requireUserVerification: true,
  }))
  if (!verified.verified) throw identityError(code, 'the signature of the passkey does not verify')
  if ((verified.authenticationInfo.credentialDeviceType === 'multiDevice') !== key.backupEligible) {
    throw identityError(code, 'the passkey says otherwise than when it was enrolled whether it can be backed up')
  }
  return { signed: { clientData, authenticatorData, signature }, counter: verified.authenticationInfo.newCounter }
}

function shapedAs<T extends z.ZodType>(schema: T, answer: unknown, code: IdentityCode): z.output<T> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw identityError(code, `the passkey's answer is none at \`${shown(parsed.error.issues[0]?.path.join('.') ?? '')}\``)
}

/** The library lets a frame of another site pass where the browser does not say whose it is. */
function refuseFrame(clientData: string, code: IdentityCode): void {
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(clientData, 'base64url').toString('utf8'))
  } catch {
    throw identityError(code, 'the client data of the passkey are not JSON')
  }
  if (typeof said === 'object' && said !== null && 'crossOrigin' in said && said.crossOrigin !== false) throw identityError(code, 'the passkey was used within a frame of another site')
}

/** The library throws for whatever does not hold, and for what it cannot read. */
async function checked<T>(code: IdentityCode, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw identityError(code, `the passkey's answer does not verify: ${shown(error instanceof Error ? error.message : String(error)).replaceAll('`', '\'')}`)
  }
}

/** DER of the SubjectPublicKeyInfo of a COSE key (RFC 9052 §7). */
function spkiOf(cose: Uint8Array): { readonly alg: Algorithm; readonly publicKey: Uint8Array } {
  const key = decodeCredentialPublicKey(new Uint8Array(cose)) as unknown as ReadonlyMap<number, unknown>
  const alg = coseAlgorithms.get(Number(key.get(label.alg)))
  const text = (name: keyof typeof label): string => {
    const value = key.get(label[name])
    if (!(value instanceof Uint8Array)) throw new TypeError(`the key has no ${name}`)
    return Buffer.from(value).toString('base64url')
  }
  const jwk: JsonWebKey | undefined = alg === 'ES256' ? { kty: 'EC', crv: 'P-256', x: text('x'), y: text('y') }
    : alg === 'EdDSA' ? { kty: 'OKP', crv: 'Ed25519', x: text('x') }
      : alg === 'RS256' ? { kty: 'RSA', n: text('n'), e: text('e') } : undefined
  if (alg === undefined || jwk === undefined) throw new TypeError('the key is of an algorithm that is not taken')
  return { alg, publicKey: new Uint8Array(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' })) }
}

function coseOf({ alg, publicKey }: Passkey): Uint8Array<ArrayBuffer> {
  const jwk = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), format: 'der', type: 'spki' }).export({ format: 'jwk' })
  const bytes = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64url'))
  const [identifier] = [...coseAlgorithms].find(([, name]) => name === alg) ?? []
  const parts: readonly (readonly [number, number | Uint8Array | undefined])[] = alg === 'RS256'
    ? [[label.kty, 3], [label.alg, identifier], [label.n, bytes(jwk.n)], [label.e, bytes(jwk.e)]]
    : alg === 'ES256' ? [[label.kty, 2], [label.alg, identifier], [label.crv, 1], [label.x, bytes(jwk.x)], [label.y, bytes(jwk.y)]]
      : [[label.kty, 1], [label.alg, identifier], [label.crv, 6], [label.x, bytes(jwk.x)]]
  return new Uint8Array(isoCBOR.encode(new Map(parts) as Parameters<typeof isoCBOR.encode>[0]))
}

/**
 * Whether the attestation's certificates lead to a root of a maker that is known here (RFC 5280 §6, as far as attestation certificates go),
 * and the first one says which model it attests: a root may stand above many models, and WebAuthn §8.2.1 then demands it.
 */
function chainEnds(attestationObject: Uint8Array<ArrayBuffer>, aaguid: string, { roots, now }: Makers): boolean {
  const statement = decodeAttestationObject(attestationObject).get('attStmt')
  const chain = statement.get('x5c') ?? []
  if (chain.length === 0 || chain.length > 8) return false
  try {
    const certificates = chain.map((der) => new X509Certificate(der))
    const anchors = roots.map((pem) => new X509Certificate(pem))
    if (!certificates.every((each) => isCurrent(each, now))) return false
    if (certificates[0] === undefined || !statesModel(certificates[0], aaguid) || keyTypes.get(Number(statement.get('alg'))) !== certificates[0].publicKey.asymmetricKeyType) return false
    const linked = certificates.every((each, i) => i === certificates.length - 1 || signedBy(each, certificates[i + 1]))
    const last = certificates.at(-1)
    return linked && last !== undefined && anchors.some((anchor) => isCurrent(anchor, now) && (signedBy(last, anchor) || last.raw.equals(anchor.raw)))
  } catch {
    return false
  }
}

/** Of the key that each algorithm signs with: the library takes from the statement only which hash it is. */
const keyTypes: ReadonlyMap<number, string> = new Map([[-7, 'ec'], [-8, 'ed25519'], [-257, 'rsa']])

/** DER of id-fido-gen-ce-aaguid (§8.2.2), not critical, up to its value; the library refuses one that says another model. */
const modelExtension = Buffer.from('060b2b0601040182e51c01010404120410', 'hex')
const statesModel = ({ raw }: X509Certificate, aaguid: string): boolean => raw.includes(Buffer.concat([modelExtension, Buffer.from(aaguid.replaceAll('-', ''), 'hex')]))

const isCurrent = ({ validFromDate, validToDate }: X509Certificate, now: number): boolean => validFromDate.getTime() <= now && now <= validToDate.getTime()
const signedBy = (certificate: X509Certificate, issuer: X509Certificate | undefined): boolean =>
  issuer !== undefined && issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
