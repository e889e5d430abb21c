import type { FoundRule } from './rules.ts'
import type { RawResult } from './result.ts'
import type { Descriptor, Message } from './shapes.ts'

const longestTitle = 120

/** §3.11: the text itself, or the string of the rule or its component that the id names, with the arguments in their places. */
export function messageOf(raw: RawResult, rule: FoundRule): string | undefined {
  const written = raw.message ?? raw.markdown ?? named(raw.messageId, rule)
  if (written === undefined || raw.arguments === undefined) return written
  const values = raw.arguments
  // §3.11.5: `{{` and `}}` stand for braces.
  return written.replace(/\{\{|\}\}|\{(\d+)\}/gu, (found, index: string | undefined) =>
    index === undefined ? found.slice(1) : values[Number(index)] ?? found)
}

const textOf = (message: Message | undefined): string | undefined => message?.text ?? message?.markdown

const named = (id: string | undefined, rule: FoundRule): string | undefined =>
  id === undefined ? undefined : textOf(rule.descriptor?.messageStrings?.get(id)) ?? textOf(rule.component?.globalMessageStrings?.get(id))

/** What a finding is called: as its rule is, else by the beginning of its message, else by the rule's id. Always one line. */
export function titles(): (rule: FoundRule, message: string | undefined) => string {
  const ofRule = new Map<Descriptor, string>()
  // Messages of one rule often follow each other; equal ones are one string (`sharedStrings`), so that comparing them costs nothing.
  let last: string | undefined
  let lastTitle = ''

  const titleOfRule = (descriptor: Descriptor): string => {
    const known = ofRule.get(descriptor)
    if (known !== undefined) return known
    const written = [descriptor.shortDescription?.text, descriptor.name].find((each) => each !== undefined && each.trim() !== '')
    const title = written === undefined ? '' : oneLine(written)
    ofRule.set(descriptor, title)
    return title
  }
  return (rule, message) => {
    const title = rule.descriptor === undefined ? '' : titleOfRule(rule.descriptor)
    if (title !== '') return title
    if (message === undefined || message.trim() === '') return rule.id
    if (message !== last) {
      last = message
      lastTitle = oneLine(message)
    }
    return lastTitle
  }
}

function oneLine(text: string): string {
  if (text.length <= longestTitle && !/\s\s|[\n\r\t]/u.test(text)) return text
  const line = text.slice(0, longestTitle * 4).trim().replaceAll(/\s+/gu, ' ')
  if (line.length <= longestTitle && text.length <= longestTitle * 4) return line
  // `toWellFormed`: the cut may split a pair. Joining copies: a slice would keep the whole text alive.
  return [...line.slice(0, longestTitle - 1).toWellFormed(), '…'].join('')
}
