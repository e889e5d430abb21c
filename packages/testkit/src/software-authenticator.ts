/**
 * A WebAuthn authenticator in software, for tests and the demonstration: it makes credentials and assertions as a browser with a platform authenticator
 * would (WebAuthn Level 3, §6 and §7), and wrong ones where it is told to. Its keys are in memory, so what it signs proves nothing about hardware.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

type Algorithm = 'ES256' | 'EdDSA' | 'RS256'

export interface AuthenticatorOptions {
  /** Where the browser is, exactly. */
  readonly origin: string
  readonly rpId: string
  readonly algorithm?: Algorithm
  readonly backupEligible?: boolean
  /** Hexadecimal, of 16 bytes; zeros unless said. */
  readonly aaguid?: string
}

/** A packed attestation statement (§8.2): without certificates the new key attests itself. */
export interface Attesting {
  readonly by?: { readonly key: KeyObject; readonly chain: readonly Uint8Array[] }
  /** COSE, as stated; -7 is ES256. */
  readonly algorithm?: number
}

/** How an answer differs from an honest one. */
export interface Twist {
  readonly origin?: string
  readonly rpId?: string
  readonly crossOrigin?: boolean
  readonly userVerified?: boolean
  readonly userPresent?: boolean
  /** base64url, instead of the one that was asked for. */
  readonly challenge?: string
  /** In `type` of the client data. */
  readonly type?: string
  /** Instead of one more than the last. */
  readonly counter?: number
  /** Signs with a key of its own that nobody enrolled. */
  readonly otherKey?: boolean
  /** Of a registration: none unless said. */
  readonly attestation?: Attesting
}

/** The JSON forms of §5.1.8. */
export interface RegistrationJson {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: { readonly clientDataJSON: string; readonly attestationObject: string; readonly transports: readonly string[] }
  readonly clientExtensionResults: Record<string, never>
}
export interface AssertionJson {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: { readonly clientDataJSON: string; readonly authenticatorData: string; readonly signature: string; readonly userHandle?: string }
  readonly clientExtensionResults: Record<string, never>
}

export interface SoftwareAuthenticator {
  /** base64url. */
  readonly id: string
  /** DER of the SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string
  readonly aaguid: string
  create(options: { readonly challenge: string; readonly user?: { readonly id: string } }, twist?: Twist): RegistrationJson
  get(options: { readonly challenge: string }, twist?: Twist): AssertionJson
}

const flag = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, credential: 0x40 } as const
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()

export function createAuthenticator({ origin, rpId, algorithm = 'ES256', backupEligible = false, aaguid: maker = '0'.repeat(32) }: AuthenticatorOptions): SoftwareAuthenticator {
  const { publicKey, privateKey } = pairOf(algorithm)
  const credentialId = randomBytes(32)
  const id = base64url(credentialId)
  const aaguid = Buffer.from(maker, 'hex')
  let counter = 0
  let userHandle: string | undefined

  const clientData = (type: string, challenge: string, twist: Twist): Buffer =>
    Buffer.from(JSON.stringify({ type: twist.type ?? type, challenge: twist.challenge ?? challenge, origin: twist.origin ?? origin, crossOrigin: twist.crossOrigin ?? false }))
  const authenticatorData = (twist: Twist, attested: Buffer): Buffer => {
    counter = twist.counter ?? counter + 1
    const flags = (twist.userPresent === false ? 0 : flag.present) | (twist.userVerified === false ? 0 : flag.verified)
      | (backupEligible ? flag.eligible | flag.backedUp : 0) | (attested.length > 0 ? flag.credential : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(twist.rpId ?? rpId), Buffer.from([flags]), count, attested])
  }
  return {
    id, aaguid: maker.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), publicKey: base64url(publicKey.export({ format: 'der', type: 'spki' })),
    create: ({ challenge, user }, twist = {}) => {
      userHandle = user?.id
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const authData = authenticatorData(twist, Buffer.concat([aaguid, length, credentialId, coseOf(publicKey, algorithm)]))
      const client = clientData('webauthn.create', challenge, twist)
      const statement = twist.attestation === undefined ? new Map() : packed(twist.attestation, privateKey, Buffer.concat([authData, sha256(client)]))
      const attestation = new Map<string, unknown>([['fmt', twist.attestation === undefined ? 'none' : 'packed'], ['attStmt', statement], ['authData', new Uint8Array(authData)]])
      return {
        id, rawId: id, type: 'public-key', clientExtensionResults: {},
        response: { clientDataJSON: base64url(client), attestationObject: base64url(isoCBOR.encode(attestation as never)), transports: ['internal'] },
      }
    },
    get: ({ challenge }, twist = {}) => {
      const client = clientData('webauthn.get', challenge, twist)
      const authData = authenticatorData(twist, Buffer.alloc(0))
      const key = twist.otherKey === true ? pairOf(algorithm).privateKey : privateKey
      const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.concat([authData, sha256(client)]), key)
      return {
        id, rawId: id, type: 'public-key', clientExtensionResults: {},
        response: { clientDataJSON: base64url(client), authenticatorData: base64url(authData), signature: base64url(signature), ...(userHandle === undefined ? {} : { userHandle }) },
      }
    },
  }
}

function packed({ by, algorithm = -7 }: Attesting, own: KeyObject, signed: Uint8Array): ReadonlyMap<string, unknown> {
  const signature = new Uint8Array(sign('sha256', signed, by?.key ?? own))
  return new Map<string, unknown>([['alg', algorithm], ['sig', signature], ...(by === undefined ? [] : [['x5c', by.chain.map((each) => new Uint8Array(each))] as const])])
}

function pairOf(algorithm: Algorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** RFC 9053, in the form of RFC 9052 §7. */
function coseOf(key: KeyObject, algorithm: Algorithm): Buffer {
  const { x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' })
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))
  const members: readonly (readonly [number, unknown])[] = algorithm === 'ES256'
    ? [[1, 2], [3, -7], [-1, 1], [-2, bytes(x)], [-3, bytes(y)]]
    : algorithm === 'EdDSA' ? [[1, 1], [3, -8], [-1, 6], [-2, bytes(x)]] : [[1, 3], [3, -257], [-1, bytes(n)], [-2, bytes(e)]]
  return Buffer.from(isoCBOR.encode(new Map(members) as never))
}
