/** OpenID AuthZEN Authorization API 1.0: its tuple of subject, action, resource and context as a question of Exeat's. */
import { canonicalTool, type Finding, normalisePath, type Problem, splitControl } from '@exeat/core'
import { severities } from '@exeat/core'
import * as z from 'zod'
import { serverProblem } from '../config/codes.ts'
import type { Question } from '../decisions/ask.ts'

const name = z.string().min(1).max(2048)
const text = z.string().max(65_536)
/** Members that this version does not know are left alone, as the specification's own are extended by profiles. */
const properties = z.exactOptional(z.record(z.string(), z.unknown()))

/** Sections 5.1 to 5.4. */
export const evaluationSchema = z.looseObject({
  subject: z.looseObject({ type: name, id: name, properties }),
  action: z.looseObject({ name, properties }),
  resource: z.looseObject({ type: name, id: name, properties }),
  context: z.exactOptional(z.record(z.string(), z.unknown())),
}).meta({ id: 'AuthzenEvaluation' })

export type Evaluation = z.output<typeof evaluationSchema>

export const subjectTypes: readonly string[] = ['workload', 'service']

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'it is no commit in full')
const run = z.object({ environment: name.optional(), commit: commit.optional(), ref: name.optional(), actor: name.optional() })
const subjectProperties = z.object({ repository: name.optional() })

/** Whatever is misspelt is missing, and what is missing matches nothing. */
const findingProperties = z.object({
  tool: name.optional(), rule: name.optional(), severity: z.enum(severities).optional(), title: text.optional(), message: text.optional(), snippet: text.optional(), path: name.optional(),
  line: z.int().min(1).optional(), resource: name.optional(), image: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'it is no image digest').optional(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/, 'it is no fingerprint').optional(), environment: name.optional(),
})

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

const refuse = (problem: Problem): { readonly ok: false; readonly problem: Problem } => ({ ok: false, problem })
const invalid = (message: string, hint?: string) => refuse(serverProblem('EVALUATION_INVALID', message, hint))

/** The question of a well-formed tuple; a problem for one that Exeat cannot be asked. */
export function questionOf({ subject, action, resource, context = {} }: Evaluation): Read<Question> {
  if (action.name !== 'bypass') return other('action', action.name, 'bypass')
  if (resource.type !== 'finding') return other('resource type', resource.type, 'finding')
  if (!subjectTypes.includes(subject.type)) return other('subject type', subject.type, subjectTypes.join('` or `'))
  const of = read(subjectProperties, subject.properties, 'subject.properties')
  const at = read(run, context, 'context')
  const found = read(findingProperties, resource.properties, 'resource.properties')
  if (!of.ok) return of
  if (!at.ok) return at
  if (!found.ok) return found
  const { environment = at.value.environment, fingerprint } = found.value
  if (at.value.environment !== undefined && at.value.environment !== environment) return invalid('the context and the resource name two environments', 'say it once')
  const finding = findingOf(resource.id, found.value)
  if (!finding.ok) return finding
  return {
    ok: true, value: {
      subject: subject.id, finding: finding.value, ...(fingerprint === undefined ? {} : { fingerprint }),
      said: { ...defined({ ...at.value, environment }), repository: of.value.repository ?? subject.id },
    },
  }
}

const other = (what: string, said: string, known: string) =>
  refuse(serverProblem('EVALUATION_OTHER', `the ${what} is \`${said.slice(0, 100)}\`, and what is answered is \`${known}\``, 'ask whether a subject may `bypass` a `finding`: docs/apis.md'))

function read<T>(schema: z.ZodType<T>, value: unknown, where: string): Read<T> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return { ok: true, value: parsed.data }
  const [issue] = parsed.error.issues
  return invalid(`the evaluation is wrong at \`${[where, ...(issue?.path ?? [])].join('.').slice(0, 200)}\`: ${(issue?.message ?? 'it is invalid').slice(0, 300)}`)
}

/** `id` is the control as `tool/rule`, unless the properties say tool and rule. */
function findingOf(id: string, { tool, rule, path, title, fingerprint: _fingerprint, environment: _environment, ...rest }: z.output<typeof findingProperties>): Read<Finding> {
  if ((tool === undefined) !== (rule === undefined)) return invalid('of tool and rule one is missing', 'send both in `resource.properties`, or neither and the control `tool/rule` as `resource.id`')
  const control = tool === undefined || rule === undefined ? splitControl(id) : { tool, rule }
  if (control === undefined) return invalid('the resource names no control', 'send `tool` and `rule` in `resource.properties`, or the control `tool/rule` as `resource.id`')
  const normal = path === undefined ? undefined : normalisePath(path)
  if (path !== undefined && normal === undefined) return invalid(`the path \`${path.slice(0, 100)}\` is none inside a repository`, 'send it relative to the root of the repository')
  return { ok: true, value: { ...defined({ ...rest, path: normal }), tool: canonicalTool(control.tool) ?? control.tool.trim().toLowerCase(), rule: control.rule, title: title ?? control.rule } }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

const defined = <T extends object>(value: T): Defined<T> => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>
