/** C2SP tlog-cosignature, cosignature/v1: an Ed25519 signature with the time at which a witness saw the checkpoint. */
import { ok, refuse, type Answer } from '../codes.ts'
import { concatBytes, copyBytes } from '../bytes/bytes.ts'
import { encodeUtf8 } from '../bytes/text.ts'
import { isSize } from '../tree/size.ts'

export interface Cosignature {
  /** Seconds since the epoch. */
  readonly time: number
  /** 64 bytes. */
  readonly signature: Uint8Array
}

export const ED25519_SIGNATURE_SIZE = 64

const timeSize = 8
const byteValues = 256

/** What a witness signs: two header lines and the whole note text. */
export function cosignedMessage(time: number, text: string): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${text}`)
}

/** The time as a big-endian uint64, then the signature. */
export function encodeCosignature({ time, signature }: Cosignature): Answer<Uint8Array> {
  if (!isSize(time)) return refuse('COSIGNATURE_MALFORMED', `the time \`${time}\` is no whole number of seconds from 0 to 2^53 - 1`)
  if (signature.length !== ED25519_SIGNATURE_SIZE) return wrongLength(signature.length)
  const seconds = new Uint8Array(timeSize)
  for (let [i, rest] = [timeSize - 1, time]; i >= 0; i--, rest = Math.floor(rest / byteValues)) seconds[i] = rest % byteValues
  return ok(concatBytes([seconds, signature]))
}

/** Refuses any other length than 72 bytes, and a time of 2^53 seconds or more. */
export function decodeCosignature(bytes: Uint8Array): Answer<Cosignature> {
  if (bytes.length !== timeSize + ED25519_SIGNATURE_SIZE) return wrongLength(bytes.length - timeSize)
  const time = bytes.subarray(0, timeSize).reduce((sum, byte) => sum * byteValues + byte, 0)
  if (!isSize(time)) return refuse('COSIGNATURE_MALFORMED', 'the time of the cosignature is beyond 2^53 - 1 seconds')
  return ok({ time, signature: copyBytes(bytes, timeSize) })
}

function wrongLength(length: number): Answer<never> {
  return refuse('COSIGNATURE_MALFORMED', `the signature of a cosignature is ${length} bytes long, not ${ED25519_SIGNATURE_SIZE}`)
}
