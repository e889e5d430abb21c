/**
 * What the engine excuses, in another tool's own format (design §3, `nativeForms`). Entries come from findings that are excused, never from
 * declared patterns, so that an entry cannot reach further than the finding it is for; where a format is coarser than a finding, it is used
 * only if the opt-out itself declares no more than the format can say and the terms allow a lag. Pure and the same in any order of findings.
 */
import { formatInstant, type Instant, type OptOut, type Problem, type Terms } from '@exeat/core'
import type { NativeCode } from './codes.ts'
import { isPlain } from './text.ts'
import type { LossKind, Match, NativeAnswer, NativeEntry, NativeExcuse, NativeFinding, NativeForm, NativeLoss, NativeQuestion, Row, Target } from './types.ts'

interface Draft {
  readonly target: Target
  readonly findings: NativeFinding[]
}

export function compileNative(form: NativeForm, question: NativeQuestion): NativeAnswer {
  const { now } = question
  const concerned = question.findings.filter(({ finding }) => form.tool === undefined || finding.tool === form.tool)
  const problems: Problem<NativeCode>[] = []
  const drafts = new Map<string, Draft>()
  for (const each of concerned) {
    if (each.excuse === undefined) continue
    const target = targetOf(form, each, each.excuse)
    if (typeof target === 'string') problems.push(inexpressible(form, each, target))
    else gather(drafts, target, each)
  }
  const rows: Row[] = []
  const expressible = new Set([...drafts.values()].flatMap(({ findings }) => findings))
  const reached = reaching(form, concerned)
  for (const draft of drafts.values()) {
    const row = rowOf(form, draft, reached, expressible, now)
    if (typeof row === 'string') problems.push(...draft.findings.map((each) => inexpressible(form, each, row)))
    else rows.push(row)
  }
  rows.sort((a, b) => compare(sortKey(a), sortKey(b)))
  const lags = rows.flatMap(({ due }) => (due === undefined ? [] : [due]))
  const context = { ...question, findings: concerned, ...(lags.length === 0 ? {} : { exportAgainBy: Math.min(...lags) as Instant }) }
  return {
    files: form.render(rows, context),
    entries: rows.map((row) => entryOf(form, row)),
    losses: rows.flatMap((row) => lossesOf(form, row)),
    problems: problems.sort((a, b) => compare(a.message, b.message)),
    ...(context.exportAgainBy === undefined ? {} : { exportAgainBy: context.exportAgainBy }),
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sortKey = ({ target: { match, detail } }: Row): string => JSON.stringify([match.rule, match.tool, match.path, match.resource, match.image, match.line, detail])

function gather(drafts: Map<string, Draft>, target: Target, each: NativeFinding): void {
  const { match: { tool, rule, path, resource, image, line }, detail } = target
  const key = JSON.stringify([tool ?? null, rule, path ?? null, resource ?? null, image ?? null, line ?? null, detail ?? null])
  const draft = drafts.get(key)
  if (draft === undefined) drafts.set(key, { target, findings: [each] })
  else draft.findings.push(each)
}

const maxLag = ({ terms: { nativeForms: { value } } }: NativeExcuse): number | undefined => (value === 'self-expiring' ? undefined : value.maxLag)

/** Whether the file must be written anew to stay true. */
const lagging = (form: NativeForm, { target, excuse }: Pick<Row, 'target' | 'excuse'>): boolean => form.record !== true && (!form.selfExpiring || !target.exact || judgedLater(excuse))

/** Conditions of each decision are judged when the file is written and not again. */
const judgedLater = ({ terms }: NativeExcuse): boolean => terms.conditions.some(({ value }) => value.at === 'decide')

/** As narrow as the finding, and allowed by the terms; otherwise why not. */
function targetOf(form: NativeForm, { finding }: NativeFinding, excuse: NativeExcuse): Target | string {
  const { by, spec, terms } = excuse
  if (form.record === true) return form.target(finding, excuse)
  if (spec === undefined) return 'its document does not stand at the protected branch'
  if (by.unlogged === true) return 'no log has the grant that excuses it'
  if (spec.limits?.uses !== undefined || terms.limits.uses !== undefined) return 'its uses are counted, and the tool counts none'
  if (![finding.rule, finding.path ?? '', finding.resource ?? ''].every(isPlain)) return 'its rule, path or resource holds a control character'
  const target = form.target(finding, excuse)
  if (typeof target === 'string') return target
  const wider = target.exact ? undefined : widerThan(target, spec, terms)
  if (wider !== undefined) return wider
  if (!lagging(form, { target, excuse }) || maxLag(excuse) !== undefined) return target
  const why = !form.selfExpiring ? 'the form does not end by itself' : target.exact ? 'a condition is judged at each decision' : 'the form is coarser than the finding'
  return `${why}, and the terms say \`nativeForms: self-expiring\``
}

/** Why a coarse entry would excuse what the opt-out does not; undefined: whatever it matches, the opt-out covers too. */
function widerThan({ match }: Target, spec: OptOut['spec'], terms: Terms): string | undefined {
  if (terms.requires.impact.value) return 'the approved impact names single findings, and the form cannot'
  const targets = spec.targets ?? {}
  if (targets.fingerprints !== undefined) return 'the opt-out names single findings, and the form cannot'
  if (targets.paths !== undefined && match.path === undefined) return 'the opt-out names paths, and the form cannot'
  if (targets.resources !== undefined && match.resource === undefined) return 'the opt-out names resources, and the form cannot'
  if (targets.images !== undefined && match.image === undefined) return 'the opt-out names images, and the form cannot'
  return undefined
}

/** The findings that a match reaches, by rule first. */
function reaching(form: NativeForm, findings: readonly NativeFinding[]): (match: Match) => readonly NativeFinding[] {
  if (form.reaches !== undefined) return (match) => findings.filter(({ finding }) => form.reaches?.(match, finding) === true)
  const byRule = new Map<string, NativeFinding[]>()
  for (const each of findings) {
    const known = byRule.get(each.finding.rule)
    if (known === undefined) byRule.set(each.finding.rule, [each])
    else known.push(each)
  }
  return (match) => (byRule.get(match.rule) ?? []).filter(({ finding }) => (
    (['tool', 'path', 'resource', 'image', 'line'] as const).every((key) => match[key] === undefined || match[key] === finding[key])))
}

function rowOf(
  form: NativeForm, { target, findings }: Draft, reached: (match: Match) => readonly NativeFinding[], expressible: ReadonlySet<NativeFinding>, now: Instant,
): Row | string {
  const all = reached(target.match)
  const other = all.find(({ excuse }) => excuse === undefined)
  if (other !== undefined) return `its entry would reach \`${other.control}\`${placeOf(other)} too, which is not excused`
  const refused = all.find((each) => !expressible.has(each))
  if (refused !== undefined) return `its entry would reach \`${refused.control}\`${placeOf(refused)} too, which cannot be said`
  const excuses = all.flatMap(({ excuse }) => (excuse === undefined ? [] : [excuse]))
  const [first] = excuses.sort((a, b) => a.by.until - b.by.until || compare(a.by.name, b.by.name))
  if (first === undefined) return 'nothing excuses it'
  const lags = excuses.filter((excuse) => lagging(form, { target, excuse })).map((excuse) => now + (maxLag(excuse) ?? 0))
  const ends = Math.min(first.by.until, ...(form.selfExpiring ? lags : [])) as Instant
  // INVARIANT: stated as what grants, so that an instant that is none refuses.
  return now < ends && now <= (form.last?.(ends) ?? now) ? { target, findings: findings.sort((a, b) => compare(a.fingerprint, b.fingerprint)), excuse: first, ends, ...(lags.length === 0 ? {} : { due: Math.min(...lags) as Instant }) } : 'nothing is left of its time'
}

function placeOf({ finding: { path, resource, line } }: NativeFinding): string {
  const place = path ?? resource
  return place === undefined ? '' : ` in \`${place}${path !== undefined && line !== undefined ? `:${line}` : ''}\``
}

function inexpressible(form: NativeForm, each: NativeFinding, because: string): Problem<NativeCode> {
  const { excuse, control } = each
  return {
    code: 'NATIVE_INEXPRESSIBLE',
    message: `\`${control}\`${placeOf(each)}, excused by \`${excuse?.by.name ?? ''}\`, cannot be said to ${form.name}: ${because}`,
    hint: 'judge the tool\'s report with `exeat gate`, which needs no file of the tool',
    ...(excuse === undefined ? {} : { at: { file: excuse.by.origin.file, line: excuse.by.origin.line, column: excuse.by.origin.column } }),
  }
}

function entryOf(form: NativeForm, { excuse: { by }, findings, ends }: Row): NativeEntry {
  return {
    optOut: by.name, control: findings[0]?.control ?? '', fingerprints: findings.map(({ fingerprint }) => fingerprint), until: by.until,
    ...(form.selfExpiring ? { ends } : {}),
  }
}

function lossesOf(form: NativeForm, row: Row): readonly NativeLoss[] {
  const { target, excuse: { by, spec }, findings, ends } = row
  const loss = (kind: LossKind, message: string): NativeLoss => ({ kind, optOut: by.name, control: findings[0]?.control ?? '', message })
  const losses: NativeLoss[] = []
  if (!target.exact) losses.push(loss('coarser', `${form.name} cannot tell it from other findings of \`${target.match.rule}\`${target.match.path === undefined ? '' : ` in \`${target.match.path}\``}`))
  const last = form.last?.(ends) ?? ends
  if (form.selfExpiring && last < by.until) losses.push(loss('ends-earlier', `ends at ${formatInstant(last)}, ${by.until - last} ms before the opt-out`))
  if (!form.selfExpiring) losses.push(loss('not-evaluated', 'not evaluated while excused, and the file does not end by itself'))
  if (!target.exact && spec?.limits?.findings !== undefined) losses.push(loss('ceiling-unwatched', `nothing counts up to the limit of ${spec.limits.findings} findings until the next export`))
  if (target.lineBound === true) losses.push(loss('line-bound', 'a moved line or another commit is no longer excused'))
  if (spec?.targets?.environments !== undefined) losses.push(loss('environment-unsaid', `use the file in ${spec.targets.environments.map((name) => `\`${name}\``).join(' or ')} alone: it names no environment`))
  if (spec?.targets?.repositories !== undefined) losses.push(loss('repository-unsaid', `use the file in ${spec.targets.repositories.map((name) => `\`${name}\``).join(' or ')} alone: it names no repository`))
  return losses
}
