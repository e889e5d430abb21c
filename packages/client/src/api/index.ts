/** The client of Exeat's HTTP API. */
export { apiCodes } from './codes.ts'
export type { ApiCode } from './codes.ts'
export { apiClient } from './client.ts'
export type { ApiClient, ApiOptions, DocumentKind, SentTap } from './client.ts'
export { ApiError, isAway } from './errors.ts'
export { messagesOf } from './events.ts'
export type { EventsQuery, StreamMessage } from './events.ts'
