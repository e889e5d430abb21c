/** Public keys as OpenSSH writes them: RFC 4253 §6.6 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519), PROTOCOL.u2f (`sk-`). */
import type { Sha256 } from '@exeat/core'
import { decodeBase64, encodeBase64 } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'
import { equal } from './bytes.ts'
import { wireReader, type WireReader } from './wire.ts'

/** What a signature is verified with. Ed25519: 32 bytes. P-256: 65 bytes, `04 ‖ x ‖ y`. RSA: big-endian, without leading zeroes. */
export type KeyMaterial =
  | { readonly kind: 'ed25519'; readonly point: Uint8Array }
  | { readonly kind: 'p256'; readonly point: Uint8Array }
  | { readonly kind: 'rsa'; readonly modulus: Uint8Array; readonly exponent: Uint8Array }

export interface SshPublicKey {
  /** As the key's line begins: `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`. */
  readonly type: string
  /** The whole key as it is sent: what identifies it. */
  readonly blob: Uint8Array
  readonly material: KeyMaterial
  /** Of keys that a FIDO2 authenticator holds: what it was made for, `ssh:`. */
  readonly application?: string
}

/** No key that is accepted is longer: RSA of 8192 bits. */
const largestKey = 2048
const rsaBits = { least: 2048, most: 8192 } as const

const readers: ReadonlyMap<string, (reader: WireReader) => Omit<SshPublicKey, 'type' | 'blob'>> = new Map([
  ['ssh-ed25519', (reader: WireReader) => ({ material: { kind: 'ed25519' as const, point: reader.string() } })],
  ['ecdsa-sha2-nistp256', (reader: WireReader) => ({ material: p256(reader) })],
  ['ssh-rsa', (reader: WireReader) => {
    const exponent = reader.positive()
    return { material: { kind: 'rsa' as const, modulus: reader.positive(), exponent } }
  }],
  ['sk-ssh-ed25519@openssh.com', (reader: WireReader) => ({ material: { kind: 'ed25519' as const, point: reader.string() }, application: reader.text() })],
  ['sk-ecdsa-sha2-nistp256@openssh.com', (reader: WireReader) => ({ material: p256(reader), application: reader.text() })],
])

/** The curve's name, then the point. An unknown curve leaves a point that no length allows. */
function p256(reader: WireReader): KeyMaterial {
  const curve = reader.text()
  const point = reader.string()
  return { kind: 'p256', point: curve === 'nistp256' ? point : new Uint8Array(0) }
}

/** `SSH_MALFORMED`, `SSH_ALGORITHM` */
export function readPublicKey(blob: Uint8Array): Answer<SshPublicKey> {
  if (blob.length > largestKey) return refuse('SSH_MALFORMED', `a public key has at most ${largestKey} bytes, and this one ${blob.length}`)
  const reader = wireReader(blob)
  const type = reader.text()
  if (!reader.sound()) return refuse('SSH_MALFORMED', 'the public key does not begin with the name of its type')
  const read = readers.get(type)
  if (read === undefined) {
    return refuse('SSH_ALGORITHM', `keys of type \`${type.slice(0, 80)}\` are not accepted`, `accepted are ${[...readers.keys()].map((each) => `\`${each}\``).join(', ')}`)
  }
  const key = read(reader)
  if (!reader.ended()) return refuse('SSH_MALFORMED', `the public key of type \`${type}\` ends too early or too late`)
  const fault = materialFault(key.material)
  if (fault !== undefined) return fault
  // Keys of websites have other applications: what such a key signed was never meant for SSH.
  if (key.application !== undefined && !/^ssh:[!-~]{0,200}$/.test(key.application)) {
    return refuse('SSH_ALGORITHM', `the key was made for \`${key.application.slice(0, 80)}\`, and one for SSH is for \`ssh:\``)
  }
  return ok({ type, blob, ...key })
}

function materialFault(material: KeyMaterial): ReturnType<typeof refuse> | undefined {
  if (material.kind === 'rsa') {
    const { modulus, exponent } = material
    const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
    if (bits < rsaBits.least || bits > rsaBits.most) return refuse('SSH_ALGORITHM', `RSA keys have ${rsaBits.least} to ${rsaBits.most} bits, and this one ${bits}`)
    const odd = [modulus, exponent].every((number) => ((number.at(-1) ?? 0) & 1) === 1)
    const usable = odd && exponent.length <= 4 && !equal(exponent, Uint8Array.of(1))
    return usable ? undefined : refuse('SSH_ALGORITHM', 'the exponent or modulus of the RSA key is none that an RSA key has')
  }
  const { kind, point } = material
  const wanted = kind === 'ed25519' ? point.length === 32 : point.length === 65 && point[0] === 4
  return wanted ? undefined : refuse('SSH_MALFORMED', `the public key is no point as ${kind === 'ed25519' ? 'Ed25519' : 'NIST P-256'} keys have it, uncompressed`)
}

/** Type and base64 as they stand in `id_ed25519.pub` and in `allowed_signers`. `SSH_MALFORMED`, `SSH_ALGORITHM` */
export function parsePublicKey(type: string, base64: string): Answer<SshPublicKey> {
  const blob = base64.length > 2 * largestKey ? undefined : decodeBase64(base64)
  if (blob === undefined) return refuse('SSH_MALFORMED', 'the public key is not base64')
  const key = readPublicKey(blob)
  if (!key.ok || key.value.type === type) return key
  return refuse('SSH_MALFORMED', `the key is called \`${type.slice(0, 80)}\`, and is of type \`${key.value.type}\``)
}

/** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export const keyFingerprint = ({ blob }: Pick<SshPublicKey, 'blob'>, sha256: Sha256): string => `SHA256:${encodeBase64(sha256(blob)).replace(/=+$/, '')}`
