import { byte } from '../../json/bytes.ts'
import { SarifFault } from './codes.ts'
import { positionList, spliceKind } from './positions.ts'
import type { PositionList } from './positions.ts'
import { eachElement, keepOne, members, object, starts } from './read.ts'
import type { Fill, Read, Reading } from './read.ts'
import { blankResult, resultMembers } from './result.ts'
import type { RawResult } from './result.ts'
import { suppressionShape } from './shapes.ts'
import type { Suppression } from './shapes.ts'

/** The results of a run. They are judged at the run's end: the rules may stand behind them. */
export interface RawResults {
  readonly positions: PositionList
  /** Those that are findings. Emptied as they are turned into findings, so that both never fill the memory together. */
  readonly findings: (RawResult | undefined)[]
  /** Those that are none and yet bring suppressions. */
  readonly others: RawResult[]
}

const readSuppression = object(suppressionShape)

/** §3.27.9: `fail`, also where nothing is said, `open` and `review` ask for an answer; an unknown kind does too. */
const harmless: ReadonlySet<string> = new Set(['pass', 'notApplicable', 'informational'])

const isFinding = ({ kind, baselineState }: RawResult): boolean => !harmless.has(kind ?? 'fail') && baselineState !== 'absent'

/** Undefined for `null`. */
export const readResults: Read<RawResults> = (reading, name) => {
  const { scanner } = reading
  if (!starts(scanner, byte.openArray, name, 'an array')) return undefined
  const raw: RawResults = { positions: positionList(), findings: [], others: [] }
  const readResult = resultReader(raw.positions)
  eachElement(scanner, () => {
    const result = readResult(reading, name)
    if (isFinding(result)) raw.findings.push(result)
    else if (result.suppressions.length > 0) raw.others.push(result)
  })
  return raw
}

/** Reads a result and notes where a suppression would go: an excuse is added to those that the tool gave. */
function resultReader(positions: PositionList): (reading: Reading, name: string) => RawResult {
  let offset = -1
  let kind: number = spliceKind.member

  const suppressions: Fill<RawResult> = (reading, raw, name) => {
    const { scanner } = reading
    offset = scanner.offset
    kind = spliceKind.replaceNull
    if (!starts(scanner, byte.openArray, name, 'an array')) return
    const found: Suppression[] = []
    offset++
    kind = spliceKind.onlyElement
    eachElement(scanner, () => {
      found.push(readSuppression(reading, name) ?? { kind: undefined, status: undefined, justification: undefined })
      offset = scanner.offset
      kind = spliceKind.append
    })
    raw.suppressions = found
  }
  const fill = members<RawResult>({ ...resultMembers, suppressions })

  return (reading, name) => {
    if (reading.scanner.peek() === 0x6e) throw new SarifFault('SARIF_SHAPE', reading.scanner.offset, 'a result is `null`')
    keepOne(reading)
    offset = -1
    const raw = blankResult()
    fill(reading, raw, name)
    raw.index = positions.length
    if (offset >= 0) positions.add(offset, kind)
    else positions.add(reading.lastEnd, reading.lastEmpty ? spliceKind.onlyMember : spliceKind.member)
    return raw
  }
}

/** How a report spells a suppression: its kind, and its status where that is not `accepted`. */
export const suppressionKind = ({ kind, status }: Suppression): string =>
  [kind ?? 'unknown', ...(status === undefined || status === 'accepted' ? [] : [status])].join(', ')
