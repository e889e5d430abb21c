/** Replacing a working key: the founders sign the next epoch, and from its entry on the new key speaks. */
import { rmSync } from 'node:fs'
import type { Instant } from '@exeat/core'
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import { type Delegation, type DelegationEpoch, rootQuorum } from '@exeat/verify'
import { serverError } from '../config/codes.ts'
import { checkDataFolder, dataPaths } from '../config/folder.ts'
import { lockFolder } from '../config/lock.ts'
import { readConfig } from '../config/read.ts'
import { readRandomKey } from '../keys/random.ts'
import { idOf, newSigner, readSigner, writeSigner } from '../keys/signer.ts'
import { readLogKey } from '../main/keys.ts'
import { openServerLog } from '../main/open.ts'
import { statedRoots } from '../main/pins.ts'
import { taken } from './database.ts'
import { delegationOperation, readDelegations } from './entry.ts'
import { signedBy } from './found.ts'

export interface RotateOptions {
  readonly data: string
  /** `log` is refused: it stays for as long as its origin does. */
  readonly purpose: 'bundle' | 'webhook' | 'log'
  /** Files with the founders' keys: two where two or more founded the log. */
  readonly rootKeys: readonly string[]
  readonly databaseUrl?: string
  readonly now: () => number
}

export interface Rotated {
  readonly purpose: 'bundle' | 'webhook'
  readonly epoch: number
  /** Of the entry from which on the new key speaks. */
  readonly index: number
  /** C2SP verifier keys. */
  readonly key: string
  readonly replaced: string
  /** The old key's file, which nothing needs any more. */
  readonly oldFile: string
}

/**
 * The server must not run meanwhile.
 * @throws {ExeatError} ROTATE_LOG_KEY, ROTATE_ROOTS, SERVER_RUNNING, and whatever opening the log says
 */
export async function rotateKey({ data, purpose, rootKeys, databaseUrl, now }: RotateOptions): Promise<Rotated> {
  if (purpose === 'log') {
    throw serverError('ROTATE_LOG_KEY', 'the log\'s key cannot be rotated within its origin', 'found a new log under another origin: exeat init --server --origin ORIGIN')
  }
  checkDataFolder(data)
  const release = lockFolder(data)
  try {
    const config = readConfig(data)
    const paths = dataPaths(data)
    const { log, close } = await openServerLog(data, config, readLogKey(paths, config.origin), databaseUrl === undefined ? {} : { url: databaseUrl }, now)
    try {
      const pins = { workspace: config.workspace, origin: config.origin, roots: await statedRoots(log) }
      const { current } = await readDelegations(log, pins)
      const signers = rootSigners(rootKeys, current)
      const next = newSigner(current[purpose].name)
      const path = paths.working(purpose, idOf(next))
      // The key stands before the entry that names it: a crash in between leaves a file that nothing uses.
      writeSigner(path, next)
      const delegation = nextEpoch(current, purpose, next, now() as Instant)
      try {
        const { index } = taken(await log.append(delegationOperation({ delegation, envelope: signedBy(delegation, signers), pseudonymKey: readRandomKey(paths.pseudonym) })))
        await readDelegations(log, pins)
        return {
          purpose, epoch: delegation.epoch, index, key: formatVerifierKey(next), replaced: formatVerifierKey(current[purpose]), oldFile: paths.working(purpose, idOf(current[purpose])),
        }
      } catch (error) {
        if ((await readDelegations(log, pins)).current.delegation.epoch === current.delegation.epoch) rmSync(path, { force: true })
        throw error
      }
    } finally {
      await close()
    }
  } finally {
    release()
  }
}

function rootSigners(files: readonly string[], { delegation: { roots } }: DelegationEpoch): readonly SignerKey[] {
  const signers = files.map(readSigner)
  const stranger = signers.find((signer) => !roots.some(({ key }) => key === formatVerifierKey(signer)))
  if (stranger !== undefined) throw serverError('ROTATE_ROOTS', `the key \`${formatVerifierKey(stranger)}\` is none of the founders'`)
  const distinct = new Set(signers.map(formatVerifierKey)).size
  const wanted = rootQuorum(roots.length)
  if (distinct < wanted) throw serverError('ROTATE_ROOTS', `${distinct} founders' keys are given, and ${wanted} must sign`, 'name each with --root-key FILE')
  return signers
}

function nextEpoch({ delegation, digest }: DelegationEpoch, purpose: 'bundle' | 'webhook', key: SignerKey, now: Instant): Delegation {
  return {
    ...delegation, epoch: delegation.epoch + 1, previous: digest, keys: { ...delegation.keys, [purpose]: formatVerifierKey(key) },
    // The clock may be behind the one that dated the epoch before.
    at: Math.max(now, delegation.at) as Instant,
  }
}
