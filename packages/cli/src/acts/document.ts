/** An opt-out of the work tree, with the impact that stands beside it: what is sent when it is asked for. */
import { relative, resolve, sep } from 'node:path'
import { encodeDocument, type Json, type StandingOptOut } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { nearest } from '@exeat/core/text'
import type { Wire } from '@exeat/core/wire'
import type { Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'

type Request = Wire['requestSchema']

export function requestOf({ document, digest, impact }: StandingOptOut): Request {
  return {
    document: encodeDocument(document) as Record<string, Json>,
    ...(impact === undefined ? {} : { impact: { schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() } }),
  }
}

/** By its name, or by the path of the one file that it stands in. @throws {ExeatError} OPTOUT_UNKNOWN, and what is wrong with it */
export function findDocument(word: string, { optOuts, refused, source }: Governance, io: Io): StandingOptOut {
  const root = source.kind === 'worktree' ? source.root : io.cwd
  const path = relative(root, resolve(io.cwd, word)).split(sep).join('/')
  const isFile = /[./\\]/.test(word)
  const wrong = refused.filter(({ name, origin }) => (isFile ? origin.file === path : name === word))
  const [problem, ...more] = wrong.flatMap(({ problems }) => problems)
  if (problem !== undefined) throw new ExeatError([problem, ...more])
  const found = optOuts.filter(({ document, origin }) => (isFile ? origin.file === path : document.metadata.name === word))
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  if (first !== undefined) {
    throw cliError('OPTOUT_UNKNOWN', isFile ? `${found.length} opt-outs stand in \`${word}\`` : `${found.length} opt-outs are named \`${word}\``,
      isFile ? `name one of them: ${found.slice(0, 5).map(({ document }) => `\`${document.metadata.name}\``).join(', ')}` : 'give each a name of its own')
  }
  const meant = nearest(word, optOuts.map(({ document }) => document.metadata.name))
  throw cliError('OPTOUT_UNKNOWN', isFile ? `no opt-out stands in \`${word}\`` : `no document here names the opt-out \`${word}\``,
    isFile ? 'documents stand under `.exeat/`' : meant === undefined ? 'write it under `.exeat/`; `exeat list --worktree` names those that stand' : `did you mean \`${meant}\`?`)
}
