/** The hooks that Exeat speaks in, and how its own file of one looks. */
import { cliError } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'

export const hookNames = ['pre-commit', 'pre-push', 'pre-receive', 'update'] as const
export type HookName = (typeof hookNames)[number]

/** Where a push arrives: nothing there is the pusher's to set. */
export const isServerHook = (name: HookName): boolean => name === 'pre-receive' || name === 'update'

/** @throws {ExeatError} USAGE */
export function hookName(given: string): HookName {
  const name = hookNames.find((each) => each === given)
  if (name === undefined) throw cliError('USAGE', `\`${shown(given)}\` is no hook that Exeat speaks in`, `say one of ${hookNames.map((each) => `\`${each}\``).join(', ')}`)
  return name
}

/** Another hook that stood in the place, which ours calls first. */
export const chainedName = (name: HookName): string => `${name}.before-exeat`

const marker = (name: HookName): string => `# exeat-hook 1 ${name}`

/** POSIX sh. What was there before is found beside this file, whatever name a framework gave this one. */
export const hookText = (name: HookName, version: string): string => `#!/bin/sh
${marker(name)}, written by exeat ${version}: exeat hook uninstall ${name}
command -v exeat >/dev/null 2>&1 || {
  echo 'exeat: the command exeat is not on PATH, so nothing passes' >&2
  exit 1
}
exec exeat hook run --chained "$(dirname -- "$0")/${chainedName(name)}" ${name} -- "$@"
`

/** The version that wrote it; undefined: it is none of ours. */
export const versionIn = (text: string, name: HookName): string | undefined =>
  (text.startsWith(`#!/bin/sh\n${marker(name)}, `) ? /^.*\n.*, written by exeat ([\w.+-]{1,60}): /.exec(text)?.[1] : undefined)
