import { readPublishedKeys } from '@exeat/client/log'
import { ExeatError } from '@exeat/core/error'
import { formatVerifierKey } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { sha256, verifySignature } from './crypto.ts'
import { openSource } from './source.ts'
import { savedKeys, stateFolder } from './state.ts'

export interface KeyFlags {
  readonly log?: string
  readonly state?: string
}

/** Prints verifier keys, one a line and nothing else on standard output. @throws {ExeatError} where there are none */
export async function key(flags: KeyFlags, io: Io): Promise<void> {
  if (flags.log === undefined) {
    const keys = savedKeys(stateFolder(flags.state, io))
    if (keys.length === 0) throw cliError('USAGE', 'no log was verified here yet', 'name one with `--log`')
    io.stdout.write(keys.map((each) => `${shown(each)}\n`).join(''))
    return
  }
  const published = await readPublishedKeys(openSource(flags.log, io), sha256, verifySignature)
  if (!published.ok) throw new ExeatError([published.problem])
  for (const { key, origin, size } of published.value) {
    io.stdout.write(`${shown(formatVerifierKey(key))}\n`)
    io.stderr.write(`signed ${size} entries of ${shown(origin)}\n`)
  }
  io.stderr.write('the log itself says so: compare it with what its operator told you another way, then pin it with --key\n')
}
