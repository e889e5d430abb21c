/** The gate in log trust: opt-outs from a verified bundle and from nowhere else, and every use told to the server. */
import type { ActiveOptOut, Facts, HexDigest, OptOutSet, Problem, RefusedOptOut, StandingOptOut, TermRefusal } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import type { OptOutProblem } from '@exeat/verify'
import { shellWord } from '../text/safe.ts'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem } from '../edge/problem.ts'
import { nextStep } from '../acts/page.ts'
import { answerGate, concerning, type GateQuestion } from '../gate/decide.ts'
import type { GateResult, Logged } from '../gate/result.ts'
import { claimNow, type Claimed, report } from './claims.ts'
import { type Obtained, obtainBundle } from './obtain.ts'
import { type Use, useSpool } from './spool.ts'

export interface LogFlags {
  readonly bundle?: string
  readonly cache?: boolean
}

/** @throws {ExeatError} BUNDLE_MISSING, and every reason why a bundle is not honoured: nothing is excused */
export async function answerLogged(question: GateQuestion, flags: LogFlags, io: Io): Promise<GateResult> {
  const { governance, facts, now, preview } = question
  const from = flags.bundle ?? io.env['EXEAT_BUNDLE']
  const workspace = governance.workspace.document
  if (from === undefined || from === '') {
    throw cliError('BUNDLE_MISSING', `the workspace says that opt-outs stand in the log \`${workspace.spec.log?.origin ?? ''}\`, and no bundle of it was named`,
      'name its server or a file: --bundle https://HOST, or EXEAT_BUNDLE; the token of the point goes into EXEAT_TOKEN')
  }
  const obtained = await obtainBundle({ from, workspace, facts, now, protectedEnvironment: isProtected(question), cache: flags.cache !== false }, io)
  const set = await withStanding(obtained, question)
  // Where nothing binding is decided, nothing is used.
  if (preview !== undefined || governance.source.kind !== 'ref') return answered(question, set, obtained, { claimed: [], warnings: [] })
  return withUses(question, set, obtained, io)
}

/** An environment that nobody names might be a protected one. */
function isProtected({ governance, facts }: GateQuestion): boolean {
  const { environments } = governance.workspace.document.spec
  const name = facts.environment?.value
  return name === undefined ? environments.some((each) => each.protected === true) : environments.some((each) => each.name === name && each.protected === true)
}

/** What stands at the protected ref and not in the bundle excuses nothing; it is shown as what almost applied. */
async function withStanding(obtained: Obtained, { governance, reports, policySet }: GateQuestion): Promise<OptOutSet> {
  const { bundle: { optOuts: { active, ended, refused } }, origin } = obtained
  const known = new Set([...active, ...ended, ...refused].map(({ uid }) => uid))
  const strange = governance.optOuts.filter(({ uid }) => !known.has(uid))
  const views = strange.length === 0 ? [] : await progress(strange.filter(concerning(reports.flatMap(({ findings }) => findings), policySet)), obtained)
  const steps = new Map(views.map((view) => [view.uid, view]))
  return { active, ended, refused: [...refused, ...strange.map((optOut): RefusedOptOut => ({ ...optOut, because: [notActive(optOut, origin, steps.get(optOut.uid))] }))] }
}

const mostAsked = 3

/** How far those that the run concerns have come, as far as the server says: it only tells people what to do next. */
async function progress(optOuts: readonly StandingOptOut[], { client, source }: Obtained): Promise<readonly OptOutView[]> {
  if (client === undefined || source !== 'fetched') return []
  const answers = await Promise.allSettled(optOuts.slice(0, mostAsked).map(({ uid }) => client.optOut(uid)))
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
}

function notActive({ document: { metadata: { name } } }: StandingOptOut, origin: string, view: OptOutView | undefined): TermRefusal {
  const word = shellWord(name)
  const next = view === undefined ? undefined : nextStep(view)
  if (view !== undefined && next !== undefined) {
    const lacks = view.missing.length === 0 ? 'waits to be activated' : `lacks ${view.missing.join(' and ')}`
    return {
      code: 'NOT_IN_LOG', term: 'log', policies: [], message: `it is not active in the log \`${origin}\`: it is ${view.phase} and ${lacks}`,
      hint: next.startsWith('exeat ') ? `\`${next}\`` : next,
    }
  }
  return {
    code: 'NOT_IN_LOG', term: 'log', policies: [], message: `it is not active in the log \`${origin}\``,
    hint: `ask for it: \`exeat request ${word} --actor NAME\`; then it is approved and activated (\`exeat status ${word}\`)`,
  }
}

