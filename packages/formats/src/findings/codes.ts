import type { CodeEntry } from '@exeat/core'

/** Why a report is refused although it is JSON, or before it is looked at. */
export type ReportCode = 'REPORT_UNRECOGNISED' | 'REPORT_AMBIGUOUS' | 'REPORT_SHAPE' | 'REPORT_TOO_LARGE' | 'REPORT_UNREADABLE' | 'FORMAT_UNKNOWN'

export const reportCodes: Readonly<Record<ReportCode, CodeEntry>> = {
  REPORT_UNRECOGNISED: { exit: 3, http: 422, summary: 'the input is JSON that no reader knows' },
  REPORT_AMBIGUOUS: { exit: 3, http: 422, summary: 'several tools write the shape of the input' },
  REPORT_SHAPE: { exit: 3, http: 422, summary: 'the report is not shaped as its tool writes it' },
  REPORT_TOO_LARGE: { exit: 3, http: 413, summary: 'a native report is larger than the limit' },
  REPORT_UNREADABLE: { exit: 3, http: 422, summary: 'the report changed its size while it was read' },
  FORMAT_UNKNOWN: { exit: 64, http: 400, summary: 'the named input format does not exist' },
}
