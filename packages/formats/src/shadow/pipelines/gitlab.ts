/** Jobs of GitLab CI/CD ("CI/CD YAML syntax reference") that run a scanner and may fail or never run, and variables that switch its templates off. */
import { found } from '../files/found.ts'
import { at, type Branch, entriesOf, entryAt, isTrue, itemsOf, listOf, textOf, treesOf } from '../tree.ts'
import type { Found } from '../types.ts'
import { scannersIn } from './github.ts'
import { scannerOfAction, scannerOfName } from './scanners.ts'
import { type Script, scriptOf } from './script.ts'
import { besideGate, commandsOf, runsGate, shellSuppressions } from './shell.ts'

const notJobs = new Set(['default', 'include', 'stages', 'variables', 'workflow', 'image', 'services', 'cache', 'spec', 'pages'])
const disabling = /^(?:SAST|SECRET_DETECTION|DEPENDENCY_SCANNING|CONTAINER_SCANNING|DAST|COVFUZZ|API_FUZZING|LICENSE_SCANNING|KICS)_DISABLED$/

export function gitlabSuppressions(text: string, path: string): readonly Found[] {
  return (treesOf(path, text) ?? []).flatMap((root) => {
    const jobs = entriesOf(root).filter(({ key }) => !notJobs.has(key))
    const found = [...variables(root), ...jobs.flatMap(({ key, value }) => ofJob(key, value, text))]
    return jobs.some(({ value }) => scriptsOf(value, text).some((script) => runsGate(commandsOf(script.text)))) ? besideGate(found) : found
  })
}

const scriptsOf = (job: Branch | undefined, text: string): readonly Script[] => ['before_script', 'script', 'after_script'].flatMap((key) => listOf(at(job, key)).flatMap((item) => scriptOf(item, text) ?? []))

const variables = (node: Branch | undefined): readonly Found[] => entriesOf(at(node, 'variables')).flatMap(({ key, offset, value }): readonly Found[] => {
  const said = textOf(value) ?? textOf(at(value, 'value')) ?? ''
  if (disabling.test(key) && /^(?:true|1)$/i.test(said)) return [found({ tool: 'gitlab', kind: 'pipeline', mark: key }, '*', offset)]
  if (key !== 'SAST_EXCLUDED_ANALYZERS') return []
  return said.split(',').map((each) => each.trim()).filter((each) => each !== '').map((each) => found({ tool: 'gitlab', kind: 'pipeline', mark: key }, each, offset))
})

function ofJob(name: string, job: Branch | undefined, text: string): readonly Found[] {
  const scripts = scriptsOf(job, text)
  const image = textOf(at(job, 'image', 'name')) ?? textOf(at(job, 'image'))
  const own = [image === undefined ? undefined : scannerOfAction(image), ...scripts.flatMap((script) => scannersIn(script.text)), scannerOfName(name)].flatMap((tool) => tool ?? [])
  const tools = [...new Set(own)].slice(0, own.includes('gitlab') && own.length === 1 ? 1 : 5)
  return [...variables(job), ...switches(job, tools), ...scripts.flatMap((script) => shellSuppressions(script.text, script))]
}

function switches(job: Branch | undefined, tools: readonly string[]): readonly Found[] {
  const tell = (mark: string, offset: number): readonly Found[] => tools.map((tool) => found({ tool, kind: 'pipeline', mark }, '*', offset))
  const allowed = entryAt(job, 'allow_failure')
  const when = entryAt(job, 'when')
  return [
    ...(allowed !== undefined && (isTrue(allowed.value) || entriesOf(allowed.value).length > 0) ? tell('allow_failure', allowed.offset) : []),
    ...(when !== undefined && textOf(when.value) === 'never' ? tell('when: never', when.offset) : []),
    ...itemsOf(at(job, 'rules')).flatMap((rule, index) => ofRule(rule, index, tell)),
  ]
}

/** `when: never` as the first rule of all, without a condition, ends the job; as the last it only closes the list. */
function ofRule(rule: Branch, index: number, tell: (mark: string, offset: number) => readonly Found[]): readonly Found[] {
  const never = textOf(at(rule, 'when')) === 'never'
  const condition = textOf(at(rule, 'if')) ?? ''
  const bare = !['if', 'changes', 'exists'].some((key) => entryAt(rule, key) !== undefined)
  const label = /LABELS/.test(condition) && /skip|ignore|bypass|no[-_]/i.test(condition)
  const always = /^\s*(?:"?\w+"?\s*==\s*"?\w+"?|true)\s*$/.test(condition) && !condition.includes('$')
  return [
    ...(never && (bare || always) && index === 0 ? tell('when: never', rule.offset) : never && label ? tell('skip label', rule.offset) : []),
    ...(isTrue(at(rule, 'allow_failure')) ? tell('allow_failure', entryAt(rule, 'allow_failure')?.offset ?? rule.offset) : []),
  ]
}
