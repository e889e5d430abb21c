/** What git tells a pre-receive hook: one line a ref, `<old> <new> <ref>` (githooks(5)). */
import { cliError } from '../edge/problem.ts'
import { clipped } from '../text/safe.ts'

export interface Update {
  readonly ref: string
  /** Commit ids; absent before a ref is made, and after it is deleted. */
  readonly before?: string
  readonly after?: string
}

/** @throws {ExeatError} PUSH_UNREADABLE: what is not understood may be an update of the branch that governs */
export function parsePush(text: string): readonly Update[] {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw unreadable('standard input holds no line of a push', text)
  const updates = lines.map(updateOf)
  if (new Set(updates.map(({ ref }) => ref)).size < updates.length) throw unreadable('a ref is named twice', text)
  return updates
}

function updateOf(line: string): Update {
  const [, before = '', after = '', ref = ''] = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\0 ]+)$/.exec(line) ?? []
  if (ref === '' || before.length !== after.length) throw unreadable('a line is not `<old> <new> <ref>`', line)
  return { ref, ...(isNothing(before) ? {} : { before }), ...(isNothing(after) ? {} : { after }) }
}

const isNothing = (id: string): boolean => /^0+$/.test(id)

const unreadable = (why: string, text: string): Error =>
  cliError('PUSH_UNREADABLE', `${why}: \`${clipped(text, 120)}\``, 'give it what git gives the hook: in `pre-receive` its standard input, in `update` the line `"$2 $3 $1"`')

const mostBytes = 16 * 1024 * 1024

/** What git writes to a hook's standard input. @throws {ExeatError} PUSH_UNREADABLE */
export async function pushText(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > mostBytes) throw cliError('PUSH_UNREADABLE', `standard input is longer than ${mostBytes} bytes`, 'push fewer refs at once')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
