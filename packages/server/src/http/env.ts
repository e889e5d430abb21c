import type { IncomingMessage } from 'node:http'
import type { Caller } from '../identity/types.ts'

/** `socket`: the administrative socket, which only the server's own user can open. */
export type Channel = 'socket' | 'network'

export interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly channel: Channel }
  readonly Variables: {
    caller: Caller
    /** Of the session, where a cookie brought it: what a sign-out and a sign-in end. */
    cookie: string | undefined
    /** A content security policy of the answer's own. */
    policy: string | undefined
  }
}
