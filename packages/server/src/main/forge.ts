/** The forge of the governance repository, asked who had a hand in what governs. */
import type { Identity } from '@exeat/core'
import { serverError } from '../config/codes.ts'
import { forgeError, handsIn, openForge } from '../forge/index.ts'
import type { AskHands } from '../ports/hands.ts'
import type { Foundation } from './foundation.ts'
import { secretAt } from './keys.ts'

/** Milliseconds that an act waits for the forge. */
const patience = 15_000
/** What was answered is kept for so many questions: who brought a commit does not change. */
const mostKept = 500

const usual = { github: { api: 'https://api.github.com', issuer: 'https://github.com' }, gitlab: { api: 'https://gitlab.com/api/v4', issuer: 'https://gitlab.com' } } as const

/** Undefined where `server.json` names none. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function composeHands({ config, paths, now }: Pick<Foundation, 'config' | 'paths' | 'now'>): AskHands | undefined {
  if (config.forge === undefined) return undefined
  const { kind, repository, ...stated } = config.forge
  // Read at each use, so that it can be replaced; and once now, so that a server without it does not start.
  const token = (): string => {
    const found = secretAt(paths.forge) ?? missing(paths.forge)
    if (!/^[!-~]{8,1024}$/.test(found)) throw serverError('KEY_UNREADABLE', `\`${paths.forge}\` holds no token of a forge: 8 to 1,024 printable characters without spaces`)
    return found
  }
  token()
  const kept = new Map<string, Promise<readonly Identity[]>>()
  return (ref, brought) => {
    const key = JSON.stringify([ref, ...brought.map(({ commit }) => commit)])
    const known = kept.get(key)
    if (known !== undefined) return known
    const asked = within(openForge({ kind, ...usual[kind], ...stated, token: token(), clock: now }).then((forge) => handsIn(forge, { repository, branch: ref.replace(/^refs\/(?:heads|remotes\/[^/]+)\//, ''), brought })))
    if (kept.size >= mostKept) kept.clear()
    kept.set(key, asked)
    asked.catch(() => { kept.delete(key) })
    return asked
  }
}

function missing(path: string): never {
  throw serverError('CONFIG_INVALID', '`server.json` names a forge, and there is no token for it', `put it into \`${path}\`, mode 0600`)
}

/** @throws {ExeatError} FORGE_UNREACHABLE */
function within<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(forgeError('FORGE_UNREACHABLE', `the forge gave no answer for ${patience / 1000} s`, 'nobody approves or activates before it says who had a hand in it; ending what is active asks nobody')) }, patience)
  })
  return Promise.race([asked, late]).finally(() => { clearTimeout(timer) })
}
