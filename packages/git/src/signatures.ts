/** Signed acts at the protected ref: their files as they stand there, and when each came. Nothing is verified here. */
import type { HexDigest } from '@exeat/core'
import type { BranchCommit } from './branch.ts'
import { folder, signaturesFolder, signersFile } from './entries.ts'
import { type Blob, listTree, readBlobs } from './objects.ts'
import { isShowable } from './problem.ts'

/** An act is two files: the envelope as JSON, and the SSH signature over it. */
export interface SignedAct {
  /** Of the envelope: `.exeat/signatures/<uid>/<digest>.json`. */
  readonly path: string
  readonly envelope: Uint8Array
  readonly signature: Uint8Array
  /** The commit of the branch since which both stand as they are. */
  readonly merged: BranchCommit
}

const largestFile = 64 * 1024
/** Of one opt-out: whatever is beyond that is left unread, and so grants nothing. */
const mostActs = 100

/** By uid of the opt-out: blobs of pairs of envelope and signature. */
export type SignatureBlobs = ReadonlyMap<HexDigest, readonly (readonly [envelope: Blob, signature: Blob])[]>

/** @throws {ExeatError} as `listTree`. `tree`: of `.exeat` */
export async function listSignatures(dir: string, tree: string): Promise<SignatureBlobs> {
  const files = new Map((await listTree(dir, tree, `${signaturesFolder}/`)).filter(({ path, type, size }) => type === 'file' && size <= largestFile && isShowable(path)).map((blob) => [blob.path, blob]))
  const found = new Map<HexDigest, (readonly [Blob, Blob])[]>()
  for (const [path, envelope] of files) {
    const [, uid = '', stem = ''] = /^signatures\/([0-9a-f]{64})\/([^/]+)\.json$/.exec(path) ?? []
    const signature = files.get(`${signaturesFolder}/${uid}/${stem}.sshsig`)
    if (uid === '' || signature === undefined) continue
    const own = found.get(uid) ?? []
    if (own.length < mostActs) found.set(uid, [...own, [envelope, signature]])
  }
  return found
}

/** @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function readSignedActs(dir: string, pairs: readonly (readonly [Blob, Blob])[], history: readonly BranchCommit[]): Promise<readonly SignedAct[]> {
  const contents = await readBlobs(dir, pairs.flat())
  return pairs.flatMap(([envelope, signature]): SignedAct[] => {
    const merged = laterOf(history, [envelope, signature])
    const [json, sshsig] = [contents.get(envelope.id), contents.get(signature.id)]
    return merged === undefined || json === undefined || sshsig === undefined ? [] : [{ path: `${folder}/${envelope.path}`, envelope: json, signature: sshsig, merged }]
  })
}

/** The newest commit that put one of these files where it is: a file that was taken away and came back came then. */
function laterOf(history: readonly BranchCommit[], files: readonly Blob[]): BranchCommit | undefined {
  const wanted = new Map(files.map(({ path, id }) => [`${folder}/${path}`, id]))
  return history.find(({ changes }) => changes.some(({ path, after }) => after !== undefined && wanted.get(path) === after))
}

/** Text of `.exeat/allowed_signers` in a tree of `.exeat`; undefined where there is none, or none that is text. @throws {ExeatError} as `listTree` */
export async function readSigners(dir: string, tree: string): Promise<string | undefined> {
  const [file] = (await listTree(dir, tree, signersFile)).filter(({ path, type }) => path === signersFile && type === 'file')
  if (file === undefined) return undefined
  const bytes = (await readBlobs(dir, [file])).get(file.id)
  return bytes === undefined ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

export const signersPath = `${folder}/${signersFile}`
