/** What somebody wrote, shown as text and as nothing else: it turns no line around it, hides no character, and is never longer than the page can bear. */
import type { ReactNode } from 'react'

/** Characters that show nothing, or change how others are shown: controls, formats (among them the bidirectional overrides), separators, halves of pairs. */
const unseen = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}])/u

interface ForeignProps {
  readonly text: string
  /** Most characters that are shown. */
  readonly most?: number
}

export function Foreign({ text, most = 4_096 }: ForeignProps): ReactNode {
  const shown = text.slice(0, most)
  const left = text.length - shown.length
  return (
    <bdi className="foreign">
      {shown.split(unseen).map((part, i) => (i % 2 === 0 || part === '\n' || part === '\t' ? part : <span key={`${i} ${part.length}`} className="unseen">{named(part)}</span>))}
      {left === 0 ? null : <span className="unseen">… {left} more characters</span>}
    </bdi>
  )
}

const named = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** Several of them, with what stands between. */
export function Several({ values, most = 6, any }: { readonly values: readonly string[]; readonly most?: number; readonly any: string }): ReactNode {
  if (values.length === 0) return <em>{any}</em>
  return (
    <span className="several">
      {values.slice(0, most).map((value, i) => <code key={`${i} ${value}`}><Foreign text={value} most={200} /></code>)}
      {values.length > most ? <span className="quiet">and {values.length - most} more</span> : null}
    </span>
  )
}
