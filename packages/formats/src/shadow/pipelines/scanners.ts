/** Which words of a pipeline run a scanner, and which options take its teeth. Spellings are those of the tools' own references. */

/** Commands by their name; what has a subcommand is written with it. */
const commandsByTool: Readonly<Record<string, string>> = {
  'trivy': 'trivy', 'checkov': 'checkov', 'semgrep': 'semgrep opengrep', 'gitleaks': 'gitleaks', 'grype': 'grype', 'snyk': 'snyk', 'tfsec': 'tfsec', 'kics': 'kics', 'hadolint': 'hadolint', 'bandit': 'bandit',
  'gosec': 'gosec', 'govulncheck': 'govulncheck', 'osv-scanner': 'osv-scanner', 'conftest': 'conftest', 'kubescape': 'kubescape', 'terrascan': 'terrascan', 'trufflehog': 'trufflehog trufflehog3',
  'detect-secrets': 'detect-secrets detect-secrets-hook', 'dependency-check': 'dependency-check dependency-check.sh', 'brakeman': 'brakeman', 'gitguardian': 'ggshield', 'kube-linter': 'kube-linter', 'kube-score': 'kube-score',
  'polaris': 'polaris', 'prowler': 'prowler', 'horusec': 'horusec', 'njsscan': 'njsscan', 'mobsfscan': 'mobsfscan', 'zap': 'zap-baseline.py zap-full-scan.py zap-api-scan.py', 'sonarqube': 'sonar-scanner', 'codeql': 'codeql',
  'tflint': 'tflint', 'dockle': 'dockle', 'pip-audit': 'pip-audit', 'safety': 'safety', 'bundler-audit': 'bundle-audit bundler-audit', 'cargo-audit': 'cargo-audit', 'kubesec': 'kubesec', 'nuclei': 'nuclei',
}
const byCommand: ReadonlyMap<string, string> = new Map(Object.entries(commandsByTool).flatMap(([tool, names]) => names.split(' ').map((name) => [name, tool] as const)))

/** Package managers whose subcommand looks for known vulnerabilities. */
const audits: ReadonlyMap<string, string> = new Map([['npm audit', 'npm-audit'], ['yarn audit', 'npm-audit'], ['pnpm audit', 'npm-audit'], ['yarn npm', 'npm-audit'], ['cargo audit', 'cargo-audit'], ['cargo deny', 'cargo-deny'], ['bundle audit', 'bundler-audit'], ['docker scout', 'docker-scout']])

/** Actions, orbs, tasks and images: `owner/name`, in lower case. */
const byAction: readonly (readonly [RegExp, string])[] = ([
  ['trivy', 'aquasecurity/trivy-action|aquasec/trivy|lazy-actions/gitrivy|^trivy@'], ['checkov', 'bridgecrewio/checkov|bridgecrew/checkov'], ['semgrep', '(?:returntocorp|semgrep)/semgrep'], ['gitleaks', '(?:gitleaks|zricethezav)/gitleaks|gitleaks-action'],
  ['grype', 'anchore/(?:scan-action|grype)'], ['snyk', 'snyk/(?:actions|snyk)|^snyksecurityscan@'], ['codeql', 'github/codeql-action/(?:analyze|init|autobuild)|^advancedsecurity-codeql-analyze@'], ['tfsec', 'aquasecurity/tfsec|tfsec/tfsec|triat/terraform-security-scan'],
  ['kics', 'checkmarx/kics'], ['hadolint', 'hadolint/hadolint'], ['gosec', 'securego/gosec'], ['govulncheck', 'golang/govulncheck'], ['osv-scanner', 'google/osv-scanner'], ['trufflehog', 'trufflesecurity/trufflehog|edplato/trufflehog'],
  ['dependency-check', 'dependency-check/dependency-check|owasp/dependency-check|^dependency-check-build-task@'], ['zap', 'zaproxy/(?:action-|zap)|owasp/zap2docker'], ['sonarqube', 'sonarsource/|^sonar(?:qube|cloud)analyze@'], ['gitguardian', 'gitguardian/'],
  ['kube-linter', 'stackrox/kube-linter'], ['terrascan', '(?:tenable|accurics)/terrascan'], ['conftest', '(?:instrumenta/conftest|openpolicyagent/conftest)'], ['kubescape', 'kubescape/'], ['bandit', 'bandit-action|pycqa/bandit'],
  ['dependency-review', 'actions/dependency-review-action'], ['brakeman', 'brakeman-action'], ['scorecard', 'ossf/scorecard-action'], ['docker-scout', 'docker/scout-action'], ['tflint', 'tflint'], ['horusec', 'horusec'], ['detect-secrets', 'detect-secrets'],
] as const).map(([tool, pattern]) => [new RegExp(pattern), tool])

