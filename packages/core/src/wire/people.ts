/** What crosses the HTTP API about people: signing in, keys, second factors, handing an act over to a browser. All of it is plain JSON. */
import * as z from 'zod'
import { dnsLabel, fingerprint, identifier, line } from '../document/scalars.ts'
import { credentialSchema, rootSignature } from '../enrolment/credential.ts'
import { enrolEnvelopeSchema, envelopeSchema, identitySchema } from '../envelope/envelope.ts'
import { base64url } from '../entry/evidence.ts'
import { id, tapSchema, webauthnJson } from './tap.ts'
import { bindingSchema, emergencySchema, requestSchema, reviewSchema } from './schemas.ts'

const instant = z.string().max(40).meta({ format: 'date-time', description: 'UTC with three fractional digits.' })

/** How one can sign in, and who has. */
export const signInSchema = z.strictObject({
  workspace: identifier,
  /** People who are enrolled here, with a passkey. */
  passkey: z.boolean(),
  providers: z.array(z.strictObject({ name: dnsLabel, start: z.string() })),
  session: z.lazy(() => sessionSchema).nullable(),
}).meta({ id: 'SignIn' })

export const sessionSchema = z.strictObject({
  id: fingerprint, person: identitySchema, label: line, groups: z.array(z.string()), method: z.enum(['passkey', 'oidc', 'api-key']),
  authenticatedAt: instant, createdAt: instant, until: instant, idleUntil: instant,
  /** Bound to a key of the command line, and not to a browser's cookie. */
  bound: z.boolean(), current: z.boolean(),
  /** To be sent back as `Exeat-CSRF` with whatever changes something, where a cookie holds the session. */
  csrf: z.exactOptional(z.string()),
}).meta({ id: 'Session' })
export const sessionsSchema = z.strictObject({ items: z.array(sessionSchema) }).meta({ id: 'Sessions' })

/** A ceremony that has begun: its id, and WebAuthn's options as JSON. */
export const ceremonySchema = z.strictObject({ id, options: webauthnJson, expiresAt: instant }).meta({ id: 'Ceremony' })
export const ceremonyAnswerSchema = z.strictObject({ id, response: webauthnJson }).meta({ id: 'CeremonyAnswer' })

/** What is to be tapped. The answer's envelope is what the second factor signs; the act itself comes afterwards, with the tap. */
const entered = [
  z.strictObject({ purpose: z.enum(['approve', 'activate']), id: line, signed: bindingSchema }),
  z.strictObject({ purpose: z.literal('renew'), asked: requestSchema }),
  z.strictObject({ purpose: z.literal('emergency'), asked: emergencySchema }),
  z.strictObject({ purpose: z.literal('review'), id: line, review: reviewSchema }),
  z.strictObject({ purpose: z.literal('enrol'), credential: fingerprint }),
] as const
export const tapWantedSchema = z.discriminatedUnion('purpose', [
  ...entered,
  /** Confirming somebody else's emergency, by their challenge, which names whoever asks for this one as the second person. */
  z.strictObject({ purpose: z.literal('second'), challenge: id }),
]).meta({ id: 'TapWanted' })
/** An act with a tap that comes to an entry of its own, and so can be handed over to a browser. */
const handedSchema = z.discriminatedUnion('purpose', entered)

export const challengeSchema = z.strictObject({
  id,
  envelope: z.union([envelopeSchema, enrolEnvelopeSchema]),
  /** 32 bytes: whoever has the envelope can make the challenge from it and them, and must, before the tap. */
  random: base64url(43).length(43),
  /** `comparisonCode` of the envelope's digest. The client computes it itself and shows its own. */
  code: z.string(),
  expiresAt: instant,
  factors: z.strictObject({
    webauthn: z.exactOptional(webauthnJson),
    totp: z.exactOptional(z.literal(true)),
    /** Where to send the browser for a step-up; it comes back to `/tap/ID`. */
    oidc: z.exactOptional(z.string()),
    ssh: z.exactOptional(z.strictObject({ namespace: z.literal('exeat-act@v1') })),
  }),
}).meta({ id: 'Challenge' })

/** The second person's tap, to be kept at the challenge of whoever declares the emergency. */
export const secondSchema = z.strictObject({ tap: tapSchema }).meta({ id: 'Second' })

/**
 * A challenge that waits: for the page that an identity provider sends the browser back to, or for the second person of an emergency. Told to the session that
 * it was made for, and to that person.
 */
export const tapPendingSchema = z.strictObject({
  wanted: tapWantedSchema, by: identitySchema,
  /** What is signed: whoever confirms it is shown all that it states. */
  envelope: z.union([envelopeSchema, enrolEnvelopeSchema]),
  proved: z.boolean(),
  /** Of an emergency that names a second person: whether they have confirmed it. */
  seconded: z.boolean(),
  expiresAt: instant,
}).meta({ id: 'TapPending' })

/** A one-time link for a person to enrol a key with. Its secret stands behind the `#`, so that no server's log sees it. */
export const linkWantedSchema = z.strictObject({ person: identitySchema, label: line }).meta({ id: 'LinkWanted' })
export const linkSchema = z.strictObject({ url: z.string(), expiresAt: instant }).meta({ id: 'Link' })

/** `secret`: of a link; absent where somebody who is signed in adds another key. */
export const enrolStartSchema = z.strictObject({ secret: z.exactOptional(base64url(64)) }).meta({ id: 'EnrolStart' })
export const enrolSchema = z.strictObject({ id, response: webauthnJson, label: line }).meta({ id: 'Enrol' })

