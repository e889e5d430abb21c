/** Engines whose own form an opt-out is tried in: how each is run over a copy of the tree, and what of its settings counts. */
import { parse } from 'yaml'

export interface Engine {
  /** Of its form, and of its findings. */
  readonly name: string
  readonly program: string
  /** Files at the top of the tree that tell it what to look for: the base's, whatever the change brings. */
  readonly settings: readonly string[]
  /** Paths that its settings point at: code, rules and data that count as settings. Throws where the text is none of its format. */
  readonly pointers?: (text: string) => readonly string[]
  /** Files by which it leaves findings out: none in either run but the one that is tried. */
  readonly ignores: readonly string[]
  /** What it is to look at must be said: it takes no folder. */
  readonly needsTargets?: true
  /** Where the compiled files go, below the copy. */
  readonly place: string
  readonly command: (run: EngineRun) => readonly string[]
  /** Exits that mean that it did its work. */
  readonly exits: readonly number[]
  /** Its report comes on standard output; else it writes it to `report`. */
  readonly prints?: true
}

export interface EngineRun {
  readonly report: string
  /** Below the copy. */
  readonly targets: readonly string[]
  readonly policies: string
  /** The compiled form lies in its place. */
  readonly excusing: boolean
  /** Where trivy keeps its databases; absent: it looks for nothing that needs one. */
  readonly cache?: string
}

/** Strings of TOML in what a pattern finds. The base's own text, so that nobody gains by hiding one. */
const strings = (text: string, pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].flatMap(([, value = '']) => [...value.matchAll(/"([^"]+)"|'([^']+)'/g)].map(([, double, single]) => double ?? single ?? ''))

/** Strings below these keys at the top of YAML. */
function under(text: string, keys: readonly string[]): readonly string[] {
  const value = parse(text) as unknown
  const all = (each: unknown): readonly string[] => (typeof each === 'string' ? [each] : typeof each === 'object' && each !== null ? Object.values(each).flatMap(all) : [])
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, each]) => (keys.includes(key) ? all(each) : [])) : []
}

const gitleaks: Engine = {
  name: 'gitleaks', program: 'gitleaks', settings: ['.gitleaks.toml'], pointers: (text) => strings(text, /\bpath\s*=\s*(.*)/g).filter((path) => path.endsWith('.toml')), ignores: ['.gitleaksignore'], place: '', exits: [0],
  // Comments that allow a leak are the change's own; neither run heeds them.
  command: ({ report, targets }) => ['dir', targets[0] ?? '.', '--report-format', 'json', '--report-path', report, '--ignore-gitleaks-allow', '--exit-code', '0', '--no-banner', '--no-color', '--log-level', 'error'],
}

const conftest: Engine = {
  name: 'conftest', program: 'conftest', settings: ['conftest.toml'], pointers: (text) => strings(text, /^\s*data\s*=\s*(\[[^\]]*\]|.*)/gm), ignores: [], needsTargets: true, place: 'policy', exits: [0, 1], prints: true,
  command: ({ targets, policies }) => ['test', '--output', 'json', '--no-color', '--policy', policies, '--', ...targets],
}

const trivy: Engine = {
  name: 'trivy', program: 'trivy', settings: ['trivy.yaml', 'trivy-secret.yaml'], pointers: (text) => under(text, ['rego', 'ignore-policy', 'secret']), ignores: ['.trivyignore', '.trivyignore.yaml', '.trivyignore.yml'], place: '', exits: [0],
  command: ({ report, targets, excusing, cache }) => [
    'filesystem', '--scanners', cache === undefined ? 'misconfig' : 'misconfig,vuln', '--format', 'json', '--output', report, '--exit-code', '0', '--quiet', '--offline-scan', '--skip-db-update', '--skip-java-db-update',
    '--skip-check-update', ...(cache === undefined ? [] : ['--cache-dir', cache]), ...(excusing ? ['--ignorefile', '.trivyignore.yaml'] : []), targets[0] ?? '.',
  ],
}

const checkov: Engine = {
  name: 'checkov', program: 'checkov', settings: ['.checkov.yaml', '.checkov.yml'], pointers: (text) => under(text, ['external-checks-dir']), ignores: ['.checkov.baseline'], place: '', exits: [0, 1], prints: true,
  command: ({ targets, excusing }) => ['--directory', targets[0] ?? '.', '--output', 'json', '--skip-download', ...(excusing ? ['--baseline', '.checkov.baseline'] : [])],
}

/** Run over the tree. `opa` has none: it is asked about the findings of reports. */
export const engines: readonly Engine[] = [checkov, conftest, gitleaks, trivy]

/** Whoever asks for one is told why it cannot be. */
export const without: Readonly<Record<string, string>> = {
  semgrep: 'it leaves out whole rules or files, and has no form that can mean one finding',
  kyverno: 'its command line is run in no way yet: it replays recorded findings of it without `--with`',
}
