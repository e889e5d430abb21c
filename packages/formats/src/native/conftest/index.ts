/**
 * Exceptions of Conftest: a rule `exception` in the package of the policy, which excuses `deny_NAME` and `violation_NAME`; a rule without a name
 * cannot be excused. They are Rego, so they hold for one file and end by the clock.
 */
import { formatInstant, type Finding } from '@exeat/core'
import { heading } from '../text.ts'
import type { NativeForm, RenderContext, Row, Target } from '../types.ts'

const query = /^data\.((?:[a-z_][A-Za-z0-9_]*\.)*[a-z_][A-Za-z0-9_]*)\.(?:deny|violation|warn)_([A-Za-z0-9_]+)$/u

function target({ rule, path }: Finding): Target | string {
  const [, namespace, named] = query.exec(rule) ?? []
  if (namespace === undefined || named === undefined) return 'only rules with a name of their own (`deny_NAME`) have exceptions'
  return path === undefined ? 'it has no path' : { match: { rule, path }, exact: false, detail: namespace }
}

/** JSON strings are strings of Rego. */
const rule = ({ target: { match }, ends }: Row): string => [
  'exception contains rules if {', `  data.conftest.file.name == ${JSON.stringify(match.path)}`, `  time.now_ns() < time.parse_rfc3339_ns(${JSON.stringify(formatInstant(ends))})`,
  `  rules := [${JSON.stringify(query.exec(match.rule)?.[2])}]`, '}',
].map((line) => `${line}\n`).join('')

function file(namespace: string, rows: readonly Row[], context: RenderContext): { readonly path: string; readonly content: string } {
  const head = [...heading(context).map((line) => `# ${line}`), `package ${namespace}`, '', 'import rego.v1'].map((line) => `${line}\n`).join('')
  return { path: namespace === 'main' ? 'exeat.rego' : `exeat-${namespace}.rego`, content: [head, ...rows.map(rule)].join('\n') }
}

export const conftestForm: NativeForm = {
  name: 'conftest',
  tool: 'conftest',
  selfExpiring: true,
  target,
  render(rows, context) {
    const namespaces = new Set(['main', ...rows.map(({ target: { detail } }) => detail ?? '')])
    return [...namespaces].sort().map((namespace) => file(namespace, rows.filter(({ target: { detail } }) => detail === namespace), context))
  },
}
