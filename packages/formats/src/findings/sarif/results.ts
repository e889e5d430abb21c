import { byte } from '../../json/bytes.ts'
import { SarifFault } from './codes.ts'
import { positionList, spliceKind } from './positions.ts'
import type { PositionList } from './positions.ts'
import { eachElement, object, starts } from './read.ts'
import type { Read, Reading } from './read.ts'
import { resultShape, suppressionShape } from './shapes.ts'
import type { Result, Suppression } from './shapes.ts'

/** A result as it stands in the file, with the suppressions that it brings along. */
export interface RawResult {
  readonly index: number
  readonly result: Result
  readonly suppressions: readonly Suppression[]
}

/** The results of a run. They are judged at the run's end: the rules may stand behind them. */
export interface RawResults {
  readonly positions: PositionList
  /** Those that are findings. Emptied as they are turned into findings, so that both never fill the memory together. */
  readonly findings: (RawResult | undefined)[]
  /** Those that are none and yet bring suppressions. */
  readonly others: RawResult[]
}

const none: readonly Suppression[] = []
const readSuppression = object(suppressionShape)

/** §3.27.9: `fail`, also where nothing is said, `open` and `review` ask for an answer; an unknown kind does too. */
const harmless: ReadonlySet<string> = new Set(['pass', 'notApplicable', 'informational'])

export const isFinding = ({ kind, baselineState }: Pick<Result, 'kind' | 'baselineState'>): boolean =>
  !harmless.has(kind ?? 'fail') && baselineState !== 'absent'

/**
 * Undefined for `null`. The arrays of suppressions are looked at for where another would go, as an excuse is added to those that
 * the tool gave.
 */
export const readResults: Read<RawResults> = (reading, name) => {
  const { scanner } = reading
  const raw: RawResults = { positions: positionList(), findings: [], others: [] }
  if (!starts(scanner, byte.openArray, name, 'an array')) return undefined
  const readResult = resultReader(raw.positions)
  eachElement(scanner, () => { keep(raw, readResult(reading, 'results')) })
  return raw
}

function keep(raw: RawResults, result: RawResult): void {
  if (isFinding(result.result)) raw.findings.push(result)
  else if (result.suppressions.length > 0) raw.others.push(result)
}

function resultReader(positions: PositionList): (reading: Reading, name: string) => RawResult {
  let suppressions: readonly Suppression[] = none
  let offset = -1
  let kind: number = spliceKind.member

  /** `suppressions` of one result, and where another goes. */
  const readSuppressions: Read<true> = (reading, name) => {
    const { scanner } = reading
    offset = scanner.offset
    kind = spliceKind.replaceNull
    if (!starts(scanner, byte.openArray, name, 'an array')) return true
    const found: Suppression[] = []
    offset = scanner.offset + 1
    kind = spliceKind.onlyElement
    eachElement(scanner, () => {
      const suppression = readSuppression(reading, name)
      if (suppression !== undefined) found.push(suppression)
      offset = scanner.offset
      kind = spliceKind.append
    })
    suppressions = found
    return true
  }
  const readResult = object({ ...resultShape, suppressions: readSuppressions })

  return (reading, name) => {
    suppressions = none
    offset = -1
    const start = reading.scanner.offset
    const result = readResult(reading, name)
    if (result === undefined) throw new SarifFault('SARIF_SHAPE', start, 'a result is `null`')
    if (offset < 0) {
      offset = reading.lastEnd
      kind = reading.lastEmpty ? spliceKind.onlyMember : spliceKind.member
    }
    const index = positions.length
    positions.add(offset, kind)
    return { index, result, suppressions }
  }
}

/** How a report spells a suppression: its kind, and its status where that is not `accepted`. */
export const suppressionKind = ({ kind, status }: Suppression): string =>
  [kind ?? 'unknown', ...(status === undefined || status === 'accepted' ? [] : [status])].join(', ')
