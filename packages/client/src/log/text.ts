/** Every runtime has these and `lib: ES2024` does not. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (label: 'utf-8') => { decode(bytes: Uint8Array): string }

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that are no UTF-8 become U+FFFD, which no format read here knows. */
export const decodeText = (bytes: Uint8Array): string => new TextDecoder('utf-8').decode(bytes)
