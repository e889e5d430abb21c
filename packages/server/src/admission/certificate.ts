/** The pair of files that the webhook is served under. Whoever replaces them (cert-manager, a secret that is mounted anew) needs no restart. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { serverError, systemCode } from '../config/codes.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

export interface Pair {
  readonly cert: string
  readonly key: string
}

/** @throws {ExeatError} ADMISSION_CERTIFICATE: a file is missing, no certificate or key, or they do not belong together */
export function readPair({ cert, key }: CertificateFiles): Pair {
  const pair = { cert: textOf(cert), key: textOf(key) }
  let fits: boolean
  try {
    fits = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))
  } catch (cause) {
    throw serverError('ADMISSION_CERTIFICATE', `\`${cert}\` and \`${key}\` are no certificate and key in PEM`, 'give the chain, the server\'s own certificate first', cause)
  }
  if (fits) return pair
  throw serverError('ADMISSION_CERTIFICATE', `the key \`${key}\` is not that of the certificate \`${cert}\``)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw serverError('ADMISSION_CERTIFICATE', `\`${file}\` cannot be read: ${systemCode(cause)}`)
  }
}

/**
 * Looks whether the files hold another pair, and serves new handshakes under it. Half-written or foreign pairs are told and not taken:
 * the pair that serves goes on. Files are compared by content, as mounts of Kubernetes are replaced by links that watchers do not see.
 */
export function rotation(server: Server, files: CertificateFiles, first: Pair, report: (message: string) => void): () => void {
  let serving = first
  let told: string | undefined
  return () => {
    try {
      const next = readPair(files)
      told = undefined
      if (next.cert === serving.cert && next.key === serving.key) return
      server.setSecureContext({ ...next, minVersion: 'TLSv1.2' })
      serving = next
      report('new handshakes use the new certificate')
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      if (said !== told) report(`the certificate on disk is not taken, and the one before it goes on: ${said}`)
      told = said
    }
  }
}
