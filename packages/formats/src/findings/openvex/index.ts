/**
 * OpenVEX 0.2, and the strings of 0.0 for vulnerabilities and products. It holds no findings: its statements are shown beside
 * findings and never change an answer.
 */
import type { VexStatement } from '@exeat/core'
import { notesOf, reader } from '../draft.ts'
import { fault, hasKeys, isObject, list, listOrNull, member, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

const namespace = 'https://openvex.dev/ns'

export const openVex: NativeReader = reader({
  format: 'openvex',
  detect(value) {
    const context = ownValue(value, '@context')
    return typeof context === 'string' && context.startsWith(namespace) && hasKeys(value, 'statements')
  },
  walk(root, folder) {
    if (!text(root, '@context').startsWith(namespace)) refuse(root, `has another \`@context\` than ${namespace}`)
    return [{ tool: 'openvex', notes: notesOf('openvex', folder), statements: list(root, 'statements').map(statement) }]
  },
})

const statuses = ['not_affected', 'affected', 'fixed', 'under_investigation'] as const

function statement(node: Node): VexStatement {
  const status = text(node, 'status')
  const vulnerability = member(node, 'vulnerability') ?? refuse(node, 'names no vulnerability')
  const [justification, impact] = [textIf(node, 'justification'), textIf(node, 'impact_statement') ?? textIf(node, 'action_statement')]
  return {
    vulnerability: isObject(vulnerability.value) ? textIf(vulnerability, 'name') ?? text(vulnerability, '@id') : text(node, 'vulnerability'),
    products: listOrNull(node, 'products').map(product),
    status: statuses.find((known) => known === status) ?? refuse(node, 'has an unknown `status`'),
    ...(justification === undefined ? {} : { justification }),
    ...(impact === undefined ? {} : { statement: impact }),
  }
}

const product = (node: Node): string => {
  if (typeof node.value === 'string') return node.value
  return isObject(node.value) ? text(node, '@id') : fault(node, 'a product')
}
