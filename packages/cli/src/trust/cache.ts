/** The last bundle that held, for when the server is away. It is verified again like any other, and never used where an environment is protected. */
import { join } from 'node:path'
import { cacheDirectory } from '@exeat/git'
import type { BundlePins } from '@exeat/verify'
import { largestBundle } from '@exeat/verify'
import type { Io } from '../edge/io.ts'
import { sha256 } from '../log/crypto.ts'
import { readWithin, writeWhole } from './files.ts'

export interface BundleCache {
  readonly read: () => Uint8Array | undefined
  /** Quiet where it cannot be: the run has its bundle. */
  readonly write: (bytes: Uint8Array) => void
}

const none: BundleCache = { read: () => undefined, write: () => undefined }

/** Bundles for a protected environment live shorter, and are kept apart: none of them ever stands in. */
export function bundleCache({ workspace, origin }: BundlePins, audience: string, io: Io, protectedEnvironment = false): BundleCache {
  const folder = cacheDirectory(io.env, io.platform)
  if (folder === undefined) return none
  const path = join(folder, 'bundles', `${Buffer.from(sha256(Buffer.from(JSON.stringify([workspace, origin, audience, ...(protectedEnvironment ? ['protected'] : [])])))).toString('hex')}.json`)
  return {
    read: () => {
      try {
        return readWithin(path, 2 * largestBundle)
      } catch {
        return undefined
      }
    },
    write: (bytes) => {
      try {
        writeWhole(path, bytes)
      } catch {
        // No cache is no failure: the next run without a server says that it has none.
      }
    },
  }
}
