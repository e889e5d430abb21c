import type { CodeEntry } from '@exeat/core'

export type ApiCode = 'API_UNREACHABLE' | 'API_ANSWER' | 'REQUEST_BLOCKED' | 'EXCUSE_UNKNOWN' | 'DENIAL_INVALID' | 'POINT_BUNDLE_KEPT' | 'POINT_LOG_UNPROVEN' | 'POINT_USE_REFUSED' | 'POINT_USE_LOST'

/** What a server can fail at in the eyes of its client, where what it refuses comes with its own code; and what the middleware answers and reports. */
export const apiCodes: Readonly<Record<ApiCode, CodeEntry>> = {
  API_UNREACHABLE: { exit: 1, http: 503, summary: 'The server could not be reached, or the connection ended before the whole answer.' },
  REQUEST_BLOCKED: { exit: 2, http: 403, summary: 'A policy of the API rejected the request, and no opt-out excuses it.' },
  EXCUSE_UNKNOWN: { exit: 1, http: 403, summary: 'A policy of the API rejected the request, and whether an opt-out excuses it could not be found out; so nothing was excused.' },
  DENIAL_INVALID: { exit: 3, http: 403, summary: 'The middleware was handed a denial that names no finding, too many, or no subject; it stands.' },
  POINT_BUNDLE_KEPT: { exit: 1, http: 503, summary: 'The middleware could have no new bundle, and decides by the last one until its end.' },
  POINT_LOG_UNPROVEN: { exit: 1, http: 503, summary: 'The log does not show the middleware that it extends what was seen of it before; in a protected environment nothing is excused.' },
  POINT_USE_REFUSED: { exit: 1, http: 403, summary: 'The server does not count a use that the middleware told it of; nothing had to be counted first.' },
  POINT_USE_LOST: { exit: 1, http: 503, summary: 'More uses wait to be told to the server than the middleware keeps; this one is not counted.' },
  API_ANSWER: { exit: 1, http: 502, summary: 'The server answered something that the API does not know.' },
}
