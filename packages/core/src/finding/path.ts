/** Paths as findings and targets spell them: relative to the repository's root, `/` separated, nothing to resolve. */

/**
 * The normal form of a path that a tool wrote; undefined where it leaves the repository, is absolute outside `root`, or says nothing.
 * `root`: absolute folder that reports were made in, as tools write it; paths under it become relative.
 */
export function normalisePath(written: string, root?: string): string | undefined {
  const slashed = written.replaceAll('\\', '/')
  const base = root === undefined ? undefined : `${root.replaceAll('\\', '/').replace(/\/+$/, '')}/`
  const relative = base !== undefined && slashed.startsWith(base) ? slashed.slice(base.length) : slashed
  // A leading slash or a drive: absolute, so not known to be inside the repository.
  if (/^(?:\/|[A-Za-z]:\/)/.test(relative)) return undefined
  const kept: string[] = []
  for (const segment of relative.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') kept.push(segment)
    else if (kept.pop() === undefined) return undefined
  }
  return kept.length === 0 ? undefined : kept.join('/')
}
