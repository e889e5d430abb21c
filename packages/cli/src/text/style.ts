import { styleText } from 'node:util'
import type { TextStream } from '../edge/io.ts'

export type Style = (text: string) => string

export interface Styles {
  readonly bad: Style
  readonly good: Style
  readonly warn: Style
  readonly dim: Style
  readonly bold: Style
}

const plain: Style = (text) => text
export const plainStyles: Styles = { bad: plain, good: plain, warn: plain, dim: plain, bold: plain }

const paint = (format: Parameters<typeof styleText>[0]): Style => (text) => styleText(format, text, { validateStream: false })

/** Colour on a terminal alone, and not where `NO_COLOR` (no-color.org) is set or the terminal is dumb. */
export function stylesFor(stream: TextStream, env: Readonly<Record<string, string | undefined>>): Styles {
  if (!stream.isTTY || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return plainStyles
  return { bad: paint(['red', 'bold']), good: paint('green'), warn: paint('yellow'), dim: paint('dim'), bold: paint('bold') }
}
