/** The signature that a commit carries, and the bytes that it is over (gitformat-signature). */
import { createHash } from 'node:crypto'
import { gitFailure } from './diagnose.ts'
import { gitError } from './problem.ts'
import { runGit } from './run.ts'

export interface CommitSignature {
  /** In the armour of whatever made it: SSH, OpenPGP or X.509. */
  readonly signature: Uint8Array
  /** The commit without its signature. */
  readonly payload: Uint8Array
}

/** Undefined for a commit that is not signed, or twice. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function commitSignature(dir: string, commit: string): Promise<CommitSignature | undefined> {
  const answer = await runGit(dir, ['cat-file', 'commit', commit])
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const object = answer.stdout
  const id = createHash(commit.length === 64 ? 'sha256' : 'sha1').update(`commit ${object.length}\0`).update(object).digest('hex')
  if (id !== commit) throw gitError('REPOSITORY_DAMAGED', `commit \`${commit}\` is not what its id says`, 'see `git fsck`')
  return split(object, commit.length === 64 ? 'gpgsig-sha256' : 'gpgsig')
}

/** Headers are lines up to an empty one; lines that begin with a blank continue the one before. */
function split(object: Buffer, wanted: string): CommitSignature | undefined {
  const end = object.indexOf('\n\n')
  const headers = object.toString('latin1', 0, end < 0 ? object.length : end).split(/\n(?! )/)
  const isSignature = (header: string): boolean => /^gpgsig(?:-sha256)? /.test(header)
  const own = headers.filter((header) => header.startsWith(`${wanted} `))
  const [header] = own
  if (header === undefined || own.length > 1 || end < 0) return undefined
  const signature = header.slice(wanted.length + 1).replaceAll('\n ', '\n')
  const rest = headers.filter((each) => !isSignature(each)).join('\n')
  return { signature: Buffer.from(signature, 'latin1'), payload: Buffer.concat([Buffer.from(rest, 'latin1'), object.subarray(end)]) }
}
