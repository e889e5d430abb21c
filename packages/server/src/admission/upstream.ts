/** The webhook behind the proxy: one request, one answer, within what is left of the caller's time. */
import { request as httpsRequest } from 'node:https'
import { systemCode } from '../config/codes.ts'

export interface Upstream {
  /** `https:` with the path that its own configuration names. */
  readonly url: URL
  /** PEM; absent: what the machine trusts. */
  readonly ca?: string
}

/** Bytes of an answer: a patch is as large as the object it changes. */
export const largestAnswer = 8 * 1024 * 1024

export type Forwarded = { readonly ok: true; readonly body: Uint8Array } | { readonly ok: false; readonly message: string }

/** Never follows a redirect, and never throws. `timeout` in milliseconds is for all of it. */
export function forward({ url, ca }: Upstream, body: Uint8Array, timeout: number): Promise<Forwarded> {
  return new Promise((resolve) => {
    const fail = (message: string): void => { resolve({ ok: false, message }) }
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(timeout)))
    const sent = httpsRequest(url, {
      method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.byteLength }, signal, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }),
    }, (answer) => {
      if (answer.statusCode !== 200) {
        fail(`it answered with status ${answer.statusCode ?? 0}`)
        answer.destroy()
        return
      }
      const pieces: Buffer[] = []
      let size = 0
      answer.on('data', (piece: Buffer) => {
        size += piece.length
        if (size <= largestAnswer) pieces.push(piece)
        else {
          fail(`its answer has more than ${largestAnswer} bytes`)
          answer.destroy()
        }
      })
      answer.on('end', () => { resolve({ ok: true, body: Buffer.concat(pieces) }) })
      answer.on('error', () => { fail(signal.aborted ? 'it did not answer in time' : 'its answer broke off') })
    })
    sent.on('error', (cause) => { fail(signal.aborted ? 'it did not answer in time' : `it cannot be reached: ${systemCode(cause)}`) })
    sent.end(body)
  })
}
