/**
 * Holds `exeat scan` against `grep` with the same words, on whole source trees: `node tools/scan-trees.ts [FOLDER…]`; without folders it fetches three public packages
 * with `npm pack`. Every line that one of the two has and the other has not is explained by a class that looks at the line alone, and by no code of the scanner.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const words = 'nosec|nosem(grep)?|noqa|NOLINT(NEXTLINE|BEGIN|END)?|nolint|eslint-disable(-next-line|-line)?|(trivy|tfsec):ignore|checkov:skip|gitleaks:allow|kics-scan|hadolint|codeql|lgtm|deepcode|NOSONAR|allowlist secret'

export interface Comparison {
  readonly files: number
  readonly scanned: number
  readonly grepped: number
  readonly both: number
  /** Lines of grep alone, by class; and of the scan alone. */
  readonly classes: ReadonlyMap<string, readonly string[]>
}

interface Answer {
  readonly suppressions: readonly { readonly path: string; readonly line: number; readonly kind: string }[]
  readonly scanned: { readonly files: number }
}

const languages = { c: /\.(?:c|h|cc|cpp|cxx|hh|hpp|hxx|inc|ipp|tpp|tcc|cu|cuh|m|mm|ino|proto|dart|v|sv|d|sol|zig|cue|vala|bicep|[a-z]+sonnet)$/i, python: /\.(?:py|pyi|pyw|bzl)$/i, go: /\.go$/i, script: /\.(?:[cm]?[jt]sx?|json5?|jsonc|vue|svelte|html?|astro)$/i, docker: /dockerfile/i, prose: /\.(?:md|markdown|mdx|txt|rst|adoc|csv|map|patch|diff|snap|lock|log|po|ipynb|tsv)$|(?:^|\/)(?:README|CHANGELOG|LICENSE)[^/]*$/i } as const
const security = /security|no-secrets|unsanitized|no-eval|implied-eval|new-func|script-url|no-danger|xss|redos|scanjs|no-v-html|sonarjs|regexp\/|@microsoft\/sdl|jsx-no-target-blank/

