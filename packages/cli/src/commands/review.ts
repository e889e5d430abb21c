import type { Command } from 'commander'
import type { ActAnswer } from '@exeat/core/wire'
import { printAnswer } from '../acts/answer.ts'
import { type Acting, type ActFlags, acting, actOptions } from '../acts/server.ts'
import { refuseSshOfOperator } from '../acts/sign.ts'
import type { Io } from '../edge/io.ts'

const help = `
Every emergency is judged afterwards, by somebody else and in time; an overdue
review blocks the next emergency of the same person or team. Who signed in confirms
the judgement with a second factor, in a browser or by --ssh.

Examples:
  exeat review outage-4711 --actor dora --verdict justified --reason 'INC-4711 shows the need'
  exeat review outage-4711 --server https://exeat.example --verdict justified --reason …

Exit codes:
  0 recorded   1 the server could not be reached   3 refused   64 wrong usage`

interface ReviewFlags extends ActFlags {
  readonly verdict: 'justified' | 'unjustified'
  readonly reason: string
  readonly ssh?: string
  readonly yes?: boolean
  readonly code?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  actOptions(command.argument('<name>', 'name or uid of the emergency'))
    .addOption(command.createOption('--verdict <verdict>', 'what the reviewer found').choices(['justified', 'unjustified']).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why; it is recorded')
    .option('--ssh <keyfile>', 'with --server: this FIDO2 key gives the second factor; default: a browser')
    .option('-y, --yes', 'with --ssh: sign without being asked')
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .addHelpText('after', help)
    .action(async (id: string, flags: ReviewFlags) => {
      printAnswer('review', await review(id, acting(flags, io), flags, io), flags, io)
      finish(0)
    })
}

async function review(id: string, { session, ...by }: Acting, { verdict, reason, ...flags }: ReviewFlags, io: Io): Promise<ActAnswer> {
  const said = { verdict, reason }
  const { client, key } = by
  if (session === undefined) {
    refuseSshOfOperator(flags)
    return client.review(id, said, key)
  }
  const [{ tapOptOut }, { fetchShown }, { statementDigest }, { sha256 }] = await Promise.all([
    import('../people/tap-opt-out.ts'), import('../acts/shown.ts'), import('@exeat/core/envelope'), import('../log/crypto.ts'),
  ])
  const { view: { uid, binding }, document, findings } = await fetchShown(client, id)
  return tapOptOut({
    act: 'review', wanted: { purpose: 'review', id: uid, review: said }, uid, document, findings, binding,
    statement: statementDigest(said, sha256), says: [['verdict', verdict], ['because', reason]], send: (tap) => client.review(uid, { ...said, tap }, key),
  }, { ...by, session }, flags, io)
}
