/** Azure Pipelines ("YAML schema"): steps of scanners, wherever templates and conditions have put them. */
import { found } from '../files/found.ts'
import { at, type Branch, entriesOf, entryAt, isTrue, itemsOf, textOf, treesOf } from '../tree.ts'
import type { Found } from '../types.ts'
import { scannersIn } from './github.ts'
import { scannerOfAction, softInput } from './scanners.ts'
import { scriptOf } from './script.ts'
import { shellSuppressions } from './shell.ts'

const scriptKeys = ['script', 'bash', 'pwsh', 'powershell']

export const azureSuppressions = (text: string, path: string): readonly Found[] => (treesOf(path, text) ?? []).flatMap((root) => walk(root, text, 0).found)

interface Walked {
  readonly tools: readonly string[]
  readonly found: readonly Found[]
}

const deepest = 12

/** A step, or anything that may hold some: its own switches count for every scanner in it. */
function walk(node: Branch, text: string, depth: number): Walked {
  if (depth > deepest) return { tools: [], found: [] }
  const parts = [...itemsOf(node), ...entriesOf(node).flatMap(({ key, value }) => (value === undefined || key === 'inputs' || scriptKeys.includes(key) ? [] : [value]))].map((part) => walk(part, text, depth + 1))
  const own = ofStep(node, text)
  const tools = [...new Set([...own.tools, ...parts.flatMap((part) => part.tools)])]
  return { tools, found: [...own.found, ...switches(node, tools), ...parts.flatMap((part) => part.found)] }
}

function ofStep(node: Branch, text: string): Walked {
  const task = textOf(at(node, 'task'))
  const action = task === undefined ? undefined : scannerOfAction(task)
  const scripts = [...scriptKeys.map((key) => at(node, key)), at(node, 'inputs', 'script'), at(node, 'inputs', 'inlineScript')].flatMap((value) => scriptOf(value, text) ?? [])
  const tools = [...(action === undefined ? [] : [action]), ...scripts.flatMap((script) => scannersIn(script.text))]
  return {
    tools,
    found: [
      ...scripts.flatMap((script) => shellSuppressions(script.text, script)),
      ...(action === undefined ? [] : entriesOf(at(node, 'inputs')).flatMap(({ key, offset, value }) => {
        const soft = softInput(action, key, textOf(value) ?? '')
        return soft === undefined ? [] : soft.rules.map((rule) => found({ tool: action, kind: 'pipeline', mark: soft.mark }, rule, offset))
      })),
    ],
  }
}

function switches(node: Branch, tools: readonly string[]): readonly Found[] {
  const carry = entryAt(node, 'continueOnError')
  const enabled = entryAt(node, 'enabled')
  const condition = entryAt(node, 'condition')
  const tell = (mark: string, offset: number): readonly Found[] => tools.map((tool) => found({ tool, kind: 'pipeline', mark }, '*', offset))
  return [
    ...(carry !== undefined && isTrue(carry.value) ? tell('continueOnError', carry.offset) : []),
    ...(enabled !== undefined && textOf(enabled.value) === 'false' ? tell('enabled: false', enabled.offset) : []),
    ...(condition !== undefined && /^(?:false|never\(\))$/.test(textOf(condition.value)?.trim() ?? '') ? tell('condition: false', condition.offset) : []),
  ]
}