/** What an action, a task or an image runs; undefined: no scanner. */
export function scannerOfAction(uses: string): string | undefined {
  const text = uses.toLowerCase()
  return byAction.find(([pattern]) => pattern.test(text))?.[1]
}

/** Some scanner's name: without one no pipeline runs any. */
export const scannerHints: RegExp = new RegExp(`${[...new Set([...byCommand.keys()].map((name) => name.replace(/\..*$/, '')))].join('|')}|(?:npm|yarn|pnpm|cargo|bundle)[ \\t]+audit|cargo deny|docker scout|codeql|dependency-review|SAST|SECRET_DETECTION|DEPENDENCY_SCANNING|CONTAINER_SCANNING|sast|secret_detection|dependency_scanning|container_scanning|zaproxy|sonar|SnykSecurity|GitGuardian`, 'i')

/** The scanner that a name of a job or of a called pipeline speaks of; GitLab's own analysers by their category. */
export function scannerOfName(name: string): string | undefined {
  const words = name.toLowerCase().split(/[^a-z0-9]+/)
  for (const [command, tool] of byCommand) if (command.split(/[^a-z0-9]+/).every((part) => words.includes(part)) && command !== 'safety' && command !== 'polaris') return tool
  return /(?:^|[-_:])(?:sast|secret_detection|dependency_scanning|container_scanning|dast|iac-sast|gemnasium\w*|spotbugs-sast|kubesec-sast)\b/.test(name.toLowerCase()) ? 'gitlab' : undefined
}

/** Words that run the command after them. */
const wrappers = new Set(['sudo', 'time', 'env', 'exec', 'nohup', 'nice', 'command', 'npx', 'pnpx', 'bunx', 'uvx', 'pipx', 'poetry', 'pipenv', 'uv', 'run', 'python', 'python3', '-m', 'bundle', 'exec', 'dlx', 'go', 'then', 'do', 'else', 'if', '!', 'while', 'until', 'timeout', 'xargs', 'mise', 'asdf', 'hatch', 'tox', 'x', '--'])
const containers = new Set(['docker', 'podman', 'nerdctl'])
const harmless = /^(?:--version|-version|--help|-h|version|help|completion|install|plugin|--install-types|db|login|auth|configure|--download-db-only|monitor)$/

/** The scanner that a simple command runs, and where its own words begin. */
export function scannerOfCommand(words: readonly string[]): { readonly tool: string; readonly from: number } | undefined {
  for (const [index, word] of words.slice(0, 12).entries()) {
    const name = word.slice(word.lastIndexOf('/') + 1).replace(/@.*$/, '').replace(/\.exe$/, '')
    const audit = audits.get(`${name} ${words[index + 1] ?? ''}`)
    const tool = audit ?? byCommand.get(name)
    if (tool !== undefined && (audit === undefined || words[index + 1] !== 'npm' || words[index + 2] === 'audit')) return ran(tool, words, index + 1)
    if (containers.has(name) && words[index + 1] === 'run') return ofImage(words, index + 2)
    if (!wrappers.has(name) && !/^(?:[A-Za-z_]\w*=|-|\d+[smh]?$)/.test(word)) return undefined
  }
  return undefined
}

const ran = (tool: string, words: readonly string[], from: number): { readonly tool: string; readonly from: number } | undefined =>
  (words.slice(from, from + 2).some((word) => harmless.test(word)) ? undefined : { tool, from })

