/**
 * A FIDO2 security key in software, as OpenSSH speaks to one: what it signs is exactly what such a key signs (PROTOCOL.u2f: application hash ‖ flags ‖ counter ‖
 * message hash), so that `ssh-keygen -Y verify` takes it for one. Beside it, keys without an authenticator, and whatever a forger would want to vary.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto'

export type SshKeyType = 'sk-ed25519' | 'sk-p256' | 'ed25519' | 'p256' | 'rsa'

export const flag = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10 } as const
export const touchedAndVerified = flag.present | flag.verified

export interface SshSigning {
  readonly namespace: string
  /** Default: touched, and the owner verified. */
  readonly flags?: number
  readonly hash?: string
  readonly version?: number
  readonly reserved?: string
  /** What is called the hash of the message, in place of it. */
  readonly digest?: Uint8Array
  /** The key that is claimed, in place of the one that signs. */
  readonly claimed?: Uint8Array
  /** Algorithm of RSA; `rsa-sha2-512` unless told. */
  readonly algorithm?: string
  /** Changes the inner signature after it was made. */
  readonly rewrite?: (inner: Buffer) => Buffer
}

export interface SshKey {
  readonly type: string
  readonly blob: Uint8Array
  /** Of an `allowed_signers` or a `.pub` file: type and base64. */
  readonly line: string
  /** The SSHSIG over a message: raw, and in its armour. */
  raw(message: Uint8Array | string, signing: SshSigning): Uint8Array
  sign(message: Uint8Array | string, signing: SshSigning): string
  /** The inner signature over data that is taken as it is: what an agent answers. */
  inner(data: Uint8Array, signing?: Partial<SshSigning>): Uint8Array
}

const names: Readonly<Record<SshKeyType, string>> = {
  'sk-ed25519': 'sk-ssh-ed25519@openssh.com', 'sk-p256': 'sk-ecdsa-sha2-nistp256@openssh.com', ed25519: 'ssh-ed25519', p256: 'ecdsa-sha2-nistp256', rsa: 'ssh-rsa',
}

/** `application`: of `sk-` keys; `bits`: of RSA. */
export function sshKey(kind: SshKeyType, { application = 'ssh:', bits = 2048 }: { readonly application?: string; readonly bits?: number } = {}): SshKey {
  const { publicKey, privateKey } = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: bits })
    : kind.endsWith('ed25519') ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const type = names[kind]
  const isSk = kind.startsWith('sk-')
  const blob = Buffer.concat([sshString(type), ...publicParts(kind, publicKey), ...(isSk ? [sshString(application)] : [])])
  let counter = 0
  const inner: SshKey['inner'] = (data, { flags = touchedAndVerified, algorithm = 'rsa-sha2-512' } = {}) => {
    if (!isSk) return Buffer.concat([sshString(kind === 'rsa' ? algorithm : type), sshString(signature(kind, privateKey, data, algorithm))])
    counter += 1
    const view = Buffer.from([flags, 0, 0, 0, 0])
    view.writeUInt32BE(counter, 1)
    const signed = Buffer.concat([sha('sha256', Buffer.from(application)), view, sha('sha256', data)])
    return Buffer.concat([sshString(type), sshString(signature(kind, privateKey, signed, algorithm)), view])
  }
  const raw: SshKey['raw'] = (message, signing) => {
    const { namespace, hash = 'sha512', version = 1, reserved = '', claimed = blob, rewrite = (made: Buffer) => made } = signing
    const digest = signing.digest ?? sha(hash, typeof message === 'string' ? Buffer.from(message) : message)
    const covered = [sshString(namespace), sshString(reserved), sshString(hash)]
    const data = Buffer.concat([Buffer.from('SSHSIG'), ...covered, sshString(digest)])
    return Buffer.concat([Buffer.from('SSHSIG'), uint32(version), sshString(claimed), ...covered, sshString(rewrite(Buffer.from(inner(data, signing))))])
  }
  return { type, blob, line: `${type} ${blob.toString('base64')}`, raw, inner, sign: (message, signing) => armour(raw(message, signing)) }
}

export function armour(raw: Uint8Array): string {
  const lines = Buffer.from(raw).toString('base64').match(/.{1,70}/g) ?? []
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`
}

export function unarmour(text: string): Buffer {
  return Buffer.from(text.split('\n').filter((line) => !line.startsWith('-----')).join(''), 'base64')
}

function publicParts(kind: SshKeyType, key: KeyObject): Buffer[] {
  const { x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' })
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
  if (kind === 'rsa') return [mpint(bytes(e)), mpint(bytes(n))]
  if (kind.endsWith('ed25519')) return [sshString(bytes(x))]
  return [sshString('nistp256'), sshString(Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]))]
}

function signature(kind: SshKeyType, key: KeyObject, data: Uint8Array, algorithm: string): Buffer {
  if (kind === 'rsa') return signWith(algorithm === 'ssh-rsa' ? 'sha1' : algorithm === 'rsa-sha2-256' ? 'sha256' : 'sha512', data, key)
  if (kind.endsWith('ed25519')) return signWith(null, data, key)
  const pair = signWith('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
  return Buffer.concat([mpint(pair.subarray(0, 32)), mpint(pair.subarray(32))])
}

/** A hash that nobody knows by name gives 32 zeroes: what is tested then is that the name is refused. */
function sha(name: string, bytes: Uint8Array): Buffer {
  return ['sha1', 'sha256', 'sha512'].includes(name) ? createHash(name).update(bytes).digest() : Buffer.alloc(32)
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function sshString(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** A positive number: no needless zeroes, and one where the first bit would make it negative (RFC 4251 §5). */
export function mpint(number: Uint8Array): Buffer {
  let start = 0
  while (start < number.length && number[start] === 0) start += 1
  const digits = Buffer.from(number.subarray(start))
  return sshString(digits.length > 0 && ((digits[0] ?? 0) & 0x80) !== 0 ? Buffer.concat([Buffer.from([0]), digits]) : digits)
}
