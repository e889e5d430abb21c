/**
 * Denials of policies for OPA's own webhook, whose shape each `system.main` chooses. Two shapes name a rule for each reason, and so can be excused:
 * `status.details.causes` with `reason` and `message`, and a JSON list of `{rule, msg}` as the message. The usual `concat(", ", deny)` names none.
 */
import { type Json, utf8 } from '@exeat/core'
import { ownValue } from '../findings/shape.ts'
import { parseStrictJson } from '../json/index.ts'
import { type DenialReader, type DenialReason, misread } from './types.ts'

const rule = /^[A-Za-z0-9](?:[\w.-]*\w)?$/u

export const opaDenial: DenialReader = ({ message, causes }) => {
  const reasons = causes ?? listed(message)
  if (reasons === undefined) return misread('it names no rule for each of its reasons')
  if (reasons.length === 0) return misread('it gives no reason')
  const strange = reasons.find(({ reason }) => !rule.test(reason))
  return strange === undefined ? { ok: true, reasons: reasons.map((each): DenialReason => ({ rule: each.reason, message: each.message })) } : misread(`\`${strange.reason}\` is no name of a rule`)
}

function listed(message: string): readonly { readonly reason: string; readonly message: string }[] | undefined {
  const parsed = parseStrictJson(utf8(message), 'denial')
  if (!parsed.ok || !Array.isArray(parsed.value)) return undefined
  const reasons = parsed.value.map((each: Json) => {
    const [named, said] = [ownValue(each, 'rule'), ownValue(each, 'msg')]
    return typeof named === 'string' && typeof said === 'string' ? { reason: named, message: said } : undefined
  })
  return reasons.every((each) => each !== undefined) ? reasons : undefined
}
