/** A push, judged where it arrives: in the pre-receive or update hook of the repository that holds the protected branch. Everything is said on standard error, which git shows to whoever pushes. */
import { aliasesOf, inQuarantine, isForward } from '@exeat/git/change'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { loadGovernance } from '../governance/load.ts'
import { shellWord, shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'
import { type ChangeFlags, exitOfReview, type ReviewedChange, reviewChange } from './change.ts'
import { parsePush, pushText, type Update } from './push.ts'
import { writeText } from './text.ts'

export interface ReceiveFlags extends Omit<ChangeFlags, 'base' | 'head' | 'format'> {
  /** The protected branch, as the hook's author names it. */
  readonly base: string
  /** Who pushes, as the hook's author says; `unknown` where nothing tells. */
  readonly pusher: string
}

/**
 * Exit of the first update that may not come, else 0: git takes all of a push or nothing of it.
 * @throws {ExeatError} PUSH_*, QUARANTINE_REFUSED, and why what governs the branch cannot be read: nothing may come then
 */
export async function receive(flags: ReceiveFlags, io: Io, input: AsyncIterable<Uint8Array>): Promise<number> {
  const updates = parsePush(await pushText(input))
  const branch = flags.base.startsWith('refs/heads/') ? flags.base : `refs/heads/${flags.base}`
  const said = { ...io, stdout: io.stderr }
  if (flags.pusher === 'unknown') say(said, 'the hook does not say who pushes: whoever does is not kept from approving it')
  const aliases = await aliasesOf(io.cwd)
  const own = updates.filter(({ ref }) => [ref, aliases.get(ref) ?? ref].some((name) => folded(name) === folded(branch)))
  const first = own.find(({ before }) => before === undefined)
  if (first === undefined) await loadGovernance({ ...flags, ref: branch }, io)
  sayOthers(updates.filter((each) => !own.includes(each)), branch, said)
  let exit = 0
  for (const update of own) {
    // oxlint-disable-next-line no-await-in-loop -- a push has one update of the branch, and is told in order
    const answer = await judged(update, branch, aliases, flags, said)
    exit = exit === 0 ? answer : exit
  }
  return exit
}

/** As file systems that do not tell case, or spellings of one letter, would find it. */
const folded = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase()

const say = ({ stderr }: Io, text: string): void => { stderr.write(`exeat: ${text}\n`) }

/** Most refs that are named one by one, and most documents that are told of. */
const mostNamed = 5
const mostTold = 50

function sayOthers(others: readonly Update[], branch: string, io: Io): void {
  for (const { ref } of others.slice(0, mostNamed)) say(io, `${shown(ref)} passes: only ${shown(branch)} is governed`)
  if (others.length > mostNamed) say(io, `… and ${plural(others.length - mostNamed, 'other ref')}`)
}

async function judged(update: Update, branch: string, aliases: ReadonlyMap<string, string>, flags: ReceiveFlags, io: Io): Promise<number> {
  const { before, after } = reviewable(update, branch, aliases)
  return inQuarantine(io.cwd, io.env, async () => {
    if (!await isForward(io.cwd, before, after)) {
      throw cliError('PUSH_REWRITES', `the push would take commits away from \`${shown(branch)}\`, and what stood there would be forgotten`, 'merge or rebase onto the branch as it stands, and push without force')
    }
    const reviewed = await reviewChange({ ...flags, base: branch, head: after, format: 'text' }, io)
    if (reviewed.change.base !== before) throw cliError('PUSH_RACED', `\`${shown(branch)}\` moved from ${before.slice(0, 12)} to ${reviewed.change.base.slice(0, 12)} meanwhile`, 'push again')
    say(io, `${shown(update.ref)} ${before.slice(0, 12)} to ${after.slice(0, 12)}`)
    writeText(reviewed, io, mostTold)
    sayWayOut(reviewed, branch, io)
    return exitOfReview(reviewed)
  })
}

/** @throws {ExeatError} PUSH_NAME, PUSH_DELETES, PUSH_UNGOVERNED: what no look at documents could make right */
function reviewable({ ref, before, after }: Update, branch: string, aliases: ReadonlyMap<string, string>): { readonly before: string; readonly after: string } {
  const target = aliases.get(ref) ?? ref
  if (target !== branch) throw cliError('PUSH_NAME', `\`${shown(ref)}\` and \`${shown(branch)}\` differ by case alone, and are one branch where names of files do not tell case`, 'give it another name')
  if (after === undefined) throw cliError('PUSH_DELETES', `the push would delete \`${shown(branch)}\`, which governs`, 'revoke an opt-out by a change that deletes its document')
  if (before === undefined) throw cliError('PUSH_UNGOVERNED', `\`${shown(branch)}\` does not stand yet, so that nothing judges what would begin it`, 'put its first commit there before the hook is in place')
  return { before, after }
}

/** People sign what they can fetch: it has to stand somewhere before it may stand here. */
function sayWayOut(reviewed: ReviewedChange, branch: string, io: Io): void {
  if (exitOfReview(reviewed) !== 4) return
  const { optOuts, policies, governance } = reviewed.review
  const name = optOuts.find(({ met }) => !met)?.name
  const what = name === undefined ? undefined : `exeat approve ${shellWord(name)} --ssh KEY --head origin/CHANGE`
  const asks = [...(what === undefined ? [] : [what]), ...([...policies, governance].some(({ met }) => !met) ? ['exeat approve --change --ssh KEY --head origin/CHANGE'] : [])]
  say(io, `push it to a branch of its own and ask them:\n  $ git push origin HEAD:refs/heads/CHANGE\n${asks.map((each) => `  $ ${each}\n`).join('')}  then commit there what that wrote, and push it to ${shown(branch)}`)
}
