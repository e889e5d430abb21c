/** A grant on this disk, merged or not, with the signatures beside it; and what governs it. */
import { readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { HexDigest, PolicySet } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ReadOfflineGrant } from '@exeat/core/offline'
import type { Governance } from '@exeat/git'
import { type OfflineFiles, type OfflineGoverned, offlinePath, readOfflineFile } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { compilePolicies, loadGovernance, sha256 } from '../governance/load.ts'
import { pinsLog } from '../governance/standing.ts'
import { signersIn } from '../governance/signers.ts'
import { readWithin } from '../trust/files.ts'

const largestFile = 64 * 1024
const mostSignatures = 20

/** @throws {ExeatError} OFFLINE_UNUSABLE where the grant or what lies beside it cannot be read */
export function grantFiles(file: string, { cwd }: Pick<Io, 'cwd'>): Omit<OfflineFiles, 'path'> & { readonly folder: string } {
  const path = resolve(cwd, file)
  const folder = dirname(path)
  const read = (each: string): Uint8Array => {
    try {
      const bytes = readWithin(each, largestFile)
      if (bytes !== undefined) return bytes
    } catch (cause) {
      throw cliError('OFFLINE_UNUSABLE', `\`${each}\` cannot be read: ${systemReason(cause)}`)
    }
    throw cliError('OFFLINE_UNUSABLE', `there is no grant at \`${each}\``, 'name the file that `exeat offline prepare` wrote')
  }
  const grant = read(path)
  const beside = readdirSync(folder).filter((name) => name.endsWith('.sshsig')).sort().slice(0, mostSignatures)
  return { folder, grant, signatures: beside.map((name) => ({ path: name, bytes: read(join(folder, name)) })) }
}

export interface Governing {
  readonly governance: Governance
  readonly policySet: PolicySet
  readonly governed: OfflineGoverned
  /** Of the protected branch. */
  readonly tip: string
}

/** Of the protected branch alone: nobody brings along what judges a grant. @throws {ExeatError} OFFLINE_UNUSABLE, and why governance cannot be read */
export async function governing({ ref }: { readonly ref?: string }, io: Io): Promise<Governing> {
  const governance = await loadGovernance(ref === undefined ? {} : { ref }, io)
  const { source, workspace } = governance
  if (!pinsLog(governance) || source.kind !== 'ref') throw cliError('OFFLINE_UNUSABLE', 'the workspace pins no log, so no server can be down', 'in git trust people sign opt-outs: `exeat approve --ssh`, `exeat activate --ssh`')
  const policySet = await compilePolicies(governance)
  return { governance, policySet, tip: source.commit, governed: { workspace: workspace.document, policySet, signers: await signersIn(io.cwd, source.tree) ?? [] } }
}

/** @throws {ExeatError} OFFLINE_UNREADABLE, OFFLINE_SCOPE, OFFLINE_OTHER */
export function readGrant(grant: Uint8Array, file: string, { governed: { workspace } }: Governing): ReadOfflineGrant {
  const read = readOfflineFile(grant, file, workspace, sha256)
  if (!read.ok) throw new ExeatError([{ ...read.problem, at: { file, line: 1, column: 1 } }])
  return read.value
}

/** As it will stand at the protected branch. */
export const filesAs = (digest: HexDigest, { grant, signatures }: Pick<OfflineFiles, 'grant' | 'signatures'>): OfflineFiles => ({ path: offlinePath(digest), grant, signatures })
