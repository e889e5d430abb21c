/** Which suppressions become opt-outs, and what each document says. */
import { canonicalTool, formatInstant, type Instant, parseInstant, type Workspace } from '@exeat/core'
import type { AdoptResult, ScannedSuppression } from '@exeat/core/wire'
import { readDocuments } from '@exeat/formats'
import { yaml } from '../acts/draft.ts'
import { sha256 } from '../governance/load.ts'
import { isCovered } from '../scan/answer.ts'
import { oneLine, shown } from '../text/safe.ts'

export interface AdoptTerms {
  readonly owner: string
  readonly from: Instant
  readonly until: Instant
  readonly wildcards: boolean
  readonly ticket?: string
  readonly repository?: string
  readonly environments?: readonly string[]
  /** Names of all opt-outs that stand: a name is never used again. */
  readonly taken: ReadonlySet<string>
}

export type Left = AdoptResult['left'][number]
type Drafted = AdoptResult['written'][number]['optOuts'][number]

export interface PlannedFile {
  /** The file that the suppressions stand in. */
  readonly source: string
  readonly optOuts: readonly (Drafted & { readonly text: string })[]
}

export interface Plan {
  readonly files: readonly PlannedFile[]
  readonly left: readonly Left[]
  readonly covered: number
}

/** One opt-out a file and control: as many findings as the file has suppressions of it. */
export function planOf(suppressions: readonly ScannedSuppression[], terms: AdoptTerms): Plan {
  const left: Left[] = []
  const open = suppressions.filter((each) => !isCovered(each))
  const able = open.filter((each) => {
    const because = obstacle(each, terms)
    if (because !== undefined) left.push(leftOf(each, because))
    return because === undefined
  })
  const files = [...Map.groupBy(able, ({ path }) => path)].flatMap(([source, group]): readonly PlannedFile[] => {
    const optOuts = [...Map.groupBy(group, keyOf).values()].flatMap((same) => {
      const drafted = draft(same, terms)
      if (typeof drafted !== 'string') return [drafted]
      left.push(...same.map((each) => leftOf(each, drafted)))
      return []
    })
    return optOuts.length === 0 ? [] : [{ source, optOuts }]
  })
  return { files, left, covered: suppressions.length - open.length }
}

const leftOf = ({ tool, rule, path, line, mark }: ScannedSuppression, because: string): Left => ({ tool, rule, path, line, mark, because })
const keyOf = ({ tool, rule, paths, expires }: ScannedSuppression): string => JSON.stringify([tool, rule, paths, expires?.at])

/** Why it cannot become an opt-out as it stands. */
function obstacle({ tool, rule, path, kind, mark, expires, paths, optOut }: ScannedSuppression, { from, wildcards }: AdoptTerms): string | undefined {
  const ends = expires?.at === undefined ? undefined : parseInstant(expires.at)
  if (ends !== undefined && ends <= from) return `it ended at ${expires?.at ?? ''}: remove it`
  if (optOut !== undefined) return optOut.state === 'lapsed' ? `opt-out \`${optOut.name}\` was for it and ended at ${optOut.until}: renew that one, or remove the suppression` : `opt-out \`${optOut.name}\` is for it and has not begun`
  if (canonicalTool(tool) === undefined) return tool === '*' ? 'it silences every tool: switch them on again' : `\`${tool}\` is no tool whose findings Exeat decides on`
  if (/[*?{}]/.test(rule)) {
    if (kind === 'pipeline' || kind === 'configuration' || kind === 'baseline') return `\`${mark}\` silences every rule of the tool: remove it, and opt out of what it then finds`
    if (!wildcards) return 'it silences every rule: name the one that is meant, or say `--wildcards` for an opt-out of all of them'
  }
  if (paths === undefined && /[*?{}]/.test(path)) return 'its path holds characters that a target reads as a pattern: write it by hand'
  return paths !== undefined && !paths.every((path) => /^[\w@+~ .*/-]+$/.test(path) && !path.endsWith('/')) ? 'its paths are a regular expression or a folder, which an opt-out does not take: write it by hand' : undefined
}

/** The document as a decoder takes it, or why none does. */
function draft(same: readonly ScannedSuppression[], terms: AdoptTerms): PlannedFile['optOuts'][number] | string {
  const [first] = same
  if (first === undefined) return 'there is nothing'
  const { tool, rule, expires } = first
  const control = `${canonicalTool(tool) ?? tool}/${rule}`
  const ends = expires?.at === undefined ? undefined : parseInstant(expires.at)
  // Never later than the suppression itself would have ended.
  const until = formatInstant(ends === undefined || ends > terms.until ? terms.until : ends)
  const name = nameOf(control, first)
  if (terms.taken.has(name)) return `the name \`${name}\` is taken by another opt-out, and names are never used again`
  const places = same.map(({ path, line }) => ({ path, line }))
  const text = yaml({
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
    spec: {
      controls: [control], ...targetsOf(first, terms), category: 'waiver', reason: reasonOf(same), ...(terms.ticket === undefined ? {} : { ticket: terms.ticket }), owner: terms.owner,
      window: { from: formatInstant(terms.from), until }, limits: { findings: same.length },
    },
  }, '')
  const { documents, problems } = readDocuments(new TextEncoder().encode(text), 'draft')
  const wrong = [...problems, ...documents.flatMap((document) => (document.ok ? [] : document.problems))][0]
  return wrong === undefined ? { name, control, until, findings: same.length, from: places, text } : `no opt-out can say it: ${wrong.message}`
}

function targetsOf({ path, paths, kind }: ScannedSuppression, { repository, environments }: AdoptTerms): { readonly targets?: Record<string, string[]> } {
  const where = paths ?? (kind === 'comment' || kind === 'exemption' ? [path] : [])
  const targets = {
    ...(repository === undefined ? {} : { repositories: [repository] }),
    ...(environments === undefined || environments.length === 0 ? {} : { environments: [...environments] }),
    ...(where.length === 0 ? {} : { paths: [...where] }),
  }
  return Object.keys(targets).length === 0 ? {} : { targets }
}

/** The same for the same suppression in each run; the digest keeps apart what reads alike. */
function nameOf(control: string, { path, paths, expires }: ScannedSuppression): string {
  const digest = Buffer.from(sha256(new TextEncoder().encode(JSON.stringify([control, path, paths ?? null, expires?.at ?? null])))).toString('hex').slice(0, 8)
  const words = control.toLowerCase().replaceAll('*', 'all').replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return `adopted-${words.slice(0, 44).replace(/-+$/, '')}-${digest}`
}

function reasonOf(same: readonly ScannedSuppression[]): string {
  const said = [...new Set(same.flatMap(({ reason }) => (reason === undefined ? [] : [oneLine(reason).normalize('NFC')])))].join('; ')
  const first = same[0]
  const where = first === undefined ? '' : `\`${first.mark}\` at ${shown(first.path)}:${same.map(({ line }) => line).slice(0, 10).join(', ')}`
  const whole = said === '' ? `Adopted from ${where}, which says no reason: find it out, or mend what was found.` : `${said} (adopted from ${where})`
  return shown(whole).normalize('NFC').slice(0, 2000)
}

export const unprotected = (workspace: Workspace): readonly string[] => workspace.spec.environments.filter(({ protected: guarded }) => guarded !== true).map(({ name }) => name)
