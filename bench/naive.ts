/** The loop that everybody writes first, tuned: matchers compiled once, the cheapest tests first, stops at the first that excuses. */
import { compilePattern } from '../packages/core/src/index.ts'
import type { Finding } from '../packages/core/src/index.ts'
import type { Workload } from '../packages/testkit/src/workload.ts'

type Matcher = (text: string) => boolean

interface Compiled {
  readonly environments: ReadonlySet<string> | undefined
  readonly repositories: ReadonlySet<string> | undefined
  readonly from: number
  readonly until: number
  readonly controls: readonly Matcher[]
  readonly paths: readonly Matcher[] | undefined
}

/** `hoisted`: environment, time and repository, which are the same for the whole run, are tested once and not for each finding. */
export function naive({ optOuts, facts, now }: Workload, hoisted: boolean): (finding: Finding) => boolean {
  const environment = facts.environment?.value ?? ''
  const repository = facts.repository?.value.name ?? ''
  const fits = (each: Compiled): boolean =>
    (each.environments?.has(environment) ?? true) && each.from <= now && now < each.until && (each.repositories?.has(repository) ?? true)
  const all = optOuts.active.map(({ document: { spec: { controls, targets = {}, window } } }): Compiled => ({
    environments: targets.environments && new Set(targets.environments),
    repositories: targets.repositories && new Set(targets.repositories),
    from: window.from, until: window.until,
    controls: controls.map((source) => matcher(source, 'name')),
    paths: targets.paths?.map((source) => matcher(source, 'path')),
  }))
  const left = hoisted ? all.filter(fits) : all
  return ({ tool, rule, path }) => {
    const control = `${tool}/${rule}`
    for (const each of left) {
      if (!hoisted && !fits(each)) continue
      if (!each.controls.some((matches) => matches(control))) continue
      if (each.paths === undefined || (path !== undefined && each.paths.some((matches) => matches(path)))) return true
    }
    return false
  }
}

function matcher(source: string, kind: 'name' | 'path'): Matcher {
  const answer = compilePattern(source, kind)
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.pattern.matches
}
