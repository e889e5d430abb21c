/** Signed bundles for Open Policy Agent: what a point's own bundle says, as far as Rego can, with an end of its own. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import canonicalize from 'canonicalize'
import { CompactSign } from 'jose'
import { type OpaFile, opaFiles } from '@exeat/formats/opa'
import { type BundleView, bundleView, type ViewDependencies } from '../decisions/view.ts'
import { useError } from '../use/problem.ts'
import type { OpaKey } from './key.ts'
import { tarOf } from './tar.ts'

/** What OPA calls the key, in `keys` and in `signing.keyid` of its configuration. */
export const opaKeyId = 'exeat'

export interface OpaBundle {
  readonly bytes: Uint8Array
  /** Of what it says, whenever it was made. */
  readonly says: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly notAfter: number
}

/** @throws {ExeatError} OPA_BUNDLE_LARGE, and whatever keeps a bundle from being made */
export type MakeOpaBundle = (audience: string) => Promise<OpaBundle>

export interface OpaOptions extends ViewDependencies {
  readonly key: OpaKey
}

export function opaBundler({ key, ...deps }: OpaOptions): MakeOpaBundle {
  return async (audience) => {
    const view = await bundleView(deps, () => ({ audience, closed: false }))
    const { issuedAt, notAfter } = view.bundle
    const files = filesOf(view, audience)
    const signed = [...files, await signatures(files, key)]
    return { bytes: gzipSync(tarOf(signed)), says: saysOf(filesOf(view, audience, { ageless: true }), key), issuedAt, notAfter }
  }
}

/** `ageless`: without what differs between two bundles that say the same. */
function filesOf({ governed: { policySet }, bundle }: BundleView, audience: string, { ageless = false } = {}): readonly OpaFile[] {
  const { optOuts: { active }, commit, seen: { size }, issuedAt, notAfter } = bundle
  const { spec: { log } } = policySet.workspace
  const never = 0 as typeof issuedAt
  const age = ageless ? { size: 0, issuedAt: never, notAfter: never } : { size, issuedAt, notAfter }
  const answer = opaFiles({ policySet, active, audience, origin: log?.origin ?? '', commit, ...age })
  if (answer.ok) return answer.files
  throw useError('OPA_BUNDLE_LARGE', `the bundle would have ${answer.rows} rows or more`, 'ask for the bundle of one repository: audience=ID; or let opt-outs name their repositories')
}

const saysOf = (files: readonly OpaFile[], { publicPem }: OpaKey): string => createHash('sha256').update(JSON.stringify([files, publicPem])).digest('hex').slice(0, 32)

/** One JWT over the digest of each file (OPA, "Bundle file format": of JSON its canonical text, of anything else its bytes). */
async function signatures(files: readonly OpaFile[], { privateKey }: OpaKey): Promise<OpaFile> {
  const hashed = files.map(({ path, content }) => ({ name: path, hash: createHash('sha256').update(isStructured(path) ? canonicalize(JSON.parse(content)) ?? '' : content).digest('hex'), algorithm: 'SHA-256' }))
  const token = await new CompactSign(Buffer.from(JSON.stringify({ files: hashed }))).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: opaKeyId }).sign(privateKey)
  return { path: '.signatures.json', content: JSON.stringify({ signatures: [token] }) }
}

const isStructured = (path: string): boolean => /(?:^|\/)(?:data\.json|\.manifest)$/.test(path)
