/** The gate in log trust: opt-outs from a verified bundle and from nowhere else, and every use told to the server. */
import type { ActiveOptOut, Facts, OptOutSet, Problem, RefusedOptOut, StandingOptOut, TermRefusal } from '@exeat/core'
import { concerning, countUses, isProtected, notActive, strangers, useOf } from '@exeat/core/run'
import type { OptOutView } from '@exeat/core/wire'
import type { OptOutProblem } from '@exeat/verify'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem } from '../edge/problem.ts'
import { nextStep } from '../acts/page.ts'
import { answerGate, type GateQuestion } from '../gate/decide.ts'
import type { GateResult, Logged } from '../gate/result.ts'
import { claimNow, type Claimed, report } from './claims.ts'
import { isDown, type Obtained, obtainBundle } from './obtain.ts'
import { useSpool } from './spool.ts'

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
  const wanted = { from, workspace, facts, now, protectedEnvironment: isProtected(workspace, facts), cache: flags.cache !== false }
  const decides = preview === undefined && governance.source.kind === 'ref'
  let obtained: Obtained
  try {
    obtained = await obtainBundle(wanted, io)
  } catch (error) {
    if (!decides || !isDown(error)) throw error
    return (await import('../offline/honour.ts')).answerOffline(question, error, io)
  }
  if (decides && obtained.source === 'fetched') {
    const { afterOutage } = await import('../offline/after.ts')
    obtained = { ...obtained, warnings: [...obtained.warnings, ...await afterOutage(obtained, question, io)] }
  }
  const set = await withStanding(obtained, question)
  // Where nothing binding is decided, nothing is used.
  if (!decides) return answered(question, set, obtained, { claimed: [], warnings: [] })
  return withUses(question, set, obtained, io)
}

/** What stands at the protected ref and not in the bundle excuses nothing; it is shown as what almost applied. */
async function withStanding(obtained: Obtained, { governance, reports, policySet }: GateQuestion): Promise<OptOutSet> {
  const { bundle: { optOuts }, origin } = obtained
  const strange = strangers(optOuts, governance.optOuts)
  const views = strange.length === 0 ? [] : await progress(strange.filter(concerning(reports.flatMap(({ findings }) => findings), policySet)), obtained)
  const steps = new Map(views.map((view) => [view.uid, view]))
  return { ...optOuts, refused: [...optOuts.refused, ...strange.map((optOut): RefusedOptOut => ({ ...optOut, because: [because(optOut, origin, steps.get(optOut.uid))] }))] }
}

const mostAsked = 3

/** How far those that the run concerns have come, as far as the server says: it only tells people what to do next. */
async function progress(optOuts: readonly StandingOptOut[], { client, source }: Obtained): Promise<readonly OptOutView[]> {
  if (client === undefined || source !== 'fetched') return []
  const answers = await Promise.allSettled(optOuts.slice(0, mostAsked).map(({ uid }) => client.optOut(uid)))
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
}

function because({ document: { metadata: { name } } }: StandingOptOut, origin: string, view: OptOutView | undefined): TermRefusal {
  const plain = notActive(name, origin)
  const next = view === undefined ? undefined : nextStep(view)
  if (view === undefined || next === undefined) return plain
  const lacks = view.missing.length === 0 ? 'waits to be activated' : `lacks ${view.missing.join(' and ')}`
  return { ...plain, message: `${plain.message}: it is ${view.phase} and ${lacks}`, hint: next.startsWith('exeat ') ? `\`${next}\`` : next }
}

async function withUses(question: GateQuestion, whole: OptOutSet, obtained: Obtained, io: Io): Promise<GateResult> {
  const { facts } = question
  const { spec: { id } } = question.governance.workspace.document
  const closed = isProtected(question.governance.workspace.document, facts)
  const warnings: Problem[] = []
  const { optOuts, claims, others } = await countUses<Claimed>(whole, {
    decide: (set) => answered(question, set, obtained, { claimed: [], warnings: [] }).decisions,
    mustCount: ({ met }) => closed || met.log?.uses !== undefined,
    claim: async (asked) => {
      const claimed = await acknowledge(asked, facts, obtained)
      warnings.push(...claimed.flatMap((each) => notCounted(each, asked)))
      return claimed
    },
  })
  const told = await report(obtained.client, others.map(({ uid }) => useOf(uid, facts)), useSpool(id, obtained.origin, io))
  return answered(question, optOuts, obtained, {
    claimed: [...claims.map((each) => ({ ...each, acknowledged: true })), ...told.claimed.map((each) => ({ ...each, acknowledged: false }))], warnings: [...warnings, ...told.warnings],
  })
}

function notCounted({ uid, state, message }: Claimed, asked: readonly ActiveOptOut[]): readonly Problem[] {
  if (state === 'counted') return []
  const name = asked.find((optOut) => optOut.uid === uid)?.document.metadata.name ?? uid
  return [cliProblem('USE_NOT_COUNTED', `opt-out \`${name}\` excuses nothing here: ${message ?? 'its use was not counted'}`, 'where uses are limited, and in protected environments, a use must be counted before it excuses')]
}

async function acknowledge(optOuts: readonly ActiveOptOut[], facts: Facts, { client }: Obtained): Promise<readonly Claimed[]> {
  if (facts.commit === undefined) return optOuts.map(({ uid }) => ({ uid, state: 'refused', message: 'the commit is unknown, and a use is counted once for each' }))
  return claimNow(client, optOuts.map(({ uid }) => useOf(uid, facts)))
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
