import type { CodeEntry } from '@exeat/core'

export type ApiCode = 'API_UNREACHABLE' | 'API_ANSWER'

/** What a server can fail at in the eyes of its client; what it refuses comes with its own code. */
export const apiCodes: Readonly<Record<ApiCode, CodeEntry>> = {
  API_UNREACHABLE: { exit: 1, http: 503, summary: 'The server could not be reached, or the connection ended before the whole answer.' },
  API_ANSWER: { exit: 1, http: 502, summary: 'The server answered something that the API does not know.' },
}
