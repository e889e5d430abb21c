import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { resolve } from 'node:path'
import { formatVerifierKey } from '@exeat/log'
import { createWitness, createWitnessState, openWitnessState, publicKeyOf, signerOf, verifySignature, type WatchedLogs, witnessServer } from '@exeat/server/witness'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { sha256 } from './crypto.ts'
import { readKey } from './trust.ts'
import { keyExists, newWitnessKey, readWitnessKey, writeWitnessKey } from './witness-key.ts'

export interface WitnessFlags {
  readonly init?: boolean
  readonly name?: string
  readonly key: string
  readonly state: string
  readonly listen?: string
  readonly log?: readonly string[]
}

/** `exeat witness`: makes a witness, or runs one until it is told to stop. @throws {ExeatError} */
export async function witness(flags: WitnessFlags, io: Io): Promise<void> {
  if (flags.init === true) init(flags, io)
  else await runWitness(flags, io)
}

function init({ name, key, state, listen, log }: WitnessFlags, io: Io): void {
  if (name === undefined) throw cliError('USAGE', '`--init` needs `--name`', 'the name by which others know the witness, such as witness.example/security')
  if (listen !== undefined || log !== undefined) throw cliError('USAGE', '`--init` makes a witness and does not run it', 'leave `--listen` and `--log` for the next run')
  const path = resolve(io.cwd, key)
  const made = newWitnessKey(name, publicKeyOf)
  if (existsSync(path)) throw keyExists(key)
  const created = createWitnessState(resolve(io.cwd, state))
  if (!created.ok) throw cliError('WITNESS_STATE', created.problem.message, 'a witness keeps its state for ever: name another folder for another witness')
  created.value.close()
  writeWitnessKey(path, made)
  io.stdout.write(`${formatVerifierKey(made)}\n`)
  io.stderr.write('give this verifier key to whoever relies on the witness; keep the key file and the state, and never restore either from a backup\n')
}

async function runWitness(flags: WitnessFlags, io: Io): Promise<void> {
  const { listen, log } = flags
  if (listen === undefined || log === undefined) throw cliError('USAGE', `\`${listen === undefined ? '--listen' : '--log'}\` is missing`, 'a witness listens somewhere, for at least one log')
  const key = readWitnessKey(resolve(io.cwd, flags.key), publicKeyOf)
  const logs = watched(log)
  const state = openWitnessState(resolve(io.cwd, flags.state))
  if (!state.ok) throw cliError('WITNESS_STATE', state.problem.message, 'make it with `exeat witness --init`; a lost state is not made anew, as the witness would cosign a log that was cut back')
  const engine = createWitness({
    sha256, verify: verifySignature, logs, key, sign: signerOf(key.seed), state: state.value, now: Date.now,
    onAnswer: ({ status, body }, origin) => { io.stdout.write(`${new Date().toISOString()} ${status} ${shown(origin ?? '-')}${status === 200 ? '' : ` ${shown(body.trim())}`}\n`) },
  })
  try {
    await serveUntilToldToStop(witnessServer(engine, key), listen, (place) => {
      io.stdout.write(`witness ${shown(key.name)} of ${[...logs.keys()].map(shown).join(', ')} listens on ${shown(place)}\n`)
    }, io)
  } finally {
    state.value.close()
  }
}

function watched(keys: readonly string[]): WatchedLogs {
  const logs = new Map<string, ReturnType<typeof readKey>[]>()
  for (const text of keys) {
    const key = readKey(text, '--log', 'ed25519')
    logs.set(key.name, [...(logs.get(key.name) ?? []), key])
  }
  return logs
}

/** Resolves once SIGINT or SIGTERM came and the open requests are answered. */
async function serveUntilToldToStop(server: Server, place: string, listening: (place: string) => void, io: Io): Promise<void> {
  const where = listenOptions(place, io)
  await new Promise<void>((done, failed) => {
    server.on('error', (cause) => { failed(cliError('WITNESS_LISTEN', `nothing can listen on \`${place}\`: ${systemReason(cause)}`)) })
    server.on('close', done)
    server.listen(where, () => {
      const address = server.address()
      listening(typeof address === 'object' && address !== null ? `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` : place)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { server.close() })
    })
  })
}

function listenOptions(place: string, io: Io): { readonly path: string } | { readonly host: string; readonly port: number } {
  if (place.startsWith('unix:')) return { path: resolve(io.cwd, place.slice('unix:'.length)) }
  const parts = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(place)
  const [host, port] = [parts?.[1] ?? parts?.[2], Number(parts?.[3])]
  if (host === undefined || port > 65_535) throw cliError('USAGE', `\`--listen ${place}\` is no place to listen`, 'say 127.0.0.1:PORT or unix:/PATH/TO/SOCKET')
  return { host, port }
}
