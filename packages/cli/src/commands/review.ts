import type { Command } from 'commander'
import type { ActAnswer } from '@exeat/core/wire'
import { printAnswer } from '../acts/answer.ts'
import { type Acting, type ActFlags, acting } from '../acts/server.ts'
import { refuseSshOfOperator } from '../acts/sign.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import type { ChangeFlags } from '../review/change.ts'

const help = `
With --base or --head: judges a change of .exeat/ by the branch that it wants to
enter, and says what it turns off, what it loosens and who must still approve.
Both commits are read from git; nothing of the change is checked out or run.

With a name: judges an emergency afterwards. That takes somebody else, and in time;
an overdue review blocks the next emergency of the same person or team. Who signed in
confirms the judgement with a second factor, in a browser or by --ssh.

Examples:
  exeat review --base origin/main --head HEAD
  exeat review --base origin/main --head HEAD --approvals approvals.json \\
    --format markdown                     a comment for the pull request
  exeat review --forge github --publish   in a job of a pull request: docs/forges.md
  exeat review --receive --base main --pusher "$USER@acme.example"
                                        in a pre-receive hook: docs/review.md
  exeat review outage-4711 --actor dora --verdict justified --reason 'INC-4711 shows the need'
  exeat review outage-4711 --server https://exeat.example --verdict justified --reason …

Exit codes:
  0 may merge, or recorded   1 a commit or the server is missing   2 may not merge
  3 a document is wrong, or refused   4 waits for people   64 wrong usage`

interface ReviewFlags extends Omit<ActFlags, 'format'>, Omit<ChangeFlags, 'format'> {
  readonly receive?: boolean
  readonly verdict?: 'justified' | 'unjustified'
  readonly reason?: string
  readonly codeQuality?: string
  readonly ssh?: string
  readonly yes?: boolean
  readonly code?: string
  readonly format: 'text' | 'json' | 'markdown'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command.argument('[name]', 'name or uid of an emergency; absent: a change is reviewed')
    .option('--base <ref>', 'branch that the change wants to enter; default: what refs/remotes/origin/HEAD points at')
    .option('--head <ref>', 'the change; default: HEAD')
    .option('--receive', 'in a pre-receive hook: judge the push that standard input tells; wants --base and --pusher')
    .option('--pusher <address>', 'who pushes, by mail address: approves nothing of it; `unknown` where nothing tells')
    .option('--approvals <file>', 'who approved this head, as a forge says: docs/review.md')
    .addOption(command.createOption('--forge <forge>', 'ask it who approved, wrote and pushed the change; its token: EXEAT_FORGE_TOKEN').choices(['github', 'gitlab']))
    .option('--repo <owner/name>', 'with --forge: the repository; default: the one of the job')
    .option('--change <number>', 'with --forge: the pull or merge request; default: the one of the job')
    .option('--publish', 'with --forge: write the verdict there, as a check and a comment')
    .option('--code-quality <file>', 'write what is wrong there too, as GitLab\'s Code Quality')
    .option('--signature <file>', 'an approval signed with `exeat approve --head`, as DIGEST.json with DIGEST.sshsig beside it; may be repeated', (file: string, all: readonly string[] = []) => [...all, file])
    .option('--findings <report>', 'recorded findings, to tell controls that nobody reports; may be repeated', (file: string, all: readonly string[] = []) => [...all, file])
    .option('--no-cache', 'compile the documents anew')
    .option('--server <address>', 'of an emergency: unix:/PATH/admin.sock or https://HOST; EXEAT_SERVER')
    .option('--actor <name>', 'of an emergency: at the administrative socket, a name that an operator typed, never a login')
    .option('--idempotency-key <key>', 'of an emergency: repeats what was sent before')
    .addOption(command.createOption('--verdict <verdict>', 'of an emergency: what the reviewer found').choices(['justified', 'unjustified']))
    .option('--reason <text>', 'of an emergency: why; it is recorded')
    .option('--ssh <keyfile>', 'with --server: this FIDO2 key gives the second factor; default: a browser')
    .option('-y, --yes', 'with --ssh: sign without being asked')
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .addOption(command.createOption('-f, --format <format>', 'how to print it; markdown is of a change alone').choices(['text', 'json', 'markdown']).default('text'))
    .addHelpText('after', help)
    .action(async (id: string | undefined, flags: ReviewFlags) => { finish(await (id === undefined ? ofChange(flags, io) : ofEmergency(id, flags, io))) })
}

