/** What blocks a run as a whole (design §4, Reports): required tools that said nothing, reports of another commit, unfinished ones. */
import { canonicalTool } from '../control/tools.ts'
import type { Block } from '../model/decision.ts'
import type { Facts } from '../model/facts.ts'
import type { Report } from '../model/finding.ts'
import { provenFacts } from '../policy/facts.ts'
import { attestationAsked } from '../policy/gates.ts'
import type { PolicySet } from '../policy/types.ts'

/** Blocks in a fixed order: missing tools by name, then the reports in their order. Unknown facts ask for more, never for less. */
export function judgeReports(policySet: PolicySet, reports: readonly Report[], claimed: Facts): readonly Block[] {
  const facts = provenFacts(policySet.workspace, claimed)
  const repository = facts.repository?.value.name
  const environment = facts.environment?.value
  const reported = new Set(reports.map(({ tool }) => canonicalTool(tool) ?? tool))
  const missing = policySet.requiredTools(repository, environment).filter((tool) => !reported.has(tool)).map(missingTool)
  const attested = attestationAsked(policySet.workspace.spec.gates ?? [], repository, environment)
  return [...missing, ...reports.flatMap((report) => reportBlocks(report, facts.commit?.value, attested))]
}

const missingTool = (tool: string): Block => ({
  code: 'TOOL_MISSING', tool, message: `\`${tool}\` must report here, and no report of it was given`, hint: `run ${tool} and give its report to the gate`,
})

function reportBlocks({ input, tool, commit, completed }: Report, head: string | undefined, attested: boolean): readonly Block[] {
  const at = { input, tool }
  return [
    ...(completed ? [] : [{ ...at, code: 'REPORT_INCOMPLETE' as const, message: `\`${tool}\` says in \`${input}\` that it did not finish`, hint: 'see what the tool printed, and run it again' }]),
    ...(commit === undefined || sameCommit(commit, head) ? [] : [{
      ...at, code: 'REPORT_OTHER_COMMIT' as const, hint: 'scan the commit that is judged',
      message: `\`${input}\` is of commit \`${commit}\`, the run is of ${head === undefined ? 'an unknown one' : `\`${head}\``}`,
    }]),
    ...(attested ? [{
      ...at, code: 'REPORT_NOT_ATTESTED' as const, hint: 'this release verifies no attestations yet: a workspace that asks for them blocks',
      message: `the workspace asks for attested reports, and nothing attests \`${input}\``,
    }] : []),
  ]
}

/** Equal, or one an abbreviation of at least seven digits. A name of full length (SHA-1, SHA-256) abbreviates nothing. */
function sameCommit(stated: string, head: string | undefined): boolean {
  if (head === undefined) return false
  const [a, b] = [stated.toLowerCase(), head.toLowerCase()]
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (!/^[0-9a-f]{7,64}$/.test(short)) return false
  return short === long || (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(long) && short.length !== 40 && long.startsWith(short))
}
