/** The 20 characters that two people, or a person and a terminal, compare. Made on this machine, never the server's word. */
import type { ReactNode } from 'react'

interface CodeProps {
  readonly code: string
  readonly of: string
  /** Whoever looks has to type the beginning, from another screen: it is left out here. */
  readonly beginningHidden?: boolean
}

/** In groups of five: the first is the beginning. */
const groupLength = 5

export function ComparisonCode({ code, of, beginningHidden = false }: CodeProps): ReactNode {
  const rest = code.slice(groupLength)
  const read = beginningHidden ? `without its first ${groupLength} characters: ${spelled(rest)}` : spelled(code)
  return (
    <p className="compare">
      <span className="term">Compare</span>
      <output className="code" aria-label={`Comparison code of ${of}${beginningHidden ? ', ' : ': '}${read}`}>{beginningHidden ? `${'•'.repeat(groupLength)}${rest}` : code}</output>
    </p>
  )
}

const spelled = (text: string): string => text.split('').join(' ')

/** As it may be typed: letters that look like digits are those digits (Crockford's base32). */
const plain = (text: string): string => text.toUpperCase().replaceAll(/[^0-9A-Z]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

/** Whether what was typed is the beginning of the code; all of it will do as well. */
export function isBeginning(typed: string, code: string): boolean {
  const given = plain(typed)
  return given.length >= groupLength && plain(code).startsWith(given)
}

interface TypedProps {
  /** Where another screen shows it. */
  readonly name: string
  readonly value: string
  readonly change: (typed: string) => void
}

/** Asks for the beginning of the code (attack 24: nobody approves out of habit what matters most). */
export function TypedCode({ name, value, change }: TypedProps): ReactNode {
  return (
    <div className="typed">
      <label>
        First {groupLength} characters of the code
        <input
          name="beginning" required autoComplete="off" autoCapitalize="characters" spellCheck={false} maxLength={30} aria-describedby="beginning-where"
          value={value} onChange={(event) => { change(event.target.value) }} />
      </label>
      <p className="quiet hint" id="beginning-where">
        This one matters most, so it takes a look at another screen: your terminal shows the code (<code>exeat status {name}</code>), and so
        does <code>{`${location.origin}/opt-outs/${encodeURIComponent(name)}?code`}</code> on another device.
      </p>
    </div>
  )
}
