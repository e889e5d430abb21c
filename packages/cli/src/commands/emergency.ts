import type { Command } from 'commander'
import type { StandingOptOut } from '@exeat/core'
import { statementDigest } from '@exeat/core/envelope'
import type { ActAnswer } from '@exeat/core/wire'
import { printAnswer } from '../acts/answer.ts'
import { findDocument, requestOf } from '../acts/document.ts'
import { type Acting, type ActFlags, acting, actOptions } from '../acts/server.ts'
import { refuseSshOfOperator } from '../acts/sign.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { loadAuthored, sha256 } from '../governance/load.ts'

const help = `
Activates a document of the category \`emergency\` at once, where the terms have
emergencies: at most 4 hours, with a ceiling on findings, and reviewed afterwards.
The document may follow into the protected branch within the review time.
Who signed in confirms it with a second factor, in a browser or by --ssh; so does
the second person, at the address that is shown then.

Examples:
  exeat emergency outage-4711 --actor erin --team sre-oncall
  exeat emergency outage-4711 --actor erin --team sre-oncall --second frank
  exeat emergency outage-4711 --server https://exeat.example --team sre-oncall

Everybody whom the policies' \`alerts\` name is told at once, and all of the
workspace every 15 minutes until somebody else says that they heard it:
  exeat emergency ack outage-4711 --server https://exeat.example

Exit codes:
  0 active   1 the server could not be reached   3 refused
  4 a second person is needed                    64 wrong usage`

interface EmergencyFlags extends ActFlags {
  readonly team: string
  readonly second?: string
  readonly ssh?: string
  readonly yes?: boolean
  readonly code?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  actOptions(command.command('ack').summary('say that you heard its alarm').description('Say that you heard the alarm of an emergency, so that it is not repeated: whoever did not declare it.').argument('<name>', 'name or uid of the opt-out'))
    .action(async (id: string, _own: ActFlags, ack: Command) => {
      // Commander gives the options of both to the outer command.
      const flags = ack.optsWithGlobals<ActFlags>()
      const { client, key } = acting(flags, io)
      printAnswer('acknowledge', await client.acknowledge(id, key), flags, io)
      finish(0)
    })
  actOptions(command.argument('<name-or-file>', 'the opt-out, or the file that it stands in'))
    .option('--team <group>', 'the group on whose account it goes; needed')
    .option('--second <name>', 'the second person, where an emergency overlaps an unreviewed one')
    .option('--ssh <keyfile>', 'with --server: this FIDO2 key gives the second factor; default: a browser')
    .option('-y, --yes', 'with --ssh: sign without being asked')
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .addHelpText('after', help)
    .action(async (word: string, { team, ...rest }: Partial<EmergencyFlags> & ActFlags) => {
      // Not for commander to require: it would of `ack`, too.
      if (team === undefined) throw cliError('USAGE', 'required option `--team <group>` not specified', 'see `exeat help emergency`')
      const flags: EmergencyFlags = { ...rest, team }
      const found = findDocument(word, await loadAuthored({}, io), io)
      printAnswer('emergency', await declare(found, acting(flags, io), flags, io), flags, io)
      finish(0)
    })
}

async function declare(found: StandingOptOut, { session, ...by }: Acting, { team, second: named, ...flags }: EmergencyFlags, io: Io): Promise<ActAnswer> {
  const sent = requestOf(found)
  const { client, key } = by
  if (session === undefined) {
    refuseSshOfOperator(flags)
    return client.emergency({ ...sent, team, ...(named === undefined ? {} : { second: named }) }, key)
  }
  const { tapOptOut } = await import('../people/tap-opt-out.ts')
  const { impactOf } = await import('../governance/signed.ts')
  // Whoever signs in where this person does, by the name that they have there.
  const second = named === undefined ? undefined : { iss: session.person.iss, sub: named }
  const asked = { ...sent, team, ...(second === undefined ? {} : { second }) }
  const { uid, document, digest, impact } = found
  return tapOptOut({
    act: 'emergency', wanted: { purpose: 'emergency', asked }, uid, document, findings: impact?.size, binding: { optOut: digest, impact: impactOf(found) },
    statement: statementDigest({ team, second: second ?? null }, sha256), says: [['for the team', team], ...(second === undefined ? [] : [['second', `${second.sub} (${second.iss})`] as const])],
    ...(second === undefined ? {} : { second }), send: (tap) => client.emergency({ ...asked, tap }, key),
  }, { ...by, session }, flags, io)
}