async function withUses(question: GateQuestion, whole: OptOutSet, obtained: Obtained, io: Io): Promise<GateResult> {
  const closed = isProtected(question)
  const acknowledged = new Map<HexDigest, Claimed>()
  const warnings: Problem[] = []
  let set = whole
  for (;;) {
    const result = answered(question, set, obtained, { claimed: [], warnings: [] })
    const used = usedBy(result, set)
    const asking = used.filter((optOut) => (closed || optOut.met.log?.uses !== undefined) && !acknowledged.has(optOut.uid))
    if (asking.length === 0) {
      const others = used.filter(({ uid }) => !acknowledged.has(uid)).map(({ uid }) => useOf(uid, question.facts))
      const told = await report(obtained.client, others, useSpool(question.governance.workspace.document.spec.id, obtained.origin, io))
      return answered(question, set, obtained, { claimed: [...[...acknowledged.values()].map((each) => ({ ...each, acknowledged: true })), ...told.claimed.map((each) => ({ ...each, acknowledged: false }))], warnings: [...warnings, ...told.warnings] })
    }
    // oxlint-disable-next-line no-await-in-loop -- each round takes at least one opt-out from those that are asked about
    const claimed = await acknowledge(asking.map(({ uid }) => uid), question.facts, obtained)
    for (const each of claimed) acknowledged.set(each.uid, each)
    warnings.push(...claimed.flatMap((each) => notCounted(each, asking)))
    set = without(set, new Map(claimed.filter(({ state }) => state !== 'counted').map((each) => [each.uid, each])))
  }
}

function notCounted({ uid, state, message }: Claimed, asked: readonly ActiveOptOut[]): readonly Problem[] {
  if (state === 'counted') return []
  const name = asked.find((optOut) => optOut.uid === uid)?.document.metadata.name ?? uid
  return [cliProblem('USE_NOT_COUNTED', `opt-out \`${name}\` excuses nothing here: ${message ?? 'its use was not counted'}`, 'where uses are limited, and in protected environments, a use must be counted before it excuses')]
}

async function acknowledge(uids: readonly HexDigest[], facts: Facts, { client }: Obtained): Promise<readonly Claimed[]> {
  if (facts.commit === undefined) return uids.map((uid) => ({ uid, state: 'refused', message: 'the commit is unknown, and a use is counted once for each' }))
  return claimNow(client, uids.map((uid) => useOf(uid, facts)))
}

function usedBy({ decisions }: GateResult, { active }: OptOutSet) {
  const uids = new Set(decisions.flatMap(({ optOut }) => optOut?.uid ?? []))
  return active.filter(({ uid }) => uids.has(uid))
}

const useOf = (uid: HexDigest, { repository, environment, commit }: Facts): Use =>
  ({ uid, point: `gate/${repository?.value.id ?? '-'}/${environment?.value ?? '-'}`, subject: `commit:${commit?.value ?? 'unknown'}` })

/** Those whose use was not acknowledged excuse nothing. */
function without({ active, ended, refused }: OptOutSet, claims: ReadonlyMap<HexDigest, Claimed>): OptOutSet {
  const because = (uid: HexDigest): TermRefusal => ({
    code: 'NOT_IN_LOG', term: 'limits.uses', policies: [], message: claims.get(uid)?.message ?? 'its use was not counted', hint: 'its use must be counted before it excuses: run the gate again once the server counts it',
  })
  return {
    active: active.filter(({ uid }) => !claims.has(uid)), ended,
    refused: [...refused, ...active.filter(({ uid }) => claims.has(uid)).map((optOut): RefusedOptOut => ({ ...optOut, because: [because(optOut.uid)] }))],
  }
}

const mostWarnings = 20

function answered(question: GateQuestion, optOuts: OptOutSet, { bundle, origin, source, warnings }: Obtained, told: { readonly claimed: Logged['uses']; readonly warnings: readonly Problem[] }): GateResult {
  const { seen: { size }, issuedAt, notAfter, singleFounder, witnesses, problems } = bundle
  const log: Logged = { origin, size, source, issuedAt, notAfter, singleFounder, witnesses, uses: told.claimed }
  return answerGate({ ...question, trusted: { optOuts, log }, warnings: [...warnings, ...notHonoured(problems), ...told.warnings] })
}

/** The opt-outs of a bundle that are wrong, each for itself; of very many the first are told. */
export function notHonoured(problems: readonly OptOutProblem[]): readonly Problem[] {
  const [next, ...others] = problems.slice(mostWarnings)
  return [
    ...problems.slice(0, mostWarnings).map(({ uid, name, problem }) => ({ ...problem, message: `opt-out \`${name ?? uid.slice(0, 12)}\` is not honoured: ${problem.message}` })),
    ...(next === undefined ? [] : [{ code: next.problem.code, message: `${others.length + 1} more opt-outs of the bundle are not honoured` }]),
  ]
}
