/** Refuses native exemptions that no active opt-out covers. */
import { excusedWarnings, wayOutText } from '../message.ts'
import type { Point } from '../point.ts'
import { type AdmissionRequest, denied, reviewOf } from '../review.ts'
import { subjectOf } from '../subject.ts'
import { weakenings } from './weakenings.ts'

export const guard = (point: Point) => async (request: AdmissionRequest): Promise<string> => {
  const { uid } = request
  const found = weakenings(request)
  if (found.length === 0) return reviewOf({ uid, allowed: true })
  const judged = await point.judge(found.map(({ finding }) => finding), { ...subjectOf(request), endless: true })
  if (judged.excused) return reviewOf({ uid, allowed: true, warnings: [...excusedWarnings(judged)] })
  const what = found.map(({ finding: { message = '' } }) => `exeat: ${message}`).join('\n')
  return reviewOf(denied(uid, `${what}\n\n${wayOutText(judged)}`))
}