const ofEmergencies = ['server', 'actor', 'idempotencyKey', 'verdict', 'reason', 'ssh', 'yes', 'code'] as const
const ofChanges = ['base', 'head', 'receive', 'pusher', 'approvals', 'signature', 'findings', 'forge', 'repo', 'change', 'publish', 'codeQuality'] as const

async function ofChange(flags: ReviewFlags, io: Io): Promise<number> {
  const other = ofEmergencies.find((name) => flags[name] !== undefined)
  if (other !== undefined) throw cliError('USAGE', `\`--${other === 'idempotencyKey' ? 'idempotency-key' : other}\` is about an emergency, and none is named`, 'name it: exeat review NAME')
  refuseOddForge(flags)
  refuseOtherPusher(flags)
  if (flags.receive === true) return ofPush(flags, io)
  const { exitOfReview, reviewChange } = await import('../review/change.ts')
  const reviewed = await reviewChange(flags, io)
  const exit = exitOfReview(reviewed)
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify((await import('../review/json.ts')).reviewJson(reviewed))}\n`)
  else if (flags.format === 'markdown') io.stdout.write((await import('../review/markdown.ts')).reviewMarkdown(reviewed))
  else (await import('../review/text.ts')).writeText(reviewed, io)
  if (flags.codeQuality !== undefined) (await import('../review/code-quality.ts')).writeCodeQuality(reviewed, flags.codeQuality, io)
  if (flags.publish === true && reviewed.at !== undefined) await (await import('../review/publish.ts')).publish(reviewed, reviewed.at, io)
  return exit
}

/** A forge says which commit is meant and who approved it: nothing else is asked besides. */
function refuseOddForge(flags: ReviewFlags): void {
  const alone = (['repo', 'change', 'publish'] as const).find((name) => flags[name] !== undefined)
  if (flags.forge === undefined && alone !== undefined) throw cliError('USAGE', `\`--${alone}\` is of a change at a forge, and none is named`, 'name it: --forge github')
  const double = (['head', 'approvals'] as const).find((name) => flags[name] !== undefined)
  if (flags.forge !== undefined && double !== undefined) throw cliError('USAGE', `\`--forge\` asks what \`--${double}\` would say`, 'leave one of them out')
}

function refuseOtherPusher({ pusher }: ReviewFlags): void {
  if (pusher === undefined || pusher === 'unknown' || /^[^\s\p{C}<>@]+@[^\s\p{C}<>@]+$/u.test(pusher)) return
  throw cliError('USAGE', `\`--pusher ${pusher}\` is no mail address`, 'it is the address that commits and `.exeat/allowed_signers` know the person by; `--pusher unknown` where nothing tells who pushes')
}

async function ofPush({ base, pusher, ...flags }: ReviewFlags, io: Io): Promise<number> {
  if (base === undefined || pusher === undefined) throw cliError('USAGE', `\`--receive\` wants ${base === undefined ? '`--base`' : '`--pusher`'}`, 'exeat review --receive --base main --pusher "$ADDRESS": docs/review.md')
  if (flags.head !== undefined || flags.format !== 'text') throw cliError('USAGE', `\`${flags.head === undefined ? '--format' : '--head'}\` has no part in a hook`, 'what is pushed is told by standard input, and answered on standard error')
  return (await import('../review/receive.ts')).receive({ ...flags, base, pusher }, io, process.stdin)
}

async function ofEmergency(id: string, { verdict, reason, format, ...flags }: ReviewFlags, io: Io): Promise<number> {
  const other = ofChanges.find((name) => flags[name] !== undefined)
  if (other !== undefined) throw cliError('USAGE', `\`--${other === 'codeQuality' ? 'code-quality' : other}\` is about a change, and \`${id}\` names an emergency`, 'leave the name out to review a change')
  if (verdict === undefined || reason === undefined) throw cliError('USAGE', 'an emergency is judged with a verdict and a reason', 'say both: --verdict justified --reason \'INC-4711 shows the need\'')
  if (format === 'markdown') throw cliError('USAGE', '`--format markdown` is of a change, and `--format text` or `json` of an emergency')
  const own = { ...flags, verdict, reason, format }
  printAnswer('review', await review(id, acting(own, io), own, io), own, io)
  return 0
}

type EmergencyFlags = Omit<ReviewFlags, 'format' | 'verdict' | 'reason'> & Required<Pick<ReviewFlags, 'verdict' | 'reason'>> & { readonly format: 'text' | 'json' }

async function review(id: string, { session, ...by }: Acting, { verdict, reason, ...flags }: EmergencyFlags, io: Io): Promise<ActAnswer> {
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
