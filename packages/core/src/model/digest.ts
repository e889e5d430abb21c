/** Passed in by the edge: node:crypto in Node, @noble/hashes in the browser (design §5). */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** 64 lower-case hex digits. */
export type HexDigest = string