/**
 * An SSH security key of one's own. `publicKey`: its blob (RFC 4253 §6.6). `signature`: by that key, armoured, in the namespace `exeat-enrol@v1`, over the bytes
 * of `sshEnrolMessage`: nobody enrols a key that they do not hold.
 */
export const sshEnrolSchema = z.strictObject({ publicKey: base64url(2048), signature: z.string().max(8192), label: line }).meta({ id: 'SshEnrol' })

/** A further passkey of one's own that was made, and is to be signed for with an earlier one (purpose `enrol`, over `credential`) before it is enrolled. */
export const heldPasskeySchema = z.strictObject({ id, credential: fingerprint, detail: credentialSchema, expiresAt: instant }).meta({ id: 'HeldPasskey' })
export const ownPasskeySchema = z.strictObject({ id, label: line, tap: tapSchema }).meta({ id: 'OwnPasskey' })

export const enrolmentSchema = z.strictObject({
  credential: fingerprint,
  /** 20 characters of the digest, for reading aloud to whoever vouches. */
  code: z.string(),
  kind: z.enum(['webauthn', 'ssh', 'totp', 'issuer-key']),
  person: identitySchema.nullable(), label: line, index: z.int().min(0), addedAt: instant,
  detail: credentialSchema,
  vouchedBy: z.array(z.strictObject({ by: identitySchema, root: z.boolean(), at: instant })),
  removedAt: z.exactOptional(instant),
  /** When it fills a place of a quorum; null while nobody has vouched for it. */
  countsFrom: instant.nullable(),
}).meta({ id: 'Enrolment' })
export const enrolmentsSchema = z.strictObject({ items: z.array(enrolmentSchema) }).meta({ id: 'Enrolments' })

/** By a tap, or by a founder's root key over an envelope of the caller's own making. */
export const vouchSchema = z.union([
  z.strictObject({ tap: tapSchema }),
  z.strictObject({ envelope: enrolEnvelopeSchema, root: rootSignature }),
]).meta({ id: 'Vouch' })
/** As it goes over the wire: an envelope's instants are canonical texts there, and integers where it was decoded. */
export const encodeVouch = (vouch: z.output<typeof vouchSchema>): unknown => z.encode(vouchSchema, vouch)

/** A new secret for one-time codes: shown once, and good for nothing before it is confirmed with a code and the tap of a key that counts (purpose `enrol`, over `credential`). */
export const totpSchema = z.strictObject({
  id: z.string(), credential: fingerprint,
  /** 20 characters of the digest. */
  code: z.string(),
  /** base32 (RFC 4648 §6), and the same as an `otpauth:` URI. */
  secret: z.string(), uri: z.string(), expiresAt: instant,
}).meta({ id: 'Totp' })
export const totpConfirmationSchema = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/), code: z.string().regex(/^[0-9]{6}$/), label: line, tap: tapSchema }).meta({ id: 'TotpConfirmation' })

/** A key that every poll and every later request is signed with: P-256, as a JWK (RFC 7517). */
const publicJwk = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: base64url(43).length(43), y: base64url(43).length(43) })

/** The command line hands over to a browser: to sign in, or for one act that it has looked at itself (RFC 8628, bound to a key). */
export const deviceWantedSchema = z.strictObject({
  key: publicJwk,
  /** Shown on the page, and believed by nobody. */
  client: z.strictObject({ host: line, user: line, command: line }),
  /** Begun by somebody who signed in, and answered by nobody else. */
  act: z.exactOptional(handedSchema),
}).meta({ id: 'DeviceWanted' })
export const deviceSchema = z.strictObject({
  deviceCode: base64url(64), userCode: z.string(), verificationUri: z.string(), verificationUriComplete: z.string(), interval: z.int().min(1), expiresAt: instant,
}).meta({ id: 'Device' })
/** What the page shows of it. */
export const deviceViewSchema = z.strictObject({
  client: z.strictObject({ host: line, user: line, command: line, address: z.string() }),
  act: z.exactOptional(handedSchema),
  expiresAt: instant,
}).meta({ id: 'DeviceView' })
/** The user code again, as it was typed by hand: nobody follows a link into signing somebody else in. */
export const deviceConsentSchema = z.strictObject({ code: z.string().max(40), allow: z.boolean() }).meta({ id: 'DeviceConsent' })
/** A poll, signed by the key that it began with (RFC 9449): of an act, the key of the session. */
export const devicePollSchema = z.strictObject({ deviceCode: base64url(64) }).meta({ id: 'DevicePoll' })
/** To the poll. `token`: of a session that is bound to the key. */
export const deviceTokenSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('pending'), interval: z.int().min(1) }),
  z.strictObject({ state: z.literal('signed-in'), token: z.string(), session: sessionSchema }),
  z.strictObject({ state: z.literal('done'), index: z.int().min(0), receipt: z.string() }),
  z.strictObject({ state: z.literal('denied') }),
]).meta({ id: 'DeviceToken' })

export const apiKeyWantedSchema = z.strictObject({ name: dnsLabel, scopes: z.array(z.enum(['read', 'request', 'bundle', 'uses'])).min(1), days: z.int().min(1).max(365) }).meta({ id: 'ApiKeyWanted' })
/** `secret` is shown once. */
export const apiKeySchema = z.strictObject({ name: dnsLabel, scopes: z.array(z.string()), owner: identitySchema, expiresAt: instant, secret: z.exactOptional(z.string()) }).meta({ id: 'ApiKey' })
export const apiKeysSchema = z.strictObject({ items: z.array(apiKeySchema) }).meta({ id: 'ApiKeys' })
