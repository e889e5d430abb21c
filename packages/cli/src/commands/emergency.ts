import type { Command } from 'commander'
import { printAnswer } from '../acts/answer.ts'
import { findDocument, requestOf } from '../acts/document.ts'
import { type ActFlags, acting, actOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { loadAuthored } from '../governance/load.ts'
import { declareInBrowser } from '../people/browser-ask.ts'

const help = `
Activates a document of the category \`emergency\` at once, where the terms have
emergencies: at most 4 hours, with a ceiling on findings, and reviewed afterwards.
The document may follow into the protected branch within the review time.

Without --actor, whoever signed in with \`exeat login\` taps for it in a browser.

Examples:
  exeat emergency outage-4711 --team sre-oncall --server https://exeat.acme.example
  exeat emergency outage-4711 --actor erin --team sre-oncall
  exeat emergency outage-4711 --actor erin --team sre-oncall --second frank

Exit codes:
  0 active   1 the server could not be reached   3 refused
  4 a second person is needed                    64 wrong usage`

interface EmergencyFlags extends ActFlags {
  readonly team: string
  readonly second?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  actOptions(command.argument('<name-or-file>', 'the opt-out, or the file that it stands in'))
    .requiredOption('--team <group>', 'the group on whose account it goes')
    .option('--second <name>', 'the second person, where an emergency overlaps an unreviewed one')
    .addHelpText('after', help)
    .action(async (word: string, { team, second, ...flags }: EmergencyFlags) => {
      const found = findDocument(word, await loadAuthored({}, io), io)
      const server = acting(flags, io)
      if (!server.typed && second !== undefined) throw cliError('USAGE', '`--second` names a second person at the administrative socket', 'without `--actor`, declare it in the browser where the second person can tap too')
      const answer = server.typed
        ? await server.client.emergency({ ...requestOf(found), team, ...(second === undefined ? {} : { second }) }, server.key)
        : await declareInBrowser(found, team, server, flags, io)
      printAnswer('emergency', answer, flags, io)
      finish(0)
    })
}
