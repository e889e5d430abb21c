/** ECDSA signatures as WebAuthn carries them (RFC 3279 §2.2.3), in the form that verifiers take: `r ‖ s`, 32 bytes each. Strict DER: one spelling for one signature. */
export function ecdsaFromDer(der: Uint8Array): Uint8Array | undefined {
  const [sequence, length] = der
  if (sequence !== 0x30 || length === undefined || length > 0x7f || der.length !== 2 + length) return undefined
  const r = integerAt(der, 2)
  const s = r === undefined ? undefined : integerAt(der, r.end)
  if (r === undefined || s === undefined || s.end !== der.length) return undefined
  const raw = new Uint8Array(64)
  raw.set(r.bytes, 32 - r.bytes.length)
  raw.set(s.bytes, 64 - s.bytes.length)
  return raw
}

/** A positive INTEGER of at most 32 bytes without its sign's zero. */
function integerAt(der: Uint8Array, at: number): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  const length = der[at + 1]
  if (der[at] !== 0x02 || length === undefined || length === 0 || length > 33) return undefined
  const end = at + 2 + length
  const bytes = der.subarray(at + 2, end)
  const [first = 0, second = 0] = bytes
  if (bytes.length !== length || first > 0x7f) return undefined
  if (first !== 0) return length <= 32 ? { bytes, end } : undefined
  // A leading zero stands only before a byte whose high bit would be taken for a sign.
  return length > 1 && second > 0x7f ? { bytes: bytes.subarray(1), end } : undefined
}
