/** HTML from data: what a template is given is escaped, unless it is HTML that a template made. */
import { xmlText } from '../../text/safe.ts'

/** Made by `html` alone. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

/** Control, invisible and reordering characters are shown as escapes, so that no name can turn a line around. */
export const html = (fixed: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(fixed.map((text, index) => (index === 0 ? text : `${written(parts[index - 1] ?? '')}${text}`)).join(''))

function written(part: Part): string {
  if (typeof part === 'string') return xmlText(part)
  if (typeof part === 'number') return String(part)
  return part instanceof Html ? part.text : part.map(({ text }) => text).join('')
}

export const none: Html = html``

/** Lines of a text, each made safe by itself. */
export const lines = (text: string): Html => new Html(text.split('\n').map(xmlText).join('\n'))

/** A number as a coordinate: never in exponent form, which SVG takes and people do not. */
export const coordinate = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '0')
