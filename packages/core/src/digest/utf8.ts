/** Every runtime has it and `lib: ES2024` does not: the part of WHATWG Encoding used here. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array }

const encoder = new TextEncoder()

/** UTF-8; a lone surrogate becomes U+FFFD, so callers refuse those first. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)
