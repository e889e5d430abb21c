/** `exeat hook install` and `uninstall`. What was done is said. */
import { resolve } from 'node:path'
import { type HookPlace, hookPlace, hookSettings } from '@exeat/git/hook'
import type { Io } from '../edge/io.ts'
import manifest from '../../package.json' with { type: 'json' }
import { shown } from '../text/safe.ts'
import { chainedName, type HookName, hookName, hookNames, hookText, isServerHook } from './names.ts'
import { type HookFile, hookFile, removeHook, writeHook } from './place.ts'

export interface PlaceFlags {
  readonly repo?: string
}

/** @throws {ExeatError} USAGE, HOOK_PLACE, HOOK_CHAIN, and what git gets wrong */
export async function installHook(given: string | undefined, { repo }: PlaceFlags, io: Io): Promise<void> {
  const place = await hookPlace(resolve(io.cwd, repo ?? '.'))
  const name = given === undefined ? (place.top === undefined ? 'pre-receive' : 'pre-push') : hookName(given)
  const file = hookFile(place, name)
  const text = hookText(name, manifest.version)
  if (file.held.kind === 'ours' && file.held.text === text) say(io, `${where(file)} is in place already, of exeat ${manifest.version}`)
  else {
    writeHook(file, name, text)
    say(io, `${file.held.kind === 'ours' ? `wrote ${where(file)} anew: it was of exeat ${file.held.version}` : `wrote ${where(file)}`}`)
    if (file.held.kind === 'other') say(io, `the hook that stood there is ${chainedName(name)} now; it runs first, and passes or refuses as before`)
  }
  await sayNext(name, place, io)
}

const say = (io: Io, text: string): void => { io.stdout.write(`${text}\n`) }

const where = ({ path, by }: HookFile): string => `${shown(path)}${by === undefined ? '' : by === 'husky' ? ', which husky calls' : ', which the pre-commit framework calls before its own'}`

/** What is still to be set, as commands. */
async function sayNext(name: HookName, place: HookPlace, io: Io): Promise<void> {
  const server = isServerHook(name)
  const settings = await hookSettings(place.top ?? place.gitDir, { server })
  if (!['scanner', 'changescanner', 'report'].some((key) => settings.has(key))) {
    say(io, `it has nothing to run yet, and blocks until it does:\n  $ git config --add exeat.hook.${name === 'pre-commit' ? 'changeScanner' : 'scanner'} 'COMMAND that writes SARIF to "$EXEAT_REPORT"'`)
  }
  if (!settings.has('env')) say(io, 'policies that name environments want to know which it is:\n  $ git config exeat.hook.env NAME')
  if (server) say(io, 'to have `git push -o exeat.optout=NAME` explained:\n  $ git config receive.advertisePushOptions true')
  else say(io, '`--no-verify` leaves it out, and nobody sees that: what must hold is checked where pushes arrive (pre-receive) or in CI')
}

/** Without a name: each that is ours. @throws {ExeatError} USAGE, HOOK_PLACE, and what git gets wrong */
export async function uninstallHook(given: string | undefined, { repo }: PlaceFlags, io: Io): Promise<void> {
  const place = await hookPlace(resolve(io.cwd, repo ?? '.'))
  const names = given === undefined ? hookNames : [hookName(given)]
  const files = names.map((name) => ({ name, file: hookFile(place, name) }))
  const ours = files.filter(({ file }) => file.held.kind === 'ours')
  if (ours.length === 0) say(io, `no hook of exeat's is in ${shown(place.folder)}; nothing was changed`)
  for (const { name, file } of ours) {
    const back = removeHook(file, name)
    say(io, `took ${where(file)} away${back ? ', and put back the hook that stood there before' : ''}`)
  }
}