const classes: readonly (readonly [name: string, test: (path: string, line: string) => boolean])[] = [
  ['part of another word', (_, line) => !new RegExp(`(?<![A-Za-z0-9_])(?:${words})(?![A-Za-z0-9_])`).test(line)],
  ['a text for people', (path) => languages.prose.test(path)],
  ['the end of a suppression', (_, line) => /NOLINTEND|eslint-enable/.test(line)],
  ['a mark of another language', (path, line) => (/\bnosec\b/.test(line) && !languages.python.test(path) && !languages.go.test(path)) || (/\bNOLINT/.test(line) && !languages.c.test(path)) || (/\bnolint\b/.test(line) && !languages.go.test(path)) || (/\bnoqa\b/.test(line) && !languages.python.test(path)) || (/eslint-disable/.test(line) && !languages.script.test(path)) || (/hadolint/.test(line) && !languages.docker.test(path))],
  ['rules that are not about security', (_, line) => (/eslint-disable\S*\s+[@\w]/.test(line) && !security.test(line)) || /noqa\s*:\s*[A-RT-Z]/i.test(line) || (/nolint:/.test(line) && !/gosec|\ball\b/.test(line))],
  ['in a string', (_, line) => new RegExp(`["'\`][^"'\`]*(?:${words})`).test(line)],
  ['in the middle of a sentence or of code', (_, line) => !new RegExp(`(?:#|//|/\\*|\\*|--|;|<!--|^)\\s*[@!]?(?:file )?(?:${words})`).test(line.trim())],
  ['spoken of, not meant', (_, line) => new RegExp(`(?:${words})\\s+(?:is|are|was|comments?|directives?|annotations?|marks?|should|must|may|in|rule|does|means|and|or)\\b`).test(line)],
  ['alone on a line, where the mark needs code', (_, line) => /^\s*(?:#|\/\/)\s*(?:nosec|noqa|NOLINT|gitleaks:allow|NOSONAR|lgtm)\b/.test(line)],
]

/** `main`: the built command. The tree's own `.git` and vendored folders are read as well, by both. */
export function compareTree(folder: string, main: string): Comparison {
  const ran = spawnSync(process.execPath, [main, 'scan', '.', '--vendored', '--no-blame', '--format', 'json'], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 29, env: { ...process.env, GIT_CEILING_DIRECTORIES: join(folder, '..') } })
  const answer = JSON.parse(ran.stdout) as Answer
  const grep = spawnSync('grep', ['-rnIE', '--exclude-dir=.git', words, '.'], { cwd: folder, encoding: 'latin1', maxBuffer: 1 << 29 })
  const lines = new Map<string, { readonly path: string; readonly line: string }>(grep.stdout.split('\n').flatMap((text) => {
    const match = /^\.\/([^:]+):(\d+):([^]*)$/.exec(text)
    return match === null ? [] : [[`${match[1]}:${match[2]}`, { path: match[1] ?? '', line: (match[3] ?? '').slice(0, 2000) }] as const]
  }))
  const scanned = new Set<string>(answer.suppressions.filter(({ kind }) => kind === 'comment').map(({ path, line }) => `${path}:${line}`))
  const explained = new Map<string, string[]>()
  const tell = (name: string, place: string, line: string): void => { explained.set(name, [...(explained.get(name) ?? []), `${place}: ${line.trim().slice(0, 160)}`]) }
  for (const [place, { path, line }] of lines) {
    if (!scanned.has(place)) tell(classes.find(([, test]) => test(path, line))?.[0] ?? 'unexplained', place, line)
  }
  for (const place of scanned) if (!lines.has(place)) tell('the scan alone', place, '')
  return { files: answer.scanned.files, scanned: scanned.size, grepped: lines.size, both: [...scanned].filter((place) => lines.has(place)).length, classes: explained }
}

export function told(name: string, { files, scanned, grepped, both, classes: of }: Comparison): string {
  const rows = [...of].map(([reason, places]) => `  ${String(places.length).padStart(6)}  ${reason}`)
  const open = ['unexplained', 'the scan alone'].flatMap((reason) => (of.get(reason) ?? []).slice(0, 30).map((place) => `    ${reason}: ${place}`))
  return `${name}: ${files} files; scan ${scanned} lines, grep ${grepped}, both ${both}; of grep alone:\n${[...rows, ...open].join('\n')}\n`
}

/** Source trees of large repositories, with thousands of such words in many languages. */
const published = ['react-native@0.76.0', 'grpc@1.24.11', 're2@1.21.4'] as const

/** Undefined where the registry cannot be reached. */
function fetched(name: string, folder: string): string | undefined {
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder, name], { cwd: folder, encoding: 'utf8', timeout: 120_000, shell: process.platform === 'win32' })
  if (packed.status !== 0) return undefined
  const target = join(folder, name.replace('@', '-'))
  mkdirSync(target)
  execFileSync('tar', ['-xzf', join(folder, packed.stdout.trim()), '-C', target])
  return target
}

if (import.meta.main) {
  const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
  const temporary = mkdtempSync(join(tmpdir(), 'exeat-trees-'))
  let open = 0
  try {
    const given = process.argv.slice(2)
    for (const name of given.length > 0 ? given : published) {
      const folder = given.length > 0 ? name : fetched(name, temporary)
      if (folder === undefined) {
        process.stdout.write(`${name}: skipped, the registry cannot be reached\n`)
        continue
      }
      const comparison = compareTree(folder, main)
      process.stdout.write(told(name, comparison))
      open += (comparison.classes.get('unexplained') ?? []).length + (comparison.classes.get('the scan alone') ?? []).length
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  if (open > 0) process.exitCode = 1
}
