/** The gate while no bundle can be had: offline grants at the protected ref excuse what two people signed for, and nothing else does (design §6). */
import type { Decision, OptOutSet, Problem, RefusedOptOut } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { isProtected, notActive, useOf } from '@exeat/core/run'
import { readOfflineFolders } from '@exeat/git/signed'
import { bundlePins, type BundlePins } from '@exeat/verify'
import { checkOfflineRun, judgeOffline, type KnownGrant, type OfflineFiles, readOfflineFile, type SignedOfflineGrant, unloggedRefusal } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { cliProblem, systemReason } from '../edge/problem.ts'
import { answerGate, type GateQuestion } from '../gate/decide.ts'
import type { GateResult, Unlogged } from '../gate/result.ts'
import { signersIn } from '../governance/signers.ts'
import { sha256, verifySignature } from '../log/crypto.ts'
import { sshDeps } from '../ssh/crypto.ts'
import { rememberedHead } from '../trust/seen.ts'
import { keptLog, stillServes } from './kept.ts'
import { knownOf, offlineMemory, type OfflineMemory } from './memory.ts'
import { refusedThen } from './then.ts'

/** `down`: why there is no bundle. @throws {ExeatError} with it, and why no grant holds: then nothing is excused */
export async function answerOffline(question: GateQuestion, down: ExeatError, io: Io): Promise<GateResult> {
  const { governance: { source, workspace: { document: workspace }, optOuts: standing } } = question
  const pins = bundlePins(workspace, sha256)
  const folders = source.kind === 'ref' ? await readOfflineFolders(io.cwd, source.tree) : []
  if (source.kind !== 'ref' || folders.length === 0 || !pins.ok) throw down
  const audience = question.facts.repository?.value.id ?? '*'
  if (!isProtected(workspace, question.facts) && stillServes(pins.value, audience, question.now, io)) throw down
  const signers = await signersIn(io.cwd, source.tree) ?? []
  const memory = offlineMemory(pins.value.workspace, pins.value.origin, io)
  const { honoured, problems } = await judgeAll(folders, { ...question, signers, pins: pins.value, memory, tip: source.commit }, io)
  if (honoured.length === 0) throw new ExeatError([down.problems[0], ...problems.slice(0, mostProblems)])
  const { origin } = pins.value
  const refused = standing.map((optOut): RefusedOptOut => ({ ...optOut, because: [notActive(optOut.document.metadata.name, origin)] }))
  const optOuts: OptOutSet = { active: honoured.map(({ active }) => active), ended: [], refused }
  const unlogged = (grants: readonly SignedOfflineGrant[]): Unlogged => ({ origin, because: down.problems[0].message, grants: grants.map(told) })
  const { decisions } = answerGate({ ...question, trusted: { optOuts, unlogged: unlogged([]) } })
  const used = honoured.filter(({ active: { uid } }) => decisions.some(({ optOut }) => optOut?.uid === uid))
  remember(used, question, memory, down)
  const warnings = [...used.map((grant) => usedWarning(grant, decisions)), ...problems.filter(({ code }) => !elsewhere.has(code)).slice(0, mostProblems)]
  return answerGate({ ...question, trusted: { optOuts, unlogged: unlogged(used) }, warnings: [...question.warnings ?? [], ...warnings] })
}

const mostProblems = 20

/** Refusals of grants for other runs: of no interest beside one that holds. */
const elsewhere: ReadonlySet<string> = new Set(['OFFLINE_OTHER', 'OFFLINE_NOT_NOW', 'OFFLINE_ENTERED'])

interface Judging extends GateQuestion {
  readonly signers: NonNullable<Awaited<ReturnType<typeof signersIn>>>
  readonly pins: BundlePins
  readonly memory: OfflineMemory | undefined
  /** Of the protected branch. */
  readonly tip: string
}

interface Judged {
  readonly honoured: readonly SignedOfflineGrant[]
  readonly problems: readonly Problem[]
}

