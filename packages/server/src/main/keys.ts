/** The server's keys, each held against what the founders delegated to. */
import { formatVerifierKey, type SignerKey, type VerifierKey } from '@exeat/log'
import type { DelegationEpoch } from '@exeat/verify'
import { serverError } from '../config/codes.ts'
import { type DataPaths, stands } from '../config/folder.ts'
import { readSecret } from '../keys/secret.ts'
import { idOf, readSigner } from '../keys/signer.ts'

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN, KEY_OTHER */
export function readLogKey({ log }: DataPaths, origin: string): SignerKey {
  const key = readSigner(log)
  if (key.name !== origin) throw serverError('KEY_OTHER', `\`${log}\` holds a key of \`${key.name}\`, not of \`${origin}\``)
  return key
}

export interface WorkingKeys {
  readonly bundle: SignerKey
  readonly webhook: SignerKey
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN, KEY_OTHER */
export function readWorkingKeys(paths: DataPaths, log: SignerKey, current: DelegationEpoch): WorkingKeys {
  refuseOther(paths.log, log, current.log)
  const [bundle, webhook] = (['bundle', 'webhook'] as const).map((purpose) => {
    const path = paths.working(purpose, idOf(current[purpose]))
    const key = readSigner(path)
    refuseOther(path, key, current[purpose])
    return key
  })
  if (bundle === undefined || webhook === undefined) throw new Error('two purposes give two keys')
  return { bundle, webhook }
}

function refuseOther(path: string, held: VerifierKey, delegated: VerifierKey): void {
  if (formatVerifierKey(held) === formatVerifierKey(delegated)) return
  throw serverError('KEY_OTHER', `\`${path}\` holds the key \`${formatVerifierKey(held)}\`, and the founders delegated to \`${formatVerifierKey(delegated)}\``)
}

/** Read anew each time, so that it can be replaced while the server runs. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export const providerSecretIn = (paths: DataPaths) => (provider: string): string | undefined => secretAt(paths.provider(provider))

/** Likewise. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export const incidentsSecretIn = (paths: DataPaths) => (): string | undefined => secretAt(paths.incidents)

/** One line; undefined where there is no such file. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function secretAt(path: string): string | undefined {
  if (!stands(path)) return undefined
  const secret = readSecret(path).trim()
  if (!/^[ -~]{1,1024}$/.test(secret)) throw serverError('KEY_UNREADABLE', `\`${path}\` holds no secret: 1 to 1,024 printable characters on one line`)
  return secret
}
