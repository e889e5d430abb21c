import type { IncomingMessage } from 'node:http'

/** `socket`: the administrative socket, which only the server's own user can open. */
export type Channel = 'socket' | 'network'

export interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly channel: Channel }
  readonly Variables: { point: string | undefined }
}