/** Each grant alone, and then all of them together by how many no log has. */
async function judgeAll(folders: readonly OfflineFiles[], given: Judging, io: Io): Promise<Judged> {
  const { governance: { workspace: { document: workspace } }, policySet, facts, now, signers, pins, memory, tip } = given
  const kept = keptLog(pins, facts.repository?.value.id ?? '*', now, io)
  const { last } = rememberedHead(pins.workspace, pins.origin, io)
  const known = [...folders.flatMap((each) => knownIn(each, workspace)), ...(memory?.all() ?? []).map(knownOf)]
  const honoured: SignedOfflineGrant[] = []
  const problems: Problem[] = []
  for (const files of folders) {
    const signed = judgeOffline(files, { workspace, policySet, signers }, now, sshDeps)
    const checked = signed.ok ? checkOfflineRun(signed.value, { facts, now, pins, last, kept }, { sha256, verify: verifySignature }) : signed
    // oxlint-disable-next-line no-await-in-loop -- few come so far
    const refusal = signed.ok && checked.ok ? unloggedRefusal(knownAs(signed.value), known, kept)?.problem ?? await refusedThen(files, signed.value, tip, io) : undefined
    if (signed.ok && checked.ok && refusal === undefined) honoured.push(signed.value)
    else problems.push(...[refusal, checked.ok ? undefined : checked.problem].flatMap((each) => (each === undefined ? [] : [{ ...each, at: { file: files.path, line: 1, column: 1 } }])))
  }
  return { honoured, problems }
}

/** Whatever was written as a grant counts, signed or not: whoever is to honour fewer loses nothing. */
function knownIn({ grant, path }: OfflineFiles, workspace: Parameters<typeof readOfflineFile>[2]): readonly KnownGrant[] {
  const read = readOfflineFile(grant, path, workspace, sha256)
  return read.ok ? [knownAs(read.value)] : []
}

const knownAs = ({ grant: { repositoryId, at }, optOut: { uid } }: Pick<SignedOfflineGrant, 'grant' | 'optOut'>): KnownGrant => ({ uid, repositoryId, at })

const told = ({ digest, optOut: { uid, document, origin }, people }: SignedOfflineGrant): Unlogged['grants'][number] =>
  ({ digest, uid, name: document.metadata.name, file: origin.file, signedBy: people.map(({ identity }) => identity.sub), until: document.spec.window.until })

/** Before it excuses anything: what nobody remembers would never be looked for in the log. @throws {ExeatError} STATE_UNUSABLE */
function remember(used: readonly SignedOfflineGrant[], { facts }: GateQuestion, memory: OfflineMemory | undefined, down: ExeatError): void {
  const unkept = (why: string): ExeatError => new ExeatError([down.problems[0], cliProblem('STATE_UNUSABLE', `an offline grant excuses nothing where its use cannot be kept: ${why}`, 'name a folder to keep it in: XDG_STATE_HOME')])
  if (used.length === 0) return
  if (memory === undefined) throw unkept('there is no home folder')
  try {
    for (const { digest, grant, optOut: { uid, document } } of used) {
      const { point, subject } = useOf(uid, facts)
      memory.add({ schemaVersion: 1, kind: 'OfflineUse', uid, digest, name: document.metadata.name, repositoryId: grant.repositoryId, at: grant.at, point, subject })
    }
  } catch (cause) {
    throw unkept(systemReason(cause))
  }
}

function usedWarning({ optOut: { uid, document, origin }, people }: SignedOfflineGrant, decisions: readonly Decision[]): Problem {
  const count = decisions.filter(({ optOut }) => optOut?.uid === uid).length
  return cliProblem('OFFLINE_USED', `${count} of the findings are excused by \`${document.metadata.name}\`, an offline grant of ${people.map(({ identity }) => `\`${identity.sub}\``).join(' and ')}: it is unlogged`,
    `enter it as soon as the server is back: \`exeat offline import ${origin.file}\``, origin)
}
