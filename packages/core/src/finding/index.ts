export { fingerprints } from './fingerprint.ts'
export { normalisePath } from './path.ts'
