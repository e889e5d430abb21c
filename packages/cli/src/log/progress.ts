import type { Io } from '../edge/io.ts'

export interface Progress {
  readonly show: (done: number, total: number) => void
  readonly clear: () => void
}

/** One line on a terminal that overwrites itself at each whole per cent; undefined where nobody watches. */
export function progressOn({ stderr, env }: Io): Progress | undefined {
  if (!stderr.isTTY || env['TERM'] === 'dumb') return undefined
  let shown = -1
  return {
    show: (done, total) => {
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
      if (percent === shown) return
      shown = percent
      stderr.write(`\r\u001b[K  ${`${percent}`.padStart(3)} %  ${done} of ${total} entries`)
    },
    clear: () => { if (shown >= 0) stderr.write('\r\u001b[K') },
  }
}
