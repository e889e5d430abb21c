/** Settings of `exeat.hook.*`: from files that a clone or a push never brings along (git-config(1), SCOPES). */
import { gitFailure } from './diagnose.ts'
import { runGit } from './run.ts'

/** Values by the last part of their key, in lower case, in the order of the files. */
export type HookSettings = ReadonlyMap<string, readonly string[]>

/**
 * What a variable or `git -c` says (scope `command`) never counts. On a server the repository's own file alone does, with what it
 * includes: files of the account are whoever's the account is, and a pusher may be the same one.
 * @throws {ExeatError} as `runGit`
 */
export async function hookSettings(dir: string, { server }: { readonly server: boolean }): Promise<HookSettings> {
  const answer = await runGit(dir, ['config', '-z', '--show-scope', '--includes', '--get-regexp', String.raw`^exeat\.hook\.`])
  if (answer.exit > 1) throw gitFailure(dir, answer)
  const found = new Map<string, string[]>()
  const words = answer.stdout.toString('utf8').split('\0')
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [scope, entry = ''] = [words[at], words[at + 1]]
    if (scope === 'command' || (server && scope !== 'local')) continue
    const end = entry.indexOf('\n')
    const [key, value] = end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)]
    const name = key.slice('exeat.hook.'.length).toLowerCase()
    found.set(name, [...found.get(name) ?? [], value])
  }
  return found
}
