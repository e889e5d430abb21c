/** Patterns of controls, their tools spelled as findings spell them. */
import { compilePattern, isLiteral } from '../pattern/index.ts'
import type { Pattern } from '../pattern/index.ts'
import { canonicalTool } from './tools.ts'

/** The tool as findings spell it; a tool that is itself a pattern stays. */
export function canonicalControl(control: string): string {
  const slash = control.indexOf('/')
  const tool = control.slice(0, slash)
  return slash < 0 || !isLiteral(tool) ? control : `${canonicalTool(tool) ?? tool}${control.slice(slash)}`
}

/** One for each alternative of its braces; none where it is no pattern, which `policyProblems` tells of a policy. */
export function controlPatterns(source: string): readonly Pattern[] {
  const compiled = compilePattern(source, 'name')
  return compiled.ok ? compiled.pattern.alternatives.flatMap((alternative) => {
    const canonical = canonicalControl(alternative)
    if (canonical === source) return [compiled.pattern]
    const answer = compilePattern(canonical, 'name')
    return answer.ok ? [answer.pattern] : []
  }) : []
}
