/** Who approved a change, in the form in which whoever asked a forge passes it on. */
import { resolve } from 'node:path'
import * as z from 'zod'
import type { Identity } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { readWithin } from '../trust/files.ts'

const line = z.string().regex(/^[^\p{C}]{1,512}$/u)
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const identity = z.strictObject({ iss: line, sub: line })
const approval = z.strictObject({
  by: identity,
  /** The commit that was looked at; an approval of another counts for nothing (attack 9). */
  commit,
  groups: z.exactOptional(z.array(line).max(200)),
  /** A program, whoever runs it: it approves nothing (attack 14). */
  bot: z.exactOptional(z.boolean()),
})

const approvalsSchema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('ReviewApprovals'),
  approvals: z.array(approval).max(1000),
  /** Who pushed, opened or owns it, as the forge says: besides those whom git names, they approve nothing of it. */
  involved: z.exactOptional(z.array(identity).max(10_000)),
  /** What people are called there, and their groups: who could approve it is told from these too. */
  people: z.exactOptional(z.array(z.strictObject({ iss: line, sub: line, name: line, groups: z.array(line).max(200) })).max(10_000)),
})

export type Approvals = z.output<typeof approvalsSchema>

const most = 1024 * 1024

/** @throws {ExeatError} APPROVALS_INVALID, INPUT_UNREADABLE */
export function readApprovals(file: string | undefined, io: Io): Approvals {
  if (file === undefined) return { schemaVersion: 1, kind: 'ReviewApprovals', approvals: [] }
  const wrong = (why: string) => cliError('APPROVALS_INVALID', `\`${file}\` says in no way that is understood who approved: ${why}`, 'it is an object of kind `ReviewApprovals`: docs/review.md')
  let bytes: Uint8Array | undefined
  try {
    bytes = readWithin(resolve(io.cwd, file), most)
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${file}\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes === undefined) throw cliError('INPUT_UNREADABLE', `there is no file \`${file}\``)
  const parsed = approvalsSchema.safeParse(jsonOf(bytes))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw wrong(issue === undefined || issue.path.length === 0 ? 'it is another kind of object' : `\`${issue.path.join('.')}\` is wrong`)
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

/** People who approved this very commit, each once, and those who did not count. */
export function approvalsOf({ approvals }: Approvals, head: string, groupsOf: (identity: Identity) => readonly string[]) {
  const isCounted = ({ commit: of, bot }: Approvals['approvals'][number]): boolean => of === head && bot !== true
  return {
    approvals: approvals.filter(isCounted).map(({ by, groups = [] }) => ({ by, groups: [...new Set([...groups, ...groupsOf(by)])].sort() })),
    left: approvals.filter((each) => !isCounted(each)).map(({ by, bot }) => ({ by, because: bot === true ? 'a bot approves nothing' as const : 'another commit was approved' as const })),
  }
}
