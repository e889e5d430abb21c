/** Signing in and out. */
import { newSessionKey } from '@exeat/client/session'
import { formatInstant, parseInstant } from '@exeat/core'
import type { People } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { serverAddress, type ServerFlags } from '../acts/server.ts'
import { cliError } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { checkPrivate, provingClient, sessionClient } from './client.ts'
import { handOver } from './device.ts'
import { forgetSession, writeSession } from './session-file.ts'

/** @throws {ApiError}; {ExeatError} USAGE, HAND_OVER_REFUSED, HAND_OVER_OVER, STATE_UNUSABLE */
export async function login(flags: ServerFlags, io: Io): Promise<void> {
  const address = serverAddress(flags, io)
  checkPrivate(address)
  const key = await newSessionKey()
  const answer = await handOver({ client: provingClient(address, key), key, command: 'exeat login' }, io)
  if (answer.state !== 'signed-in') throw cliError('INTERNAL', 'the server answered a sign-in with an act')
  const { session, token } = answer
  const until = parseInstant(session.until)
  if (until === undefined) throw cliError('INTERNAL', `the session's end \`${session.until}\` is no instant`)
  writeSession({ schemaVersion: 1, kind: 'ClientSession', server: address.base, token, key, person: session.person, label: session.label, until }, io)
  say('signed-in', session, formatInstant(until), flags, io)
}

function say(state: string, { person, groups }: People['sessionSchema'], until: string, { format }: ServerFlags, io: Io): void {
  if (format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'Login', state, person, groups, until })}\n`)
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  io.stdout.write(`${styles.good('SIGNED IN')}  as ${shown(person.sub)} (${shown(person.iss)})${groups.length === 0 ? '' : `, of ${groups.map(shown).join(', ')}`}, until ${until} at most\n`)
}

/** Ends the session at the server, and forgets it here whatever the server says. @throws {ApiError} where the server could not be told */
export async function logout(flags: ServerFlags, io: Io): Promise<void> {
  const address = serverAddress(flags, io)
  checkPrivate(address)
  const client = sessionClient(address, io)
  forgetSession(address.base, io)
  if (client !== undefined) await client.signOut()
  io.stdout.write(flags.format === 'json' ? `${JSON.stringify({ schemaVersion: 1, kind: 'Logout', was: client !== undefined })}\n` : client === undefined ? 'nobody was signed in\n' : 'SIGNED OUT\n')
}
