/** Offline grants at the protected ref: `.exeat/offline/<digest>/grant.json` and the signatures beside each, as they stand there. Nothing is verified here. */
import { folder, offlineFolder } from './entries.ts'
import { type Blob, listTree, readBlobs } from './objects.ts'
import { gitError, isShowable } from './problem.ts'

export interface OfflineFolder {
  /** Of the grant: `.exeat/offline/<digest>/grant.json`. */
  readonly path: string
  readonly grant: Uint8Array
  /** In code unit order of their paths. */
  readonly signatures: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

const largestFile = 64 * 1024
/** What is not read would not be counted, so more is refused. */
const mostFiles = 1000

/** `tree`: of `.exeat`. A grant that is larger than any that is read is left out. @throws {ExeatError} GOVERNANCE_TOO_LARGE, and as `listTree` */
export async function readOfflineFolders(dir: string, tree: string): Promise<readonly OfflineFolder[]> {
  const files = (await listTree(dir, tree, `${offlineFolder}/`)).filter(({ path, type, size }) => type === 'file' && size <= largestFile && isShowable(path))
  if (files.length > mostFiles) throw gitError('GOVERNANCE_TOO_LARGE', `\`${folder}/${offlineFolder}\` holds ${files.length} files, the limit is ${mostFiles}`, 'remove the grants that are in the log')
  const wanted = files.filter(({ path }) => /^offline\/[0-9a-f]{64}\/(?:grant\.json|[^/]+\.sshsig)$/.test(path))
  if (wanted.length === 0) return []
  const contents = await readBlobs(dir, wanted)
  const read = (blob: Blob) => ({ path: `${folder}/${blob.path}`, bytes: contents.get(blob.id) ?? new Uint8Array(0) })
  return wanted.filter(({ path }) => path.endsWith('/grant.json')).map((grant): OfflineFolder => {
    const beside = grant.path.slice(0, -'grant.json'.length)
    const { path, bytes } = read(grant)
    return { path, grant: bytes, signatures: wanted.filter((each) => each !== grant && each.path.startsWith(beside)).map(read).sort((a, b) => (a.path < b.path ? -1 : 1)) }
  })
}
