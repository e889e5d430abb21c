import type { ArtifactLocation } from './shapes.ts'

/** How URIs of a run become paths in the repository. */
export interface Uris {
  /** Path relative to the repository's root, `/` separated, without `.` and `..`; undefined where it is unknown or lies outside. */
  pathOf(uri: string | undefined, base: string | undefined, index: number | undefined): string | undefined
}

type Bases = ReadonlyMap<string, ArtifactLocation>

/** What a chain of bases comes to: an absolute path, or one relative to a base of which nothing more is said. */
type Resolved =
  | { readonly kind: 'absolute'; readonly path: string }
  | { readonly kind: 'relative'; readonly path: string; readonly base: string | undefined }

/** Names by which tools mean the root of what they scanned, where the report does not say where that lay. */
const rootNames: ReadonlySet<string> = new Set(['%SRCROOT%', 'SRCROOT', 'ROOTPATH', 'PROJECTROOT', 'REPOROOT', '%REPOROOT%'])

/**
 * The repository's root in the report is, in this order: what `versionControlProvenance` maps it to (§3.23.8), where `%SRCROOT%` lies,
 * the one absolute base there is, or `root`, which the caller knows. Absolute paths elsewhere are foreign, hence unknown: a path that
 * is guessed could meet an opt-out for another file.
 */
export function urisOf(run: {
  readonly bases: Bases
  readonly artifacts: readonly ({ readonly location: ArtifactLocation | undefined } | undefined)[]
  readonly mappedTo: ArtifactLocation | undefined
  readonly root: string | undefined
}): Uris {
  const root = rootOf(run.bases, run.mappedTo, run.root)
  const resolvePath = (uri: string, base: string | undefined): string | undefined => {
    const resolved = resolve(uri, base, run.bases)
    if (resolved === undefined) return undefined
    if (resolved.kind === 'absolute') return root === undefined ? undefined : below(root, resolved.path)
    return resolved.base === undefined || rootNames.has(resolved.base) ? normalised(resolved.path) : undefined
  }

  const asRoot = new Map<string | undefined, boolean>()
  /** True if what is relative to the base is relative to the root as well: so of nearly all results. */
  const rootBases = (base: string | undefined): boolean => {
    const known = asRoot.get(base)
    if (known !== undefined) return known
    const found = resolvePath('a', base) === 'a'
    asRoot.set(base, found)
    return found
  }

  const pathOf = (uri: string | undefined, base: string | undefined, index: number | undefined): string | undefined => {
    if (uri === undefined) {
      const artifact = index === undefined ? undefined : run.artifacts[index]?.location
      return artifact?.uri === undefined ? undefined : pathOf(artifact.uri, artifact.uriBaseId, undefined)
    }
    return isPlain(uri) && rootBases(base) ? uri : resolvePath(uri, base)
  }
  return { pathOf }
}

function rootOf(bases: Bases, mappedTo: ArtifactLocation | undefined, told: string | undefined): string | undefined {
  const mapped = mappedTo === undefined ? undefined : resolve(mappedTo.uri ?? '', mappedTo.uriBaseId, bases)
  if (mapped?.kind === 'absolute') return mapped.path
  const tops = new Set<string>()
  for (const name of ['%SRCROOT%', 'SRCROOT', ...bases.keys()]) {
    const top = topOf(name, bases)
    if (top === undefined) continue
    if (name === '%SRCROOT%' || name === 'SRCROOT') return top
    tops.add(top)
  }
  const [only] = tops
  if (tops.size === 1) return only
  return told === undefined ? undefined : absolutePath(told.startsWith('/') ? `file://${told}` : told)
}

/** The absolute path that a chain of bases begins with. */
function topOf(name: string, bases: Bases): string | undefined {
  let base: string | undefined = name
  // A chain longer than the table has a loop.
  for (let step = 0; base !== undefined && step <= bases.size; step++) {
    const location: ArtifactLocation | undefined = bases.get(base)
    const absolute = absolutePath(location?.uri?.trim() ?? '')
    if (absolute !== undefined) return absolute
    base = location?.uriBaseId
  }
  return undefined
}

/** §3.14.14. Undefined for other schemes than `file`, for loops, and for what is no URI. */
function resolve(written: string, baseId: string | undefined, bases: Bases): Resolved | undefined {
  let path = ''
  let uri = written.trim()
  let base = baseId
  for (let step = 0; step <= bases.size + 1; step++) {
    const absolute = absolutePath(uri)
    if (absolute !== undefined) return { kind: 'absolute', path: joined(absolute, path) }
    if (/^[a-z][a-z0-9+.-]*:/iu.test(uri)) return undefined
    const relative = decoded(uri)
    // `%2Fetc`: relative as written, absolute once decoded.
    if (relative.startsWith('/')) return undefined
    path = joined(relative, path)
    const location = base === undefined ? undefined : bases.get(base)
    if (location?.uri === undefined) return { kind: 'relative', path, base }
    uri = location.uri.trim()
    base = location.uriBaseId
  }
  return undefined
}

const joined = (base: string, path: string): string => (base === '' || path === '' || base.endsWith('/') ? base + path : `${base}/${path}`)

/** Path of a `file` URI, with its host if it names one, or of an absolute path; undefined for a relative reference and other schemes. */
function absolutePath(uri: string): string | undefined {
  const file = /^file:(?:\/\/([^/]*))?(\/.*|)$/isu.exec(uri)
  if (file !== null) {
    const host = file[1] ?? ''
    const path = decoded(file[2] === '' || file[2] === undefined ? '/' : file[2])
    return host === '' || host.toLowerCase() === 'localhost' ? path : `//${host}${path}`
  }
  if (/^[a-z]:[\\/]/iu.test(uri)) return `/${decoded(uri)}`
  return uri.startsWith('/') || uri.startsWith('\\') ? decoded(uri) : undefined
}

/** Percent-decoded, `\` as `/`: some tools on Windows write it. What is not percent-encoded UTF-8 is taken as written. */
function decoded(uri: string): string {
  const forward = (path: string): string => path.replaceAll('\\', '/')
  if (!uri.includes('%')) return forward(uri)
  try {
    return forward(decodeURIComponent(uri))
  } catch {
    return forward(uri)
  }
}

/** The part of an absolute path below a root. */
function below(root: string, path: string): string | undefined {
  const [from, to] = [segments(root), segments(path)]
  if (from === undefined || to === undefined || to.length <= from.length) return undefined
  return from.every((segment, index) => segment === to[index]) ? to.slice(from.length).join('/') : undefined
}

/** True for a relative path that no step of this file would change. */
function isPlain(uri: string): boolean {
  let start = 0
  for (let at = 0; at <= uri.length; at++) {
    const code = at === uri.length ? 0x2f : uri.charCodeAt(at)
    if (code === 0x2f) {
      // An empty segment, or one that may be `.` or `..`.
      if (at === start || uri.charCodeAt(start) === 0x2e) return false
      start = at + 1
    } else if (code <= 0x20 || code >= 0x7f || code === 0x25 || code === 0x3a || code === 0x5c) return false
  }
  return true
}

function normalised(path: string): string | undefined {
  const parts = segments(path)
  return parts === undefined || parts.length === 0 ? undefined : parts.join('/')
}

/** Undefined where the path climbs out, or holds what no path may. */
function segments(path: string): string[] | undefined {
  if (/\p{Cc}/u.test(path)) return undefined
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts
}
