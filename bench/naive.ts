/**
 * The loop that everybody writes first, tuned: matchers compiled once, the cheapest tests first. It answers as decisions do: of all opt-outs
 * that excuse a finding the one that lasts longest, then by name; so it cannot stop at the first.
 */
import { compilePattern } from '../packages/core/src/index.ts'
import type { Finding } from '../packages/core/src/index.ts'
import type { Workload } from '../packages/testkit/src/workload.ts'

type Matcher = (text: string) => boolean

interface Compiled {
  readonly name: string
  readonly environments: ReadonlySet<string> | undefined
  readonly repositories: ReadonlySet<string> | undefined
  readonly from: number
  readonly until: number
  readonly controls: readonly Matcher[]
  readonly paths: readonly Matcher[] | undefined
}

/** Gives the name of the opt-out that excuses a finding. `hoisted`: environment, time and repository, which are the same for the whole run, are tested once and not for each finding. */
export function naive({ optOuts, facts, now }: Workload, hoisted: boolean): (finding: Finding) => string | undefined {
  const environment = facts.environment?.value ?? ''
  const repository = facts.repository?.value.name ?? ''
  const fits = (each: Compiled): boolean =>
    (each.environments?.has(environment) ?? true) && each.from <= now && now < each.until && (each.repositories?.has(repository) ?? true)
  const all = optOuts.active.map(({ document: { metadata: { name }, spec: { controls, targets = {}, window } } }): Compiled => ({
    name,
    environments: targets.environments && new Set(targets.environments),
    repositories: targets.repositories && new Set(targets.repositories),
    from: window.from, until: window.until,
    controls: controls.map((source) => matcher(source, 'name')),
    paths: targets.paths?.map((source) => matcher(source, 'path')),
  }))
  const left = hoisted ? all.filter(fits) : all
  return ({ tool, rule, path }) => {
    const control = `${tool}/${rule}`
    let best: Compiled | undefined
    for (const each of left) {
      if (!hoisted && !fits(each)) continue
      if (!each.controls.some((matches) => matches(control))) continue
      if (each.paths !== undefined && (path === undefined || !each.paths.some((matches) => matches(path)))) continue
      if (best === undefined || each.until > best.until || (each.until === best.until && each.name < best.name)) best = each
    }
    return best?.name
  }
}

function matcher(source: string, kind: 'name' | 'path'): Matcher {
  const answer = compilePattern(source, kind)
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.pattern.matches
}
