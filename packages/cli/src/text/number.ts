/** A whole number from 0 to 10^15 - 1 as people write one, without a sign or leading zeros; undefined for all else. */
export function wholeIn(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}
