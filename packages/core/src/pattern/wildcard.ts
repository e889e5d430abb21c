/** `*` and `?` against one text without separators: greedy with one point of return, so never worse than length times length. */

/** `?` takes one code point; `*` any run of them, also none. */
export function matchesWildcard(pattern: string, text: string): boolean {
  // What does not match mostly differs in its last character already, as extensions and numbers of rules do.
  const final = pattern[pattern.length - 1]
  if (final !== '*' && final !== '?' && final !== text[text.length - 1]) return false
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      resume = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      t += pattern[p] === '?' ? width(text, t) : 1
      p++
    } else if (star !== -1) {
      p = star + 1
      resume += width(text, resume)
      t = resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Code units of the code point at `index`. */
function width(text: string, index: number): 1 | 2 {
  const point = text.codePointAt(index)
  return point !== undefined && point > 0xffff ? 2 : 1
}
