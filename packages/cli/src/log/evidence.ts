/** `exeat log evidence`: what people signed, verified once more from what an export or a server gives. */
import { KEY_PATH, MAX_KEYS_SIZE, openRemoteLog, type OpenedLog, saysTampered, verifyLog } from '@exeat/client/log'
import type { HexDigest, Problem } from '@exeat/core'
import { decodeLeaf, type Leaf } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { evidenceDeps } from '@exeat/git/crypto'
import { formatVerifierKey, TILE_WIDTH } from '@exeat/log'
import { type EvidenceAudit, evidenceAuditor, isGround } from '@exeat/verify/audit'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem } from '../edge/problem.ts'
import { sha256, verifySignature } from './crypto.ts'
import { writeEvidence } from './evidence-output.ts'
import { type EvidencePlace, evidencePlace } from './evidence-place.ts'
import { type EvidenceTrust, evidenceTrust, type EvidenceTrustFlags } from './evidence-trust.ts'
import { progressOn } from './progress.ts'

export interface EvidenceFlags extends EvidenceTrustFlags {
  readonly from: string
  readonly all?: boolean
  readonly format: 'text' | 'json'
}

/** The entry that was asked about. */
export interface Target {
  readonly index: number
  readonly leaf: Leaf
}

export interface Evidenced {
  /** Absent: all of them were. */
  readonly target?: Target
  readonly origin: string
  readonly head?: OpenedLog['head']
  /** What is wrong with the tree; nothing else was looked at then. */
  readonly tree: readonly Problem[]
  readonly audit?: EvidenceAudit
}

/** Answers the exit code: 0 all holds, 1 something could not be read, 2 something is wrong. @throws {ExeatError} where there is no verdict, and for the options */
export async function evidence(entry: string | undefined, flags: EvidenceFlags, io: Io): Promise<number> {
  const asked = entryOf(entry, flags)
  const place = evidencePlace(flags.from, io)
  const trust = await evidenceTrust(flags, place, io)
  const evidenced = await read(place, trust, asked, io)
  const exit = exitOf(evidenced)
  writeEvidence(evidenced, flags, exit, io)
  return exit
}

export function exitOf({ tree, audit }: Pick<Evidenced, 'tree' | 'audit'>): number {
  const faults = audit?.faults ?? []
  if (tree.length > 0 || faults.some(({ kind }) => kind === 'wrong')) return 2
  return faults.length > 0 ? 1 : 0
}

type Asked = { readonly index: number } | { readonly id: string } | undefined

function entryOf(entry: string | undefined, { all }: EvidenceFlags): Asked {
  if ((entry === undefined) === (all !== true)) throw cliError('USAGE', entry === undefined ? 'no entry is named' : 'an entry is named beside `--all`', 'name one, by its index or id, or say `--all`')
  if (entry === undefined) return undefined
  if (/^\d{1,16}$/.test(entry) && Number.isSafeInteger(Number(entry))) return { index: Number(entry) }
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(entry)) return { id: entry }
  throw cliError('USAGE', `\`${entry}\` is neither the index nor the id of an entry`, '`exeat log show` lists them')
}

async function read(place: EvidencePlace, trust: EvidenceTrust, asked: Asked, io: Io): Promise<Evidenced> {
  const { verifier } = trust
  const { origin } = verifier.trust
  if (asked === undefined) {
    const tampered = await treeFaults(place, trust, io)
    if (tampered.length > 0) return { origin, tree: tampered }
  }
  const opened = await openRemoteLog(place.log, verifier)
  if (!opened.ok) throw new ExeatError([opened.problem])
  const target = asked === undefined ? undefined : await targetOf(opened.value, asked)
  const audit = await audited(place, trust, opened.value, target)
  return { origin, head: opened.value.head, tree: [], audit, ...(target === undefined ? {} : { target }) }
}

/** Every tile and every entry against the signed head. Not being able to read is no verdict. @throws {ExeatError} */
async function treeFaults({ log, offline }: EvidencePlace, { verifier }: EvidenceTrust, io: Io): Promise<readonly Problem[]> {
  const progress = progressOn(io)
  const report = await verifyLog(log, { ...verifier, earlier: [], now: io.now, depth: 'full', ...(progress === undefined ? {} : { onProgress: progress.show }) }).finally(() => progress?.clear())
  const problems = report.findings.map(({ code, message, hint }): Problem => ({ code, message, ...(hint === undefined ? {} : { hint }) }))
  const [first, ...more] = problems
  if (first !== undefined && !report.findings.some(({ code }) => saysTampered(code))) throw new ExeatError([first, ...more])
  const keys = offline ? await log.read(KEY_PATH, MAX_KEYS_SIZE) : undefined
  return keys === undefined || namesOne(keys, verifier) ? problems : [...problems, cliProblem('EXPORT_KEY', `the \`${KEY_PATH}\` of \`${log.name}\` names none of the keys that are pinned`, 'whoever reads the folder next would pin another key')]
}

function namesOne(bytes: Uint8Array, { trust }: EvidenceTrust['verifier']): boolean {
  const lines = Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1)
  return trust.log.some((key) => lines.includes(formatVerifierKey(key)))
}

type Leaves = AsyncGenerator<readonly [number, string, Leaf | undefined]>

/** All entries, each proven to stand in the tree. @throws {ExeatError} */
async function* leavesOf({ head, tree }: OpenedLog): Leaves {
  for (let first = 0; first < head.checkpoint.size; first += TILE_WIDTH) {
    // oxlint-disable-next-line no-await-in-loop -- one bundle at a time is held
    const bundle = await tree.entries(first / TILE_WIDTH)
    if (!bundle.ok) throw new ExeatError([bundle.problem])
    for (const [i, bytes] of bundle.value.entries()) {
      const text = Buffer.from(bytes).toString('utf8')
      yield [first + i, text, decodeLeaf(text)]
    }
  }
}

async function targetOf(opened: OpenedLog, asked: NonNullable<Asked>): Promise<Target> {
  for await (const [index, , leaf] of leavesOf(opened)) {
    if (!('id' in asked ? leaf?.id === asked.id : index === asked.index)) continue
    if (leaf === undefined) throw new ExeatError([{ code: 'ENTRY_MALFORMED', message: `entry ${index} is none that this release knows` }])
    return { index, leaf }
  }
  throw new ExeatError([{ code: 'ENTRY_UNKNOWN', message: `the log has no entry \`${'id' in asked ? asked.id : asked.index}\`` }])
}

async function audited(place: EvidencePlace, { verifier, roots }: EvidenceTrust, opened: OpenedLog, target: Target | undefined): Promise<EvidenceAudit> {
  const { origin, log } = verifier.trust
  const auditor = evidenceAuditor({ origin, log, ...(roots === undefined ? {} : { roots }) }, place.document, { sha256, verify: verifySignature, evidence: evidenceDeps })
  const none: HexDigest = ''
  for await (const [index, text, leaf] of leavesOf(opened)) {
    if (target !== undefined && leaf !== undefined && !matters(index, leaf, target)) auditor.pass(leaf.uid)
    else await auditor.add(index, text, await place.body(index, leaf?.body ?? none))
  }
  return auditor.finish()
}

/** Whether an entry is part of what the one that was asked about is held against. */
function matters(index: number, { type, uid }: Leaf, target: Target): boolean {
  if (index > target.index) return type === 'dev.exeat.body.erased.v1'
  return index === target.index || isGround(type) || (uid !== null && uid === target.leaf.uid && type !== 'dev.exeat.use.claimed.v1')
}
