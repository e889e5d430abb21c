/** All opt-outs of a bundle: each is judged alone, and takes none of the others down. */
import type { ActiveOptOut, EndedOptOut, HexDigest, OptOutSet, RefusedOptOut, StandingOptOut } from '@exeat/core'
import { refuse, type VerifyProblem } from '../codes.ts'
import { judgeActive, type JudgedBy, standing } from './opt-out.ts'
import type { Bundle } from './types.ts'
import type { OptOutProblem } from './verified.ts'

export interface JudgedOptOuts {
  readonly optOuts: OptOutSet
  readonly problems: readonly OptOutProblem[]
}

export function judgeOptOuts({ active: carried, ended: over, withheld }: Bundle, by: JudgedBy): JudgedOptOuts {
  const active: ActiveOptOut[] = []
  const ended: EndedOptOut[] = []
  const refused: RefusedOptOut[] = []
  const problems: OptOutProblem[] = []
  const twice = repeated([...carried, ...over])
  const revoked = new Map(withheld.map(({ uid, at }) => [uid, at]))
  const refuseOne = (uid: HexDigest, problem: VerifyProblem, optOut?: StandingOptOut): void => {
    problems.push({ uid, ...(optOut === undefined ? {} : { name: optOut.document.metadata.name }), problem })
    if (optOut !== undefined) refused.push({ ...optOut, because: [notInLog(problem)] })
  }

  for (const each of carried) {
    const optOut = standing(each, by)
    if (!optOut.ok) {
      refuseOne(each.uid, optOut.problem)
      continue
    }
    const { value } = optOut
    const at = revoked.get(value.uid)
    if (at !== undefined) {
      ended.push({ ...value, ended: { state: 'revoked', at } })
      continue
    }
    const judged = twice(each.uid, value.document.metadata.name) ?? judgeActive(each, value, by)
    if (!judged.ok) refuseOne(each.uid, judged.problem, value)
    else if (judged.value === 'lapsed') ended.push({ ...value, ended: { state: 'lapsed', at: value.document.spec.window.until } })
    else active.push(judged.value)
  }
  for (const { state, at, ...each } of over) {
    const optOut = standing(each, by)
    if (optOut.ok) ended.push({ ...optOut.value, ended: { state, at } })
    else refuseOne(each.uid, optOut.problem)
  }
  return { optOuts: { active, ended, refused }, problems: problems.sort((a, b) => (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0)) }
}

/** Names and uids are spent once: which of two is meant cannot be told, so neither is honoured. */
function repeated(all: readonly { readonly uid: HexDigest; readonly document: Readonly<Record<string, unknown>> }[]) {
  const uids = counts(all.map(({ uid }) => uid))
  const names = counts(all.map(({ document }) => nameOf(document)))
  return (uid: HexDigest, name: string) => {
    if ((uids.get(uid) ?? 0) > 1) return refuse('OPTOUT_DUPLICATE', 'the bundle lists it more than once')
    return (names.get(name) ?? 0) > 1 ? refuse('OPTOUT_DUPLICATE', `the bundle lists more than one opt-out named \`${name}\`, and names are never reused`) : undefined
  }
}

function nameOf({ metadata }: Readonly<Record<string, unknown>>): unknown {
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined
}

function counts(values: readonly unknown[]): ReadonlyMap<unknown, number> {
  const counted = new Map<unknown, number>()
  for (const value of values) counted.set(value, (counted.get(value) ?? 0) + 1)
  return counted
}

const notInLog = ({ message, hint }: VerifyProblem): RefusedOptOut['because'][number] =>
  ({ code: 'NOT_IN_LOG', term: 'log', message, ...(hint === undefined ? {} : { hint }), policies: [] })
