/** Once the server is there again: offline grants that its log does not have are told of in every run, and uses of those that it has are counted. */
import type { Problem } from '@exeat/core'
import { readOfflineFolders } from '@exeat/git/signed'
import { readOfflineFile, uidsOf } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { cliProblem } from '../edge/problem.ts'
import type { GateQuestion } from '../gate/decide.ts'
import { sha256 } from '../log/crypto.ts'
import { claimNow } from '../trust/claims.ts'
import type { Obtained } from '../trust/obtain.ts'
import { offlineMemory, type OfflineUse } from './memory.ts'

/** What is to be warned of; `obtained` was fetched. */
export async function afterOutage(obtained: Obtained, { governance: { source, workspace: { document: workspace } } }: GateQuestion, io: Io): Promise<readonly Problem[]> {
  const memory = offlineMemory(workspace.spec.id, obtained.origin, io)
  const used = memory?.all() ?? []
  const folders = source.kind === 'ref' ? await readOfflineFolders(io.cwd, source.tree) : []
  if (used.length === 0 && folders.length === 0) return []
  const entered = uidsOf(obtained.bundle)
  const counted = await count(used.filter(({ uid }) => entered.has(uid)), obtained, (use) => { memory?.remove(use) })
  const standing = folders.flatMap(({ grant, path }) => {
    const read = readOfflineFile(grant, path, workspace, sha256)
    return read.ok && !entered.has(read.value.optOut.uid) ? [{ uid: read.value.optOut.uid, path }] : []
  })
  const elsewhere = [...new Map(used.filter(({ uid }) => !entered.has(uid) && standing.every((each) => each.uid !== uid)).map((use) => [use.uid, use])).values()]
  const usesOf = (uid: string): string => {
    const { length } = used.filter((use) => use.uid === uid)
    return length === 0 ? 'nothing here was excused by it' : `it excused findings in ${length === 1 ? 'a run' : `${length} runs`} here`
  }
  return [
    ...standing.map(({ uid, path }) => notEntered(`\`${path}\``, usesOf(uid), path)),
    ...elsewhere.map(({ uid, digest }) => notEntered(`\`${uid.slice(0, 12)}\`, which does not stand at the protected branch any more,`, usesOf(uid), `.exeat/offline/${digest}/grant.json`)),
    ...counted,
  ]
}

const notEntered = (which: string, uses: string, path: string): Problem =>
  cliProblem('OFFLINE_NOT_ENTERED', `the server is there, and the offline grant ${which} is not in its log; ${uses}`, `enter it: \`exeat offline import ${path}\`; until then no other offline grant of the repository is honoured`)

/** Each is forgotten once the server has answered for it. */
async function count(uses: readonly OfflineUse[], { client }: Obtained, forget: (use: OfflineUse) => void): Promise<readonly Problem[]> {
  if (client === undefined || uses.length === 0) return []
  const claimed = await claimNow(client, uses.map(({ uid, point, subject }) => ({ uid, point, subject })))
  return uses.flatMap((use, at): readonly Problem[] => {
    const answer = claimed[at]
    if (answer?.state !== 'counted') return [cliProblem('USE_REFUSED', `a use of the offline grant ${use.uid.slice(0, 12)} for \`${use.subject}\` was not counted: ${answer?.message ?? 'the server did not answer'}`, 'the next run tells it again')]
    forget(use)
    return []
  })
}
