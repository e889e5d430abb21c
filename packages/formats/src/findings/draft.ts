/** What readers make of a report's parts. */
import type { Finding, Report, Severity, ShadowSuppression } from '@exeat/core'
import { canonicalTool } from '@exeat/core/control'
import { normalisePath } from '@exeat/core/finding'
import { ShapeFault } from './shape.ts'
import type { Node } from './shape.ts'
import type { Json, NativeReader, ReadAnswer } from './types.ts'

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** A finding's parts as a tool wrote them: `path` in any form, absent ones undefined. */
export type Draft = Loose<Omit<Finding, 'rule' | 'title' | 'tool'>> & { readonly rule: string; readonly title: string | undefined }

/** Findings of one report, all of one tool. */
export interface Notes {
  readonly findings: Finding[]
  readonly suppressions: ShadowSuppression[]
  /** Notes a violation. */
  add(draft: Draft): void
  /** Notes a violation that the report counts as suppressed: it is found all the same (rule 7). */
  addSuppressed(draft: Draft, kind: string, justification: string | undefined): void
  /** Notes a suppression of which the report does not say whether anything was found. */
  suppress(rule: string, path: string | undefined, kind: string, justification: string | undefined): void
}

export function notesOf(producer: string, root: string | undefined): Notes {
  const tool = canonicalTool(producer) ?? producer.trim().toLowerCase()
  const findings: Finding[] = []
  const suppressions: ShadowSuppression[] = []
  const settled = (draft: Draft): Finding => findingOf(tool, draft, root)
  return {
    findings,
    suppressions,
    add: (draft) => { findings.push(settled(draft)) },
    addSuppressed(draft, kind, justification) {
      const finding = settled(draft)
      findings.push(finding)
      suppressions.push(kept({ tool, rule: finding.rule, path: finding.path, line: finding.line, kind, justification }))
    },
    suppress(rule, path, kind, justification) {
      suppressions.push(kept({ tool, rule, path: path === undefined ? undefined : normalisePath(path, root), kind, justification }))
    },
  }
}

function findingOf(tool: string, draft: Draft, root: string | undefined): Finding {
  const { line, path, image, aliases } = draft
  return kept({
    ...draft,
    tool,
    title: draft.title ?? draft.rule,
    // A path that leaves the repository is unknown, so that no target can match it (rule 9).
    path: path === undefined ? undefined : normalisePath(path, root),
    line: line !== undefined && Number.isSafeInteger(line) && line > 0 ? line : undefined,
    image: image !== undefined && /^sha256:[0-9a-f]{64}$/u.test(image) ? image : undefined,
    aliases: aliases === undefined || aliases.length === 0 ? undefined : [...new Set(aliases)],
  })
}

type Kept<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }

/** Without the members that are undefined. */
function kept<T extends object>(parts: T): Kept<T> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Kept<T>
}

/** What a reader has to say once a value is walked; `tool` as the tool table or the report spells it. */
export interface Walked {
  readonly tool: string
  readonly notes: Notes
  readonly completed?: boolean
  readonly commit?: string | undefined
  readonly statements?: Report['statements']
}

/** Makes a reader of a walk over the report. A fault of shape becomes a problem. */
export function reader(parts: {
  readonly format: string
  readonly detect: NativeReader['detect']
  readonly doubtful?: (value: Json) => boolean
  readonly walk: (root: Node, folder: string | undefined) => readonly Walked[]
}): NativeReader {
  const { format, detect, walk } = parts
  return {
    format,
    detect,
    doubtful: parts.doubtful ?? (() => false),
    read(value, input, folder): ReadAnswer {
      try {
        return { ok: true, reports: walk({ value }, folder).map((walked) => reportOf(format, input, walked)) }
      } catch (error) {
        if (!(error instanceof ShapeFault)) throw error
        const hint = `is the file whole, and is it what ${format} writes as JSON? Run the tool again, or give the other format with \`--input-format\``
        return { ok: false, problems: [{ code: 'REPORT_SHAPE', message: `no ${format} report: ${error.message}`, hint, at: { file: input, line: 1, column: 1 } }] }
      }
    },
  }
}

const reportOf = (format: string, input: string, { tool, notes, completed, commit, statements }: Walked): Report => kept({
  input,
  format,
  tool: canonicalTool(tool) ?? tool.trim().toLowerCase(),
  commit,
  completed: completed ?? true,
  findings: notes.findings,
  suppressions: notes.suppressions,
  statements: statements ?? [],
})

const words: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'], ['high', 'high'], ['important', 'high'], ['medium', 'medium'], ['moderate', 'medium'], ['low', 'low'],
  // Grype and Debian rank it below low; rounded up.
  ['negligible', 'low'],
  ['info', 'info'], ['informational', 'info'],
])

/** A severity as most tools spell it; a word that is not known is none, never a low one. */
export const severityOf = (word: string | undefined): Severity | undefined => (word === undefined ? undefined : words.get(word.trim().toLowerCase()))

/** Qualitative bands of CVSS 3.1 (section 5). */
export function cvssBand(score: number | undefined): Severity | undefined {
  if (score === undefined || !(score > 0 && score <= 10)) return undefined
  if (score >= 9) return 'critical'
  if (score >= 7) return 'high'
  return score >= 4 ? 'medium' : 'low'
}
