const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const longest = 200

/** A key that can be stored, compared and shown: 1 to 200 characters, none that is invisible or half of one. */
export function isLabel(text: string): boolean {
  return text.length > 0 && text.length <= longest && text.isWellFormed() && !unprintable.test(text)
}
