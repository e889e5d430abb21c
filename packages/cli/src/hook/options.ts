/** `git push -o exeat.optout=NAME`: a pointer to an opt-out, which is explained. It gives nothing: what is decided was decided without it. */
import { formatInstant, type Reason } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import type { GateResult } from '../gate/result.ts'
import { reasonHint, reasonText } from '../text/reason.ts'
import { clipped, shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'

const mostOptions = 1000
const mostNames = 5
const key = 'exeat.optout='

export interface Pointers {
  /** Names of opt-outs, each once. */
  readonly names: readonly string[]
  /** What was asked and is not understood, for people. */
  readonly problems: readonly string[]
}

/** From the variables that git gives its hooks (githooks(5), pre-receive). Options of other programs are theirs. */
export function pointersIn(env: Io['env']): Pointers {
  const stated = env['GIT_PUSH_OPTION_COUNT']
  if (stated === undefined) return { names: [], problems: [] }
  if (!/^\d{1,6}$/.test(stated)) return { names: [], problems: [`push options cannot be read: their number is \`${clipped(stated, 40)}\``] }
  const count = Number(stated)
  const own = Array.from({ length: Math.min(count, mostOptions) }, (_, index) => env[`GIT_PUSH_OPTION_${index}`] ?? '').filter((option) => /^exeat\b/i.test(option))
  const given = own.filter((option) => option.startsWith(key)).map((option) => option.slice(key.length))
  const good = [...new Set(given.filter(isName))]
  return {
    names: good.slice(0, mostNames),
    problems: [
      ...own.filter((option) => !option.startsWith(key)).slice(0, mostNames).map((option) => `the push option \`${clipped(option, 60)}\` is none that exeat knows; there is \`exeat.optout=NAME\``),
      ...given.filter((name) => !isName(name)).slice(0, mostNames).map((name) => `\`${clipped(name, 60)}\` is no name of an opt-out`),
      ...(good.length > mostNames ? [`${plural(good.length, 'opt-out')} are named, and ${mostNames} are explained`] : []),
      ...(count > mostOptions ? [`${count} push options were given, and ${mostOptions} are read`] : []),
    ],
  }
}

const isName = (name: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)

/** One sentence, and what to do, for an opt-out that somebody points at. */
export function explainPointer(name: string, result: GateResult): { readonly text: string; readonly hint?: string } {
  const { decisions, governance, now } = result
  const excused = decisions.filter(({ outcome, optOut }) => outcome === 'excused' && optOut?.name === name).length
  const miss = decisions.find(({ outcome, nearest }) => outcome === 'blocked' && nearest.some(({ optOut }) => optOut === name))?.nearest.find(({ optOut }) => optOut === name)
  if (miss !== undefined) return told(miss.reason, excused, result)
  if (excused > 0) return { text: `opt-out \`${name}\` excuses ${plural(excused, 'finding')} here` }
  const standing = governance.optOuts.find(({ document }) => document.metadata.name === name)
  if (standing === undefined) {
    const broken = governance.refused.some((each) => each.name === name)
    return broken ? { text: `opt-out \`${name}\` is written wrong, and was refused`, hint: 'exeat lint says where' }
      : { text: `no opt-out \`${name}\` stands at ${shown(governance.label)}`, hint: 'ask for one, and have it merged there: naming it gives nothing' }
  }
  const { from, until } = standing.document.spec.window
  if (now >= until) return told({ code: 'OPTOUT_LAPSED', optOut: name, until }, 0, result)
  if (now < from) return told({ code: 'OPTOUT_NOT_YET', optOut: name, from }, 0, result)
  return { text: `opt-out \`${name}\` (until ${formatInstant(until)}) covers nothing of what was found here`, hint: `exeat explain shows what it is for; it is in ${shown(standing.origin.file)}` }
}

function told(reason: Reason, excused: number, { now }: GateResult): { readonly text: string; readonly hint?: string } {
  const hint = reasonHint(reason, now)
  return { text: `${reasonText(reason, now)}${excused === 0 ? '' : `; it excuses ${plural(excused, 'other finding')} here`}`, ...(hint === undefined ? {} : { hint }) }
}
