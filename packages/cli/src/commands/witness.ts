import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { repeatable } from '../log/trust.ts'
import type { WitnessFlags } from '../log/witness.ts'

const help = `
A witness of another team's log: it signs each head that extends the one it signed
before, and no other. Whoever asks for its signature (exeat log verify --witness)
need not trust the log's operator alone. The protocol is C2SP tlog-witness; put a
reverse proxy in front of it for encryption.

Examples:
  exeat witness --init --name witness.example/security --key witness.key --state witness.state
  exeat witness --key witness.key --state witness.state --log "$LOG_KEY" --listen 127.0.0.1:7380

What it has signed stands in the state folder before the signature is given. It is
never made anew and belongs in no backup that is restored: a witness that forgets
signs a log that was cut back.

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 failed, 3 invalid key, 64 wrong usage.`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .option('--init', 'make the key and the state, and print the verifier key')
    .option('--name <name>', 'with --init: what the witness is called, for ever')
    .requiredOption('--key <file>', 'its key; readable by its owner alone')
    .requiredOption('--state <folder>', 'what it remembers')
    .option('--listen <place>', '127.0.0.1:PORT or unix:/PATH/TO/SOCKET')
    .option('--log <vkey>', 'verifier key of a log that it watches; may be repeated', repeatable)
    .addHelpText('after', help)
    .action(async (flags: WitnessFlags) => {
      await (await import('../log/witness.ts')).witness(flags, io)
      finish(0)
    })
}
