/** What commands that serve have in common: where they listen, and when they end. */
import { cliError } from './problem.ts'

/** `127.0.0.1:8443`, `[::1]:0`. @throws {ExeatError} USAGE */
export function listenOn(place: string, example: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(place)
  const [host, port] = [parts?.[1] ?? parts?.[2], Number(parts?.[3])]
  if (host === undefined || port > 65_535) throw cliError('USAGE', `\`--listen ${place}\` is no place to listen`, `say ${example}`)
  return { host, port }
}

/** The first signal asks for an orderly end; the second gets one at once. */
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0
    const onSignal = (): void => {
      signals += 1
      if (signals > 1) process.exit(1)
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  })
}
