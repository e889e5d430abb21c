import { lstatSync, type Stats } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/**
 * Folder of the compiled cache: `EXEAT_CACHE_DIR`, else the platform's own place for caches. Relative paths are ignored, as they would
 * lie inside whatever is being judged. In CI (`CI` is set) there is none unless `EXEAT_CACHE_DIR` names it: what earlier steps of a job
 * could write must not stand in for the protected branch.
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  const named = absolute(env['EXEAT_CACHE_DIR'])
  if (named !== undefined) return named
  if (!['', 'false', '0', undefined].includes(env['CI'])) return undefined
  const xdg = absolute(env['XDG_CACHE_HOME'])
  if (xdg !== undefined) return join(xdg, 'exeat')
  if (platform === 'win32') return inside(env['LOCALAPPDATA'], 'exeat', 'cache')
  return platform === 'darwin' ? inside(env['HOME'], 'Library', 'Caches', 'exeat') : inside(env['HOME'], '.cache', 'exeat')
}

const absolute = (path: string | undefined): string | undefined => (path !== undefined && isAbsolute(path) ? path : undefined)

function inside(base: string | undefined, ...parts: string[]): string | undefined {
  const folder = absolute(base)
  return folder === undefined ? undefined : join(folder, ...parts)
}

/** Whether it is there, is this user's own and no link, and nobody else may look into it. */
export function isPrivateFolder(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat !== undefined && stat.isDirectory() && isOwn(stat) && isPrivate(stat)
}

// Windows has neither owners nor modes in this sense: there the user's profile is what is private.
export const isOwn = ({ uid }: Stats): boolean => process.getuid === undefined || uid === process.getuid()
export const isPrivate = ({ mode }: Stats): boolean => process.getuid === undefined || (mode & 0o077) === 0
