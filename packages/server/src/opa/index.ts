export { type MakeOpaBundle, opaBundler } from './bundle.ts'
export { type OpaKey, openOpaKey } from './key.ts'
