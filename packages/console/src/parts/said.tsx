/** A sentence of the server, which sets what somebody wrote between backticks. */
import type { ReactNode } from 'react'
import { Foreign } from './foreign.tsx'

export const Said = ({ text }: { readonly text: string }): ReactNode => <Quoting text={sentence(text)} />

/** Never markup: each part is text. */
export const Quoting = ({ text }: { readonly text: string }): ReactNode =>
  text.split(/`([^`]*)`/).map((part, i) => (i % 2 === 0 ? <Foreign key={`${i} ${part}`} text={part} /> : <code key={`${i} ${part}`}><Foreign text={part} /></code>))

/** With a capital and a full stop. */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?:]$/.test(text) ? '' : '.'}`
