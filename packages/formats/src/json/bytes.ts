/** The bytes of JSON's grammar and how a scanner sorts those inside a string. */
export const byte = {
  tab: 0x09, lineFeed: 0x0a, carriageReturn: 0x0d, space: 0x20, quote: 0x22, plus: 0x2b, comma: 0x2c, minus: 0x2d, dot: 0x2e,
  zero: 0x30, nine: 0x39, colon: 0x3a, openArray: 0x5b, backslash: 0x5c, closeArray: 0x5d, openObject: 0x7b, closeObject: 0x7d,
} as const

/** 0: stands for itself. The scanner's inner loop runs over these. */
export const stringClass = { plain: 0, quote: 1, escape: 2, control: 3, wide: 4 } as const

export const classOf: Uint8Array = new Uint8Array(256).map((_, code) =>
  code === byte.quote ? stringClass.quote
    : code === byte.backslash ? stringClass.escape
      : code < 0x20 ? stringClass.control
        : code >= 0x80 ? stringClass.wide : stringClass.plain)

/** 1 for what may follow a backslash and is one character: `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`. */
export const simpleEscape: Uint8Array = new Uint8Array(256).map((_, code) => ('"\\/bfnrt'.includes(String.fromCharCode(code)) ? 1 : 0))

/**
 * Length of the UTF-8 sequence that a lead byte opens and the range of its second byte (Unicode 16, table 3-7);
 * undefined where no sequence begins so.
 */
export function sequenceOf(lead: number): { readonly length: 2 | 3 | 4; readonly low: number; readonly high: number } | undefined {
  if (lead >= 0xc2 && lead <= 0xdf) return { length: 2, low: 0x80, high: 0xbf }
  if (lead === 0xe0) return { length: 3, low: 0xa0, high: 0xbf }
  if (lead === 0xed) return { length: 3, low: 0x80, high: 0x9f }
  if (lead >= 0xe1 && lead <= 0xef) return { length: 3, low: 0x80, high: 0xbf }
  if (lead === 0xf0) return { length: 4, low: 0x90, high: 0xbf }
  if (lead >= 0xf1 && lead <= 0xf3) return { length: 4, low: 0x80, high: 0xbf }
  if (lead === 0xf4) return { length: 4, low: 0x80, high: 0x8f }
  return undefined
}

/** Value of a hex digit's byte, -1 for any other. */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
