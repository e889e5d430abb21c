/** What is to be noticed in what points claim: that they ask for what has ended, and that a point uses what nobody expected it to. */
import { compilePattern, type HexDigest, type Pattern } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { LogReader, LogStore } from '../../ports/log.ts'
import { readOptOut } from '../../use/load.ts'
import type { StoredOptOut } from '../../use/stored.ts'
import type { Teller } from './teller.ts'

export interface ClaimNoticesOptions {
  readonly log: Pick<LogStore, 'snapshot'>
  readonly teller: Pick<Teller, 'tell'>
  readonly now: () => number
}

type Uses = Wire['usesSchema']['uses']
type Use = Uses[number]

const day = 24 * 3_600_000
/** Opt-outs whose expected points are kept at once. */
const mostKnown = 10_000

/** Never rejects. */
export function claimNotices({ log, teller, now }: ClaimNoticesOptions): (uses: Uses, answer: Wire['usesAnswerSchema']) => Promise<void> {
  const expected = new Map<HexDigest, Promise<readonly Pattern[] | undefined>>()
  const storedOf = async (uid: HexDigest): Promise<StoredOptOut | undefined> => (await log.snapshot((reader: LogReader) => readOptOut(reader, uid)))?.value

  /** As its document says, which never changes. */
  function pointsOf(uid: HexDigest): Promise<readonly Pattern[] | undefined> {
    const known = expected.get(uid)
    if (known !== undefined) return known
    if (expected.size >= mostKnown) expected.clear()
    const asked = storedOf(uid).then((stored) => stored?.expected?.points?.map(patternOf))
    expected.set(uid, asked)
    asked.catch(() => expected.delete(uid))
    return asked
  }

  /** Once a day for each point. */
  async function tell(kind: 'asked' | 'unexpected', { uid, point, subject }: Use, more: Readonly<Record<string, unknown>>): Promise<void> {
    const name = (await storedOf(uid))?.record.asked.name
    if (name === undefined) return
    const type = kind === 'asked' ? 'dev.exeat.optout.asked-after-end.v1' : 'dev.exeat.optout.unexpected.v1'
    await teller.tell({ id: `${kind}-${Math.floor(now() / day)}-${uid}-${point.slice(0, 200)}`, type, subject: uid, data: { name, point, subject, ...more } })
  }

  async function look(use: Use, result: Wire['usesAnswerSchema']['results'][number]): Promise<void> {
    // A point asks until its bundle is a newer one.
    if (result.outcome === 'refused') return result.code === 'WRONG_PHASE' ? tell('asked', use, { code: result.code }) : undefined
    const patterns = await pointsOf(use.uid)
    if (patterns === undefined || patterns.some((pattern) => pattern.matches(use.point))) return undefined
    return tell('unexpected', use, { message: 'used by an enforcement point that its document does not expect' })
  }

  return async (uses, { results }) => {
    for (const [i, result] of results.entries()) {
      const use = uses[i]
      // oxlint-disable-next-line no-await-in-loop -- few of them are told of, and the same one twice only once
      if (use !== undefined) await look(use, result).catch(() => undefined)
    }
  }
}

/** A document that was decoded holds no other. */
function patternOf(source: string): Pattern {
  const answer = compilePattern(source, 'path')
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.pattern
}
