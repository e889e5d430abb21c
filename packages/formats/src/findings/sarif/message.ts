import type { FoundRule } from './rules.ts'
import type { Message, Result } from './shapes.ts'

const title = 120

/** §3.11: the text itself, or the string of the rule or its component that the id names, with the arguments in their places. */
export function messageOf(result: Result, rule: FoundRule): string | undefined {
  const message = result.message
  if (message === undefined) return undefined
  const written = textOf(message) ?? named(message.id, rule)
  if (written === undefined || message.arguments === undefined) return written
  const values = message.arguments
  // §3.11.5: `{{` and `}}` stand for braces.
  return written.replace(/\{\{|\}\}|\{(\d+)\}/gu, (found, index: string | undefined) =>
    index === undefined ? found.slice(1) : values[Number(index)] ?? found)
}

const textOf = (message: Message | undefined): string | undefined => message?.text ?? message?.markdown

const named = (id: string | undefined, rule: FoundRule): string | undefined =>
  id === undefined ? undefined : textOf(rule.descriptor?.messageStrings?.get(id)) ?? textOf(rule.component?.globalMessageStrings?.get(id))

/** What the rule is called, else the beginning of the message, on one line. */
export function titleOf(rule: FoundRule, message: string | undefined): string {
  const descriptor = rule.descriptor
  const written = [descriptor?.shortDescription?.text, descriptor?.name, message].find((each) => each !== undefined && each.trim() !== '')
  return written === undefined ? rule.id : oneLine(written)
}

function oneLine(text: string): string {
  if (text.length <= title && !/\s\s|[\n\r\t]/u.test(text)) return text
  const line = text.slice(0, title * 4).trim().replaceAll(/\s+/gu, ' ')
  return line.length > title || text.length > title * 4 ? `${line.slice(0, title - 1).toWellFormed()}…` : line
}
