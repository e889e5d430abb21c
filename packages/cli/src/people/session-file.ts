/** The session that `exeat login` left for a server: its token and the key that every request is signed with, for their owner alone. */
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from '../log/crypto.ts'
import { stateFolder } from '../log/state.ts'
import { readWithin, writeWhole } from '../trust/files.ts'

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const schema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('ClientSession'),
  server: z.string(), token: z.string().regex(/^[!-~]{1,512}$/),
  key: z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate, d: coordinate }),
  person: z.strictObject({ iss: z.string(), sub: z.string() }), label: z.string(),
  /** Milliseconds since the epoch: it ends then, whatever the server says. */
  until: z.int(),
})
export type ClientSession = z.output<typeof schema>

const pathOf = (base: string, io: Io): string =>
  join(dirname(stateFolder(undefined, io)), 'sessions', `${Buffer.from(sha256(Buffer.from(base))).toString('hex')}.json`)

/** Undefined where nobody is signed in there, or no longer. @throws {ExeatError} STATE_UNUSABLE */
export function readSession(base: string, io: Io): ClientSession | undefined {
  const path = pathOf(base, io)
  try {
    const bytes = readWithin(path, 16 * 1024)
    if (bytes === undefined) return undefined
    const session = schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    return session.server === base && io.now < session.until ? session : undefined
  } catch (cause) {
    throw cliError('STATE_UNUSABLE', `\`${path}\` cannot be used: ${cause instanceof z.ZodError || cause instanceof SyntaxError ? 'it is not what was written' : systemReason(cause)}`, 'sign in again: exeat login')
  }
}

/** @throws {ExeatError} STATE_UNUSABLE */
export function writeSession(session: ClientSession, io: Io): void {
  const path = pathOf(session.server, io)
  try {
    writeWhole(path, Buffer.from(`${JSON.stringify(session)}\n`))
  } catch (cause) {
    throw cliError('STATE_UNUSABLE', `\`${path}\` cannot be written: ${systemReason(cause)}`, 'the session cannot be kept, so nobody is signed in')
  }
}

export const forgetSession = (base: string, io: Io): void => { rmSync(pathOf(base, io), { force: true }) }
