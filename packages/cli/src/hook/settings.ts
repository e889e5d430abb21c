/** What `git config exeat.hook.*` says of the hooks. */
import type { HookSettings } from '@exeat/git/hook'
import { cliError } from '../edge/problem.ts'
import { clipped } from '../text/safe.ts'

export interface Settings {
  /** Command lines for `sh`, run over the whole tree. */
  readonly scanners: readonly string[]
  /** Run over each version of each file that the change brings. */
  readonly changeScanners: readonly string[]
  /** Files that something else wrote. */
  readonly reports: readonly string[]
  readonly env?: string
  readonly repo?: string
  readonly ref?: string
  readonly bundle?: string
  /** For all scanners of a run together. */
  readonly milliseconds: number
}

const many = ['scanner', 'changescanner', 'report'] as const
const single = ['env', 'repo', 'ref', 'bundle', 'timeout'] as const

/** @throws {ExeatError} HOOK_SETTING: a word that is not understood could be the scanner that somebody counts on; HOOK_UNSET */
export function parseSettings(found: HookSettings, reports: readonly string[]): Settings {
  for (const [key, values] of found) {
    if (![...many, ...single].some((known) => known === key)) throw wrong(key, 'is no setting of a hook', `there are ${['scanner', 'changeScanner', 'report', ...single].join(', ')}`)
    if (values.some((value) => value.trim() === '')) throw wrong(key, 'is empty', `say something, or \`git config --unset-all exeat.hook.${clipped(key, 60)}\``)
  }
  const last = (key: (typeof single)[number]): string | undefined => found.get(key)?.at(-1)
  const timeout = last('timeout') ?? '300'
  if (!/^[1-9]\d{0,3}$/.test(timeout)) throw wrong('timeout', `is \`${clipped(timeout, 60)}\``, 'say seconds, from 1 to 9999')
  const settings = { scanners: found.get('scanner') ?? [], changeScanners: found.get('changescanner') ?? [], reports: [...found.get('report') ?? [], ...reports] }
  if (Object.values(settings).every((list) => list.length === 0)) {
    throw cliError('HOOK_UNSET', 'the hook has no scanner to run and no report to read, so nothing passes', 'say one: git config --add exeat.hook.scanner \'gitleaks dir . --report-format sarif --report-path "$EXEAT_REPORT"\'')
  }
  const [env, repo, ref, bundle] = [last('env'), last('repo'), last('ref'), last('bundle')]
  return { ...settings, milliseconds: Number(timeout) * 1000, ...(env === undefined ? {} : { env }), ...(repo === undefined ? {} : { repo }), ...(ref === undefined ? {} : { ref }), ...(bundle === undefined ? {} : { bundle }) }
}

const wrong = (key: string, what: string, hint: string): Error => cliError('HOOK_SETTING', `\`exeat.hook.${clipped(key, 60)}\` ${what}`, hint)
