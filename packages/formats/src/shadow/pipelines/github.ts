/** Workflows and composite actions of GitHub ("Workflow syntax"): steps of scanners that may fail, are skipped, or are told to find nothing. */
import { found } from '../files/found.ts'
import { at, type Branch, entriesOf, entryAt, itemsOf, textOf, textsOf, treesOf } from '../tree.ts'
import type { Found } from '../types.ts'
import { scannerOfAction, scannerOfCommand, scannerOfName, softInput, softOptions } from './scanners.ts'
import { scriptOf } from './script.ts'
import { besideGate, commandsOf, runsGate, shellSuppressions } from './shell.ts'

export function githubSuppressions(text: string, path: string): readonly Found[] {
  return (treesOf(path, text) ?? []).flatMap((root) => {
    const jobs = entriesOf(at(root, 'jobs'))
    const found = [
      ...jobs.flatMap(({ key, value }) => ofJob(key, value, text)),
      ...itemsOf(at(root, 'runs', 'steps')).flatMap((step) => ofStep(step, text).found),
    ]
    // Reports go from job to job as artifacts, so that a gate anywhere in the workflow may be theirs.
    const gated = jobs.some(({ value }) => itemsOf(at(value, 'steps')).some((step) => runsGate(commandsOf(scriptOf(at(step, 'run'), text)?.text ?? ''))))
    return gated ? besideGate(found) : found
  })
}

interface Step {
  readonly tools: readonly string[]
  readonly found: readonly Found[]
}

function ofJob(name: string, job: Branch | undefined, text: string): readonly Found[] {
  const steps = itemsOf(at(job, 'steps')).map((step) => ofStep(step, text))
  const called = textOf(at(job, 'uses'))
  const calledTool = called === undefined ? undefined : scannerOfAction(called) ?? scannerOfName(called) ?? scannerOfName(name)
  const image = textOf(at(job, 'container', 'image')) ?? textOf(at(job, 'container'))
  const own = calledTool ?? (image === undefined ? undefined : scannerOfAction(image))
  const tools = [...new Set([...(own === undefined ? [] : [own]), ...steps.flatMap((step) => step.tools)])]
  return [...switches(job, tools), ...steps.flatMap((step) => step.found)]
}

function ofStep(step: Branch, text: string): Step {
  const uses = textOf(at(step, 'uses'))
  const action = uses === undefined ? undefined : scannerOfAction(uses)
  const script = scriptOf(at(step, 'run'), text)
  const tools = action === undefined ? script === undefined ? [] : scannersIn(script.text) : [action]
  return {
    tools,
    found: [
      ...switches(step, tools),
      ...(action === undefined ? [] : entriesOf(at(step, 'with')).flatMap(({ key, offset, value }) => ofInput(action, key, offset, value))),
      ...(script === undefined ? [] : shellSuppressions(script.text, script)),
    ],
  }
}

export const scannersIn = (script: string): readonly string[] => [...new Set(commandsOf(script).flatMap(({ words }) => scannerOfCommand(words.map(({ text }) => text))?.tool ?? []))]

/** `continue-on-error` and `if`, of a step or of a job with such steps. */
function switches(node: Branch | undefined, tools: readonly string[]): readonly Found[] {
  const carry = entryAt(node, 'continue-on-error')
  const condition = entryAt(node, 'if')
  const text = textOf(condition?.value)?.replaceAll(/^\s*\$\{\{|\}\}\s*$/g, '').trim() ?? ''
  const skipped = /^(?:false|0)$|(?:^|&&)\s*false\b/.test(text) ? 'if: false' : /labels/.test(text) && /skip|ignore|bypass|no[-_]/i.test(text) ? 'skip label' : undefined
  return tools.flatMap((tool): readonly Found[] => [
    ...(carry !== undefined && /^(?:true|\$\{\{\s*true\s*\}\})$/.test(textOf(carry.value)?.trim() ?? '') ? [found({ tool, kind: 'pipeline', mark: 'continue-on-error' }, '*', carry.offset)] : []),
    ...(skipped === undefined || condition === undefined ? [] : [found({ tool, kind: 'pipeline', mark: skipped }, '*', condition.offset)]),
  ])
}

function ofInput(tool: string, key: string, offset: number, value: Branch | undefined): readonly Found[] {
  const text = textsOf(value).join(',')
  const soft = softInput(tool, key, text)
  if (soft !== undefined) return soft.rules.map((rule) => found({ tool, kind: 'pipeline', mark: soft.mark }, rule, offset))
  if (!/^(?:args|arguments|extra_args|command|options|cmd_options)$/i.test(key)) return []
  const words = commandsOf(text).flatMap((command) => command.words.map((word) => word.text))
  return softOptions(tool, words).flatMap(({ mark, rules }) => rules.map((rule) => found({ tool, kind: 'pipeline', mark }, rule, offset)))
}
