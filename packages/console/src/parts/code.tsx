/** The 20 characters that two people, or a person and a terminal, compare. Made on this machine, never the server's word. */
import type { ReactNode } from 'react'

export function ComparisonCode({ code, of }: { readonly code: string; readonly of: string }): ReactNode {
  return (
    <p className="compare">
      <span className="term">Compare</span>
      <output className="code" aria-label={`Comparison code of ${of}: ${code.split('').join(' ')}`}>{code}</output>
    </p>
  )
}
