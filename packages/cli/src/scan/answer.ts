/** What a scan answers: every suppression, and what they come to. */
import { formatInstant, type Instant } from '@exeat/core'
import type { ScannedSuppression, ScanResult } from '@exeat/core/wire'

type Summary = ScanResult['summary']

export const isCovered = ({ optOut }: ScannedSuppression): boolean => optOut?.state === 'active'
const endless = ({ expires }: ScannedSuppression): boolean => expires?.at === undefined

export function summaryOf(suppressions: readonly ScannedSuppression[], now: Instant, compared: boolean): Summary {
  const count = (test: (each: ScannedSuppression) => boolean): number => suppressions.filter(test).length
  const covered = count(isCovered)
  const instant = formatInstant(now)
  return {
    total: suppressions.length, files: new Set(suppressions.map(({ path }) => path)).size, covered, uncovered: suppressions.length - covered,
    withoutReason: count(({ reason }) => reason === undefined), forEver: count(endless), expired: count(({ expires }) => expires?.at !== undefined && expires.at <= instant),
    whole: count(({ rule }) => rule === '*'),
    ...(compared ? { added: count((each) => each.added === true && !isCovered(each)) } : {}),
    tools: toolsOf(suppressions),
  }
}

function toolsOf(suppressions: readonly ScannedSuppression[]): Summary['tools'] {
  return [...Map.groupBy(suppressions, ({ tool }) => tool)].map(([tool, group]) => {
    const oldest = group.flatMap(({ since }) => (since === undefined ? [] : [since])).sort()[0]
    return {
      tool, total: group.length, uncovered: group.filter((each) => !isCovered(each)).length, withoutReason: group.filter(({ reason }) => reason === undefined).length,
      forEver: group.filter(endless).length, ...(oldest === undefined ? {} : { oldest }),
    }
  }).sort((a, b) => b.total - a.total || (a.tool < b.tool ? -1 : 1))
}
