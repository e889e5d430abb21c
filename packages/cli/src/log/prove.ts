import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkReceipt, proveEntry } from '@exeat/client/log'
import { ExeatError } from '@exeat/core/error'
import { MAX_RECEIPT_SIZE } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { sha256 } from './crypto.ts'
import { readLeaf } from './leaf.ts'
import { openSource } from './source.ts'
import { type SourceFlags, type TrustFlags, verifierOf, wholeNumber } from './trust.ts'

export interface ProveFlags extends SourceFlags {
  readonly output?: string
}

/** Writes a receipt (C2SP tlog-proof) that brings its entry along. @throws {ExeatError} */
export async function prove(index: string, flags: ProveFlags, io: Io): Promise<void> {
  const proven = await proveEntry(openSource(flags.log, io), verifierOf(flags), wholeNumber(index, 'INDEX'))
  if (!proven.ok) throw new ExeatError([proven.problem])
  writeOutput(io, flags.output, (sink) => { sink.bytes(proven.value.receipt) })
}

export interface CheckFlags extends TrustFlags {
  readonly leaf?: string
  readonly format: 'text' | 'json'
}

/** Checks a receipt without asking anybody. @throws {ExeatError} with why it proves nothing */
export function check(file: string, flags: CheckFlags, io: Io): void {
  const leaf = flags.leaf === undefined ? undefined : readInput(flags.leaf, io)
  const checked = checkReceipt(verifierOf(flags), readInput(file, io), leaf)
  if (!checked.ok) throw new ExeatError([{ ...checked.problem, message: `\`${file}\` proves nothing: ${checked.problem.message}` }])
  const { index, checkpoint: { origin, size, root }, witnesses, entry } = checked.value
  const told = readLeaf(entry)
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({
      schemaVersion: 1, kind: 'ReceiptCheck', origin, index, size, root: Buffer.from(root).toString('hex'), witnesses: witnesses.map(({ key }) => key.name),
      leafDigest: Buffer.from(sha256(entry)).toString('hex'), ...(told.kind === 'json' ? { leaf: told.value } : { bytes: told.base64 }),
    })}\n`)
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  io.stdout.write(`${styles.good('PROVEN')}  entry ${index} stands among the ${size} of ${shown(origin)}\n\n  ${shown(told.kind === 'json' ? JSON.stringify(told.value) : told.base64)}\n`)
}

function readInput(path: string, io: Io): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(resolve(io.cwd, path))
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${path}\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes.length > MAX_RECEIPT_SIZE) throw cliError('INPUT_TOO_LARGE', `\`${path}\` has ${bytes.length} bytes, more than ${MAX_RECEIPT_SIZE}`)
  return new Uint8Array(bytes)
}
