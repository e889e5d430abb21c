/** `.exeat/allowed_signers`, read where governance is read. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { Governance } from '@exeat/git'
import { readSigners, signersPath } from '@exeat/git/signed'
import { type AllowedSigner, parseAllowedSigners } from '@exeat/verify/ssh'
import type { Io } from '../edge/io.ts'

/** At a tree of `.exeat`; undefined: there is none. @throws {ExeatError} SIGNERS_INVALID with every wrong line */
export async function signersIn(dir: string, tree: string): Promise<readonly AllowedSigner[] | undefined> {
  const text = await readSigners(dir, tree)
  if (text === undefined) return undefined
  const read = parseAllowedSigners(text, signersPath)
  if (!read.ok) throw new ExeatError(read.problems)
  return read.signers
}

/** For authors: whether the file stands, on the branch or in the work tree, and every wrong line. */
export async function lintSigners({ source }: Governance, { cwd }: Io): Promise<{ readonly stands: boolean; readonly problems: readonly Problem[] }> {
  const text = source.kind === 'worktree' ? readText(join(source.root, signersPath)) : await readSigners(cwd, source.tree)
  const read = parseAllowedSigners(text ?? '', signersPath)
  return { stands: text !== undefined, problems: read.ok ? [] : read.problems }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
