/** SSHSIG, the signature of a file (PROTOCOL.sshsig of OpenSSH), from its armour or raw, to its parts. Nothing is verified here. */
import { decodeBase64 } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'
import { ascii, concat, equal, latin1 } from './bytes.ts'
import { readPublicKey, type SshPublicKey } from './key.ts'
import { wireReader, type WireReader, wireString } from './wire.ts'

export interface SshSignatureParts {
  readonly key: SshPublicKey
  readonly namespace: string
  readonly hash: 'sha256' | 'sha512'
  readonly signature: RawSignature
}

/** `bytes`: Ed25519 64 bytes; P-256 64 bytes, `r ‖ s`; RSA as long as the modulus. */
export interface RawSignature {
  readonly algorithm: 'ed25519' | 'p256' | 'rsa-sha256' | 'rsa-sha512'
  readonly bytes: Uint8Array
  /** What the authenticator signed besides (PROTOCOL.u2f). */
  readonly authenticator?: { readonly flags: number; readonly counter: number }
}

const magic = ascii('SSHSIG')
const begin = '-----BEGIN SSH SIGNATURE-----'
const end = '-----END SSH SIGNATURE-----'

/** Most bytes of a signature, whose largest parts are a key and a signature of RSA. */
export const largestSignature = 8192
const longestNamespace = 200

/** `SSH_MALFORMED`, `SSH_ALGORITHM` */
export function parseSshSignature(given: Uint8Array): Answer<SshSignatureParts> {
  if (given.length > largestSignature) return refuse('SSH_MALFORMED', `a signature has at most ${largestSignature} bytes, and this one ${given.length}`)
  const blob = rawSshSignature(given)
  return blob === undefined ? refuse('SSH_MALFORMED', `a signature begins with \`${begin}\` and ends with \`${end}\`, around base64`) : parseBlob(blob)
}

/** Without its armour, where it has one; undefined where that is wrong. */
export const rawSshSignature = (given: Uint8Array): Uint8Array | undefined => (equal(given.subarray(0, magic.length), magic) ? given : unarmoured(latin1(given)))

/** As OpenSSH writes it: lines of 70 characters, and one line feed behind the last. A carriage return before each is a mail's. */
function unarmoured(text: string): Uint8Array | undefined {
  const lines = text.replaceAll('\r\n', '\n').replace(/\n$/, '').split('\n')
  if (lines.length < 3 || lines[0] !== begin || lines.at(-1) !== end) return undefined
  const inner = lines.slice(1, -1)
  const full = inner.slice(0, -1).every((line) => line.length === inner[0]?.length)
  return full && inner.every((line) => /^[A-Za-z0-9+/=]{1,76}$/.test(line)) ? decodeBase64(inner.join('')) : undefined
}

function parseBlob(blob: Uint8Array): Answer<SshSignatureParts> {
  const reader = wireReader(blob)
  const begun = equal(reader.bytes(magic.length), magic)
  const version = reader.uint32()
  if (!begun || !reader.sound()) return refuse('SSH_MALFORMED', 'it does not begin as an SSH signature does')
  if (version !== 1) return refuse('SSH_ALGORITHM', `the signature is of version ${version}, and 1 is accepted`)
  const key = readPublicKey(reader.string())
  const namespace = reader.text()
  const reserved = reader.string()
  const hash = reader.text()
  const signature = reader.string()
  if (!reader.ended()) return refuse('SSH_MALFORMED', 'the signature ends too early or too late')
  if (!key.ok) return key
  if (namespace === '' || namespace.length > longestNamespace) return refuse('SSH_MALFORMED', `a namespace has 1 to ${longestNamespace} characters, and this one ${namespace.length}`)
  if (reserved.length > 0) return refuse('SSH_ALGORITHM', 'the reserved part of the signature says something that nobody here understands')
  if (hash !== 'sha256' && hash !== 'sha512') return refuse('SSH_ALGORITHM', `the signature is over a hash by \`${hash.slice(0, 80)}\`, and \`sha256\` and \`sha512\` are accepted`)
  const raw = parseRaw(signature, key.value)
  return raw.ok ? ok({ key: key.value, namespace, hash, signature: raw.value }) : raw
}

/** The inner signature, RFC 4253 §6.6: its algorithm must be one of the key's. */
function parseRaw(bytes: Uint8Array, key: SshPublicKey): Answer<RawSignature> {
  const reader = wireReader(bytes)
  const name = reader.text()
  const algorithm = algorithmOf(name, key)
  if (!reader.sound()) return refuse('SSH_MALFORMED', 'the signature does not name its algorithm')
  if (algorithm === undefined) return refuse('SSH_ALGORITHM', `a key of type \`${key.type}\` made a signature by \`${name.slice(0, 80)}\`, which is not accepted`)
  const inner = innerBytes(reader.string(), algorithm, key)
  const authenticator = key.application === undefined ? undefined : { flags: reader.byte(), counter: reader.uint32() }
  if (!reader.ended() || inner === undefined) return refuse('SSH_MALFORMED', `the signature by \`${name}\` has another length or form than such signatures have`)
  return ok({ algorithm, bytes: inner, ...(authenticator === undefined ? {} : { authenticator }) })
}

/** SHA-1 (`ssh-rsa`) is not among them. */
function algorithmOf(name: string, { type, material }: SshPublicKey): RawSignature['algorithm'] | undefined {
  if (material.kind !== 'rsa') return name === type ? material.kind : undefined
  return name === 'rsa-sha2-256' ? 'rsa-sha256' : name === 'rsa-sha2-512' ? 'rsa-sha512' : undefined
}

function innerBytes(given: Uint8Array, algorithm: RawSignature['algorithm'], { material }: SshPublicKey): Uint8Array | undefined {
  if (algorithm === 'p256') return pair(wireReader(given))
  const length = material.kind === 'rsa' ? material.modulus.length : 64
  return given.length === length ? given : undefined
}

/** RFC 5656 §3.1.2: two mpints, here as 32 bytes each. */
function pair(reader: WireReader): Uint8Array | undefined {
  const numbers = [reader.positive(), reader.positive()]
  if (!reader.ended() || numbers.some(({ length }) => length > 32)) return undefined
  return concat(...numbers.flatMap((number) => [new Uint8Array(32 - number.length), number]))
}

/** What a signature is over: SSHSIG ‖ namespace ‖ reserved ‖ name of the hash ‖ the message's hash. */
export const signedData = (namespace: string, hash: SshSignatureParts['hash'], digest: Uint8Array): Uint8Array =>
  concat(magic, wireString(ascii(namespace)), wireString(new Uint8Array(0)), wireString(ascii(hash)), wireString(digest))
