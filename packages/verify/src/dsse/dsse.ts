/** DSSE v1.0.2 with Ed25519 keys in C2SP form: a payload, its type, and signatures over both (https://github.com/secure-systems-lab/dsse). */
import * as z from 'zod'
import { decodeBase64, encodeBase64, type Ed25519Sign, type Ed25519Verify, type SignerKey, type VerifierKey } from '@exeat/log'
import { toHex, utf8 } from '@exeat/core'
import { type Answer, ok, refuse } from '../codes.ts'

export const dsseSchema = z.strictObject({
  payloadType: z.string().min(1).max(200),
  /** Base64 of the payload's bytes. */
  payload: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string().max(200), sig: z.string().max(200) })).min(1).max(64),
})
export type Dsse = z.output<typeof dsseSchema>

/** The bytes that are signed: `DSSEv1 SP LEN(type) SP type SP LEN(payload) SP payload`, so that no payload passes for one of another type. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  const head = utf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `)
  const bytes = new Uint8Array(head.length + payload.length)
  bytes.set(head)
  bytes.set(payload, head.length)
  return bytes
}

/** `keyid` is the key's id in hex: a hint for finding the key, never trusted. */
export const dsseKeyId = (key: VerifierKey): string => toHex(key.id)

export function signDsse(payloadType: string, payload: Uint8Array, keys: readonly SignerKey[], sign: Ed25519Sign): Dsse {
  const message = preAuthEncoding(payloadType, payload)
  return { payloadType, payload: encodeBase64(payload), signatures: keys.map((key) => ({ keyid: dsseKeyId(key), sig: encodeBase64(sign(key.seed, message)) })) }
}

export interface OpenedDsse {
  readonly payload: Uint8Array
  /** The known keys that signed, each once, in the order given. */
  readonly signers: readonly VerifierKey[]
}

/**
 * Verifies an envelope of the type asked for. Signatures of unknown keys are set aside; a known key whose signature fails rejects the envelope; so does
 * one that no known key signed. How many of the keys must have signed is the caller's to say.
 */
export function openDsse(envelope: unknown, payloadType: string, keys: readonly VerifierKey[], verify: Ed25519Verify): Answer<OpenedDsse> {
  const parsed = dsseSchema.safeParse(envelope)
  const payload = parsed.success ? decodeBase64(parsed.data.payload) : undefined
  if (!parsed.success || payload === undefined) return refuse('DSSE_MALFORMED', 'the signed envelope is not DSSE')
  if (parsed.data.payloadType !== payloadType) {
    return refuse('DSSE_MALFORMED', `the signed envelope holds \`${parsed.data.payloadType.replace(/[^ -~]/g, '?')}\`, and \`${payloadType}\` is wanted`)
  }
  const message = preAuthEncoding(payloadType, payload)
  const signers = new Set<VerifierKey>()
  for (const { keyid, sig } of parsed.data.signatures) {
    const candidates = keys.filter((key) => dsseKeyId(key) === keyid)
    const signature = decodeBase64(sig)
    const signer = signature?.length === 64 ? candidates.find((key) => holds(verify, key, message, signature)) : undefined
    if (candidates.length > 0 && signer === undefined) return refuse('DSSE_SIGNATURE', `the signature of the key ${keyid} does not verify`)
    if (signer !== undefined) signers.add(signer)
  }
  if (signers.size === 0) return refuse('DSSE_UNSIGNED', `none of the ${parsed.data.signatures.length} signatures is by a known key`)
  return ok({ payload, signers: keys.filter((key) => signers.has(key)) })
}

function holds(verify: Ed25519Verify, key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(key.publicKey, message, signature)
  } catch {
    return false
  }
}
