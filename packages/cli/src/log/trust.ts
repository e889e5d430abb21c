/** Whose word is taken for a log: the options that pin it. */
import type { Command } from 'commander'
import type { Verifier } from '@exeat/client/log'
import { checkTrust, type KeyType, parseVerifierKey, type Trust, type VerifierKey } from '@exeat/log'
import { cliError } from '../edge/problem.ts'
import { sha256, verifySignature } from './crypto.ts'

export interface TrustFlags {
  readonly key: readonly string[]
  readonly origin?: string
  readonly witness?: readonly string[]
  readonly quorum?: string
}

export interface SourceFlags extends TrustFlags {
  readonly log: string
}

/** Adds one more value of an option that may be given several times; other words on the line stay arguments. */
export const repeatable = (value: string, earlier: readonly string[] | undefined): readonly string[] => [...(earlier ?? []), value]

export function sourceOption(command: Command): Command {
  return command.requiredOption('--log <place>', 'the log: https://HOST/PREFIX, unix:/PATH/TO/SOCKET or a folder')
}

export function trustOptions(command: Command): Command {
  return witnessOptions(command.requiredOption('--key <vkey>', 'verifier key of the log, pinned; several while it is rotated', repeatable))
}

export function witnessOptions(command: Command): Command {
  return command
    .option('--origin <name>', 'the log\'s origin line; default: the name in its key')
    .option('--witness <vkey>', 'verifier key of a witness; may be repeated', repeatable)
    .option('--quorum <n>', 'how many of the witnesses must have cosigned; default: all')
}

/** @throws {ExeatError} USAGE where the pins cannot be read or cannot be satisfied */
export function verifierOf(flags: TrustFlags): Verifier {
  const [first, ...more] = flags.key.map((text) => readKey(text, '--key', 'ed25519'))
  if (first === undefined) throw cliError('USAGE', 'no key of the log is pinned', '`exeat log key` shows the one that the log publishes')
  const other = more.find(({ name }) => name !== first.name)
  if (other !== undefined && flags.origin === undefined) throw cliError('USAGE', `the keys are of \`${first.name}\` and of \`${other.name}\``, 'say with `--origin` which log is meant')
  const witnesses = (flags.witness ?? []).map((text) => readKey(text, '--witness', 'cosignature/v1'))
  const trust: Trust = { origin: flags.origin ?? first.name, log: [first, ...more], witnesses: { atLeast: quorumOf(flags, witnesses.length), keys: witnesses } }
  const sound = checkTrust(trust)
  if (!sound.ok) throw cliError('USAGE', sound.problem.message, 'each key is pinned once, and a quorum asks for no more witnesses than are named')
  return { sha256, verify: verifySignature, trust }
}

function quorumOf({ quorum }: TrustFlags, known: number): number {
  if (quorum === undefined) return known
  if (!/^\d{1,3}$/.test(quorum)) throw cliError('USAGE', `\`--quorum ${quorum}\` is no number of witnesses`)
  return Number(quorum)
}

/** @throws {ExeatError} USAGE for a key that is none, or of another type than the option takes */
export function readKey(text: string, option: string, type: KeyType): VerifierKey {
  const key = parseVerifierKey(sha256, text)
  if (!key.ok) throw cliError('USAGE', `\`${option}\` takes a verifier key, and this is none: ${key.problem.message}`, 'it looks like log.example/name+1a2b3c4d+AAAA…; quote it in the shell')
  if (key.value.type === type) return key.value
  throw cliError('USAGE', `\`${option}\` takes a key of type ${type}, and \`${key.value.name}\` is of type ${key.value.type}`)
}

/** A whole number from the command line. @throws {ExeatError} USAGE */
export function wholeNumber(text: string, option: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  throw cliError('USAGE', `\`${text}\` is no whole number`, `\`${option}\` counts from 0`)
}
