/** An enforcement point that lives on: the bundle that it holds, kept fresh in the background, and what it decides by it. */
import { type ActiveOptOut, compileWithEngines, decide, type Decision, type Fact, type Facts, type Finding, type Instant, type OptOutSet, type PolicySet, type Repository, type Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { countUses, isProtected, type UseClaim } from '@exeat/core/run'
import type { VerifiedBundle } from '@exeat/verify'
import { sha256 } from '../store/ed25519.ts'

/** Fetches a bundle with a fresh nonce, and verifies it. @throws whatever keeps it from being honoured */
export type FetchBundle = () => Promise<VerifiedBundle>

export interface AdmissionUse {
  readonly uid: string
  readonly point: string
  readonly subject: string
}

export interface PointOptions {
  /** What the operator of the point pinned: names, environments and root keys are its, whatever a bundle says. */
  readonly workspace: Workspace
  readonly fetch: FetchBundle
  /** In the order of the uses. Only `counted` excuses where the use must be counted. */
  readonly claim: (uses: readonly AdmissionUse[]) => Promise<readonly UseClaim[]>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly repository?: Fact<Repository>
  /** Environment of a namespace; undefined where nothing says. */
  readonly environment: (namespace: string) => Fact<string> | undefined
  /** Names the point in uses: `admission/prod-eu`. */
  readonly name: string
  /** Told when a bundle could not be had, and when one can be again. */
  readonly report: (message: string) => void
}

export interface Judged {
  readonly decisions: readonly Decision[]
  readonly excused: boolean
  /** Why nothing could be decided at all; then nothing is excused. */
  readonly trouble?: string
  /** What keeps excused findings from being honoured here. */
  readonly notes: readonly string[]
  /** Judged without the claim that it would need: a `dryRun`. */
  readonly unclaimed: boolean
  readonly now: Instant
}

export interface Subject {
  readonly namespace: string
  /** The exemption asked for knows no end: terms that ask for native forms that end by themselves refuse it (`nativeForms`). */
  readonly endless?: boolean
  /** Object and user, as uses name them. */
  readonly subject: string
  readonly dryRun: boolean
}

export interface Point {
  /** Undefined while a bundle is held that can be honoured now. */
  readonly trouble: () => string | undefined
  readonly refresh: () => Promise<void>
  readonly judge: (findings: readonly Finding[], subject: Subject) => Promise<Judged>
}

interface Held {
  readonly bundle: VerifiedBundle
  readonly policySet: PolicySet
}

/** A clock that is set back by more than this was wrong before or is wrong now (design §6). */
const clockSlack = 60_000

export function admissionPoint(options: PointOptions): Point {
  let held: Held | undefined
  let failure: string | undefined = 'no bundle has been fetched yet'
  let latest = -Infinity

  const now = (): Instant => options.now() as Instant

  const trouble = (): string | undefined => {
    const instant = now()
    if (held === undefined) return `no bundle is held: ${failure ?? 'none was fetched'}`
    const { issuedAt, notAfter } = held.bundle
    // INVARIANT: half-open, and positive: a clock that is no number honours nothing (test/admission/proxy.test.ts).
    if (instant >= Math.max(issuedAt, latest) - clockSlack && instant < notAfter) return undefined
    return `the bundle that is held cannot be honoured at this time${failure === undefined ? '' : `: ${failure}`}`
  }

  return {
    trouble,
    async refresh() {
      try {
        const bundle = await options.fetch()
        held = { bundle, policySet: await compiled(bundle) }
        if (failure !== undefined) options.report('a bundle is held')
        failure = undefined
      } catch (error) {
        const said = error instanceof ExeatError ? error.problems[0].message : error instanceof Error ? error.message : String(error)
        if (failure !== said) options.report(`no bundle can be had: ${said}`)
        failure = said
        // A server that is away leaves the bundle its own end; one that shows another log, or what does not verify, takes it away.
        if (!isUnreachable(error)) held = undefined
      }
    },
    async judge(findings, subject) {
      const instant = now()
      const why = trouble()
      if (held === undefined || why !== undefined) return { decisions: [], excused: false, trouble: why ?? 'no bundle is held', notes: [], unclaimed: false, now: instant }
      latest = Math.max(latest, instant)
      return { ...await judged(held, findings, subject, instant, options), now: instant }
    },
  }
}

const isUnreachable = (error: unknown): boolean => error instanceof ExeatError && error.problems[0].code === 'BUNDLE_UNREACHABLE'

async function compiled(bundle: VerifiedBundle): Promise<PolicySet> {
  const answer = await compileWithEngines(bundle)
  if (!answer.ok) throw new ExeatError(answer.problems)
  return answer.set
}

async function judged({ bundle, policySet }: Held, findings: readonly Finding[], { namespace, subject, dryRun, endless = false }: Subject, now: Instant, options: PointOptions): Promise<Omit<Judged, 'now'>> {
  const environment = options.environment(namespace)
  const facts: Facts = { ...(options.repository === undefined ? {} : { repository: options.repository }), ...(environment === undefined ? {} : { environment }) }
  const judge = (optOuts: OptOutSet): readonly Decision[] => decide(policySet, optOuts, findings, facts, now, { sha256 })
  const whole = endless ? withoutSingles(bundle.optOuts) : bundle.optOuts
  const told = (decisions: readonly Decision[]): Pick<Judged, 'decisions' | 'excused' | 'notes'> => {
    const notes = endless ? [...new Set(decisions.flatMap(({ control, finding }) => endlessRefusal(policySet, control, { facts, severity: finding.severity })))] : []
    return { decisions, notes, excused: notes.length === 0 && allExcused(decisions, findings) }
  }
  const before = told(judge(whole))
  // What stays denied anyway uses nothing up.
  if (dryRun || !before.excused) return { ...before, unclaimed: dryRun && before.excused }
  const closed = [options.workspace, bundle.workspace.document].some((workspace) => isProtected(workspace, facts))
  const claim = claims(options, `${options.name}/${environment?.value ?? '-'}`, subject)
  const { optOuts, others } = await countUses<UseClaim>(whole, { decide: judge, mustCount: ({ met }) => closed || met.log?.uses !== undefined, claim })
  const after = told(judge(optOuts))
  // Best effort, as the terms ask for no acknowledgement: the request does not wait for it.
  if (after.excused && others.length > 0) void claim(others).catch(() => { options.report('a use could not be told to the server') })
  return { ...after, unclaimed: false }
}

/** Answers for each that is asked about, whatever came back. */
const claims = ({ claim }: PointOptions, point: string, subject: string) => async (asked: readonly ActiveOptOut[]): Promise<readonly UseClaim[]> => {
  const answers = await claim(asked.map(({ uid }) => ({ uid, point, subject })))
  return asked.map(({ uid }, i): UseClaim => {
    const answer = answers[i]
    return answer?.uid === uid ? answer : { uid, state: 'refused', message: 'the server did not answer for its use' }
  })
}

/**
 * A finding of the guard may stand for many objects or rules, by a `*`. A pattern that takes one character for any other would match that `*` as a character,
 * and mean one-letter names: it covers no such finding.
 */
const withoutSingles = (set: OptOutSet): OptOutSet => ({
  ...set, active: set.active.filter(({ document: { spec: { controls, targets } } }) => ![...controls, ...targets?.resources ?? []].some((pattern) => pattern.includes('?'))),
})

function endlessRefusal(policySet: PolicySet, control: string, { facts: { repository, environment }, severity }: { readonly facts: Facts; readonly severity: Finding['severity'] }): readonly string[] {
  const answer = policySet.termsFor({
    control, ...(severity === undefined ? {} : { severity }), ...(repository === undefined ? {} : { repository: repository.value.name }), ...(environment === undefined ? {} : { environment: environment.value }),
  })
  if (answer.kind === 'refused' || answer.terms.nativeForms.value !== 'self-expiring') return []
  return [`the exemption would know no end, and the terms of ${control} say \`nativeForms: self-expiring\``]
}

const allExcused = (decisions: readonly Decision[], findings: readonly Finding[]): boolean =>
  findings.length > 0 && decisions.length === findings.length && decisions.every(({ outcome }) => outcome === 'excused')
