import { PackageURL } from 'packageurl-js'

interface Named {
  readonly type: string
  readonly namespace?: string | undefined
}

/** Package URL types by the names that Trivy, OSV and GitHub give to ecosystems, in lower case. */
const types: ReadonlyMap<string, Named> = new Map<string, Named>([
  ...named('npm', 'npm', 'yarn', 'pnpm', 'bun', 'node-pkg', 'javascript'),
  ...named('pypi', 'pypi', 'pip', 'pipenv', 'poetry', 'python-pkg', 'uv', 'pylock'),
  ...named('maven', 'maven', 'jar', 'pom', 'gradle', 'gradle-lockfile', 'sbt'),
  ...named('golang', 'go', 'gomod', 'gobinary'),
  ...named('cargo', 'cargo', 'crates.io', 'rust', 'rust-binary', 'rustbinary'),
  ...named('gem', 'rubygems', 'bundler', 'gemspec'),
  ...named('composer', 'composer', 'composer-vendor', 'packagist'),
  ...named('nuget', 'nuget', 'dotnet-core', 'packages-props'),
  ...named('hex', 'hex'),
  ...named('pub', 'pub'),
  ...named('conan', 'conan'),
  ...named('conda', 'conda-pkg', 'conda-environment'),
  ...distributions('apk', 'alpine', 'wolfi', 'chainguard'),
  ...distributions('deb', 'debian', 'ubuntu'),
])

function named(type: string, ...names: string[]): [string, Named][] {
  return names.map((name) => [name, { type }])
}

function distributions(type: string, ...names: string[]): [string, Named][] {
  return names.map((name) => [name, { type, namespace: name }])
}

/** Types whose names hold their namespace before the last `/`. */
const slashed: ReadonlySet<string> = new Set(['npm', 'golang', 'composer'])

/**
 * Package URL (ECMA-427) of a package as a tool names it; undefined for an ecosystem whose names do not translate. `ecosystem` may
 * carry a release: `Debian:11`.
 */
export function packageUrl(ecosystem: string | undefined, name: string | undefined, version: string | undefined): string | undefined {
  const known = types.get(ecosystem?.split(':')[0]?.toLowerCase() ?? '')
  if (known === undefined || name === undefined) return undefined
  const mark = known.type === 'maven' ? ':' : '/'
  const at = known.type === 'maven' || slashed.has(known.type) ? name.lastIndexOf(mark) : -1
  const namespace = at > 0 ? name.slice(0, at) : known.namespace
  try {
    return new PackageURL(known.type, namespace, name.slice(at + 1), version, undefined, undefined).toString()
  } catch {
    // A name that no package of its type can have.
    return undefined
  }
}

/** A package URL as a tool wrote it; undefined for what is none. */
export const isPackageUrl = (written: string | undefined): written is string => written?.startsWith('pkg:') === true
