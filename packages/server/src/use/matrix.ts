/** Who may opt out of what, of all that governs at one commit: every way in which the policies overlap, against every environment. */
import { type OptOutPolicy, controlPatterns, severities, type Terms, type TermsAnswer } from '@exeat/core'
import { atomsOf } from '@exeat/core/review'
import type { PermittedTerms, PoliciesAnswer } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'

type Row = PoliciesAnswer['rows'][number]
type Cell = Row['cells'][number]
type Answer = Cell['answers'][number]['answer']

/** Most rows that are made: beyond that nobody reads a table. */
const mostRows = 2_000

const known = new WeakMap<Governed, PoliciesAnswer>()

/** Made once for each commit. */
export function matrixOf(governed: Governed): PoliciesAnswer {
  const found = known.get(governed) ?? made(governed)
  known.set(governed, found)
  return found
}

function made(governed: Governed): PoliciesAnswer {
  const { governance: { workspace, policies }, ref, commit } = governed
  const { environments, log } = workspace.document.spec
  const rows = rowsOf(governed)
  return {
    ref, commit,
    environments: environments.map(({ name, protected: guarded = false }) => ({ name, protected: guarded })),
    policies: policies.map(({ document: { metadata: { name }, spec: { effect, controls, environments: own, severities: stated } }, digest, origin }) => ({
      name, effect, controls: [...controls], file: origin.file, digest, ...(own === undefined ? {} : { environments: [...own] }), ...(stated === undefined ? {} : { severities: [...stated] }),
    })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    rows: rows ?? [], complete: rows !== undefined,
    ...(log === undefined ? {} : { log: { origin: log.origin, keys: [...log.keys], witnesses: [...log.witnesses ?? []], quorum: log.quorum ?? 0 } }),
  }
}

/** Undefined: more than can be shown. */
function rowsOf(governed: Governed): Row[] | undefined {
  const { governance: { policies, aliases } } = governed
  const groups = policies.map(({ document: { metadata: { name }, spec } }) => ({ name, patterns: spec.controls.flatMap(controlPatterns) }))
  const atoms = atomsOf(groups, new Set(groups.map(({ name }) => name)))
  if (atoms === undefined || atoms.length > mostRows) return undefined
  // An alias is reached by a policy that names any of its class.
  const aliased = [...new Set(aliases.flatMap(({ document }) => document.spec.controls.flat()))].sort()
  const rows = new Map<string, Row>()
  for (const control of [...atoms.map((atom) => atom.control), ...aliased]) {
    const covering = [...new Set(coveringOf(governed, control))].sort()
    const key = covering.join(' ')
    if (covering.length > 0 && !rows.has(key)) rows.set(key, { policies: covering, example: control, cells: cellsOf(governed, control) })
  }
  return [...rows.values()].sort((a, b) => (patternsOf(policies, a) < patternsOf(policies, b) ? -1 : 1))
}

const coveringOf = ({ policySet }: Governed, control: string): readonly string[] => policySet.covering({ control }).map(({ policy }) => policy)

const patternsOf = (policies: readonly { readonly document: OptOutPolicy }[], { policies: [first = ''] }: Row): string =>
  `${policies.find(({ document }) => document.metadata.name === first)?.document.spec.controls.join(' ') ?? ''} ${first}`

function cellsOf({ policySet, governance }: Governed, control: string): Cell[] {
  return governance.workspace.document.spec.environments.map(({ name: environment }) => {
    const answers = new Map<string, Cell['answers'][number]>()
    for (const severity of severities) {
      const answer = answerOf(policySet.termsFor({ control, environment, severity }))
      const key = JSON.stringify(answer)
      const same = answers.get(key)
      answers.set(key, { severities: [...same?.severities ?? [], severity], answer })
    }
    return { environment, answers: [...answers.values()] }
  })
}

function answerOf(answer: TermsAnswer): Answer {
  if (answer.kind === 'permitted') return { kind: 'permitted', policies: [...answer.terms.policies], terms: termsOf(answer.terms) }
  const { code, message, policies } = answer.because
  return { kind: 'refused', policies: [...policies], code, message }
}

const factorOf = ({ evidence, maxAge, attested, backupEligible }: Exclude<Terms['mfa']['value'], 'none'>) => ({ evidence, ...(maxAge === undefined ? {} : { maxAge }), attested, backupEligible })

function termsOf(terms: Terms): PermittedTerms {
  const { limits, requires, emergency } = terms
  const { totalDuration, renewals, findings, active, uses } = limits
  const people = (value: Terms['request']['value']) => (value === 'anyone' ? value : [...value])
  return {
    request: people(terms.request.value), approve: terms.approve.map(({ value: { groups, count } }) => ({ groups: [...groups], count })), activate: people(terms.activate.value), revoke: [...terms.revoke?.value ?? []],
    mfa: terms.mfa.value === 'none' ? 'none' : factorOf(terms.mfa.value), approverMayActivate: terms.approverMayActivate.value, wildcards: terms.wildcards.value,
    limits: { duration: limits.duration.value, ...valued({ totalDuration, renewals, findings, active, uses }) },
    requires: {
      targets: [...requires.targets.value], tickets: requires.tickets.map(({ value }) => value),
      compensatingControl: requires.compensatingControl.value, impact: requires.impact.value, witness: requires.witness.value,
    },
    conditions: terms.conditions.map(({ value: { at, message } }) => ({ at, message })),
    ...(emergency === undefined ? {} : { emergency: emergencyOf(emergency.value) }),
  }
}

const emergencyOf = ({ groups, duration, mfa, reviewers, reviewWithin, offline }: NonNullable<Terms['emergency']>['value']): NonNullable<PermittedTerms['emergency']> =>
  ({ groups: [...groups], duration, mfa: factorOf(mfa), reviewers: [...reviewers], reviewWithin, offline })

/** The values of those that some policy states. */
const valued = <K extends string>(stated: Readonly<Record<K, { readonly value: number } | undefined>>): { [key in K]?: number } =>
  Object.fromEntries(Object.entries<{ readonly value: number } | undefined>(stated).flatMap(([key, each]) => (each === undefined ? [] : [[key, each.value]]))) as { [key in K]?: number }