function ofImage(words: readonly string[], from: number): { readonly tool: string; readonly from: number } | undefined {
  for (let at = from; at < words.length; at += 1) {
    const word = words[at] ?? ''
    const tool = word.startsWith('-') || word.includes('=') ? undefined : scannerOfAction(word.replace(/^(?:docker\.io|ghcr\.io|quay\.io|public\.ecr\.aws)\//, ''))
    if (tool !== undefined) return ran(tool, words, at + 1)
  }
  return undefined
}

export interface Softened {
  readonly mark: string
  /** Rules that it silences; all of them where it names none. */
  readonly rules: readonly string[]
  readonly at: number
}

interface Option {
  readonly names: readonly string[]
  /** Only with such a value. */
  readonly value?: RegExp
  /** Its value lists rules. */
  readonly rules?: true
}

const option = (names: string, more: Omit<Option, 'names'> = {}): Option => ({ names: names.split(' '), ...more })
const zero = { value: /^0$/ } as const
const rules = { rules: true } as const
const options: Readonly<Record<string, readonly Option[]>> = {
  'trivy': [option('--exit-code', zero)],
  'checkov': [option('--soft-fail -s'), option('--soft-fail-on', rules), option('--skip-check', rules), option('--baseline')],
  'tfsec': [option('--soft-fail -s'), option('--exclude -e', rules)],
  'semgrep': [option('--exclude-rule', rules), option('--no-error')],
  'gitleaks': [option('--exit-code', zero), option('--baseline-path -b')],
  'bandit': [option('--exit-zero'), option('--skip -s', rules), option('--baseline -b')],
  'gosec': [option('-no-fail --no-fail'), option('-exclude --exclude', rules)],
  'hadolint': [option('--no-fail'), option('--ignore', rules), option('--failure-threshold -t', { value: /^none$/ })],
  'kics': [option('--ignore-on-exit', { value: /^(?:all|results)$/ }), option('--exclude-queries', rules)],
  'conftest': [option('--no-fail')],
  'brakeman': [option('--no-exit-on-warn'), option('--except -x', rules), option('--skip-checks', rules)],
  'terrascan': [option('--skip-rules', rules)],
  'npm-audit': [option('--audit-level', { value: /^none$/ })],
  'kubescape': [option('--exceptions')],
  'detect-secrets': [option('--baseline')],
  'zap': [option('-I')],
  'kube-linter': [option('--exclude', rules)],
  'kube-score': [option('--ignore-test', rules)],
  'gitguardian': [option('--exit-zero')],
  'dockle': [option('--exit-code', zero), option('--ignore -i', rules)],
  'pip-audit': [option('--ignore-vuln', rules)],
  'cargo-audit': [option('--ignore', rules)],
  'bundler-audit': [option('--ignore -i', rules)],
  'safety': [option('--ignore -i', rules), option('--continue-on-error')],
  'tflint': [option('--disable-rule', rules), option('--force')],
  'kubesec': [option('--exit-code', zero)],
}

/** Options of a scanner's command that keep it from failing, or silence rules. `at`: which of the words. */
export function softOptions(tool: string, words: readonly string[]): readonly Softened[] {
  return words.flatMap((word, at): readonly Softened[] => {
    const equals = word.startsWith('-') ? word.indexOf('=') : -1
    const [name, own] = equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)]
    const known = (options[tool] ?? []).find(({ names }) => names.includes(name))
    if (known === undefined) return []
    const value = (own ?? words[at + 1] ?? '').replaceAll(/^["']|["']$/g, '')
    if (known.value !== undefined) return known.value.test(value) ? [{ mark: `${name} ${value}`, rules: ['*'], at }] : []
    if (known.rules !== true) return own === 'false' ? [] : [{ mark: name, rules: ['*'], at }]
    const listed = value.split(/[,\s]+/).filter((rule) => /^[\w:.*@/-]+$/.test(rule) && !rule.startsWith('-'))
    return listed.length === 0 ? [] : [{ mark: name, rules: listed, at }]
  })
}

/** Inputs of actions and tasks by their name in lower case with hyphens, and the value that takes the teeth. */
const inputs: ReadonlyMap<string, RegExp | 'rules'> = new Map<string, RegExp | 'rules'>([
  ['soft-fail', /^true$/i], ['exit-code', /^0$/], ['fail-build', /^false$/i], ['no-fail', /^true$/i], ['fail-on-findings', /^false$/i], ['failonissues', /^false$/i], ['ignore-on-exit', /^(?:all|results)$/], ['warn-only', /^true$/i], ['fail-action', /^false$/i],
  ['failure-threshold', /^none$/], ['continue-on-error', /^true$/i], ['skip-check', 'rules'], ['skip-checks', 'rules'], ['soft-fail-on', 'rules'], ['exclude-queries', 'rules'], ['allow-ghsas', 'rules'],
])

/** What one input of a scanner's step does to it; undefined: nothing. */
export function softInput(tool: string, key: string, value: string): Omit<Softened, 'at'> | undefined {
  const name = key.toLowerCase().replaceAll('_', '-')
  const known = tool === 'hadolint' && name === 'ignore' ? 'rules' : inputs.get(name)
  if (known === undefined) return undefined
  if (known !== 'rules') return known.test(value.trim()) ? { mark: `${key}: ${value.trim()}`, rules: ['*'] } : undefined
  const listed = value.split(/[,\s]+/).filter((rule) => rule !== '')
  return listed.length === 0 ? undefined : { mark: key, rules: listed }
}
