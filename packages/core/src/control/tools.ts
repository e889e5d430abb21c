/** The closed table of tools (design §2, control): canonical names, and the names that reports write for the same tool. */

const producers: Readonly<Record<string, readonly string[]>> = {
  'actionlint': [],
  'azure-policy': ['azure policy'],
  'bandit': [],
  'brakeman': [],
  'checkov': [],
  'clair': [],
  'codeql': ['codeql command-line toolchain', 'github code scanning'],
  'conforma': ['enterprise contract'],
  'conftest': [],
  'dependabot': ['github dependabot'],
  'dependency-check': ['owasp dependency-check', 'dependency check'],
  'detect-secrets': [],
  'dockle': [],
  'eslint': [],
  'gatekeeper': ['opa gatekeeper'],
  'gitguardian': ['ggshield'],
  'github-branch-protection': ['github branch protection'],
  'github-push-protection': ['github push protection'],
  'github-ruleset': ['github ruleset', 'github rulesets'],
  'github-secret-scanning': ['github secret scanning'],
  'gitlab': [],
  'gitleaks': [],
  'gosec': ['golang security checker', 'gosec - golang security checker'],
  'govulncheck': [],
  'grype': ['anchore grype'],
  'hadolint': [],
  'horusec': [],
  'kics': ['keeping infrastructure as code secure'],
  'kube-linter': ['kubelinter'],
  'kube-score': [],
  'kubernetes': ['validatingadmissionpolicy'],
  'kubescape': [],
  'kyverno': ['kyvernovalidatingpolicy', 'kyvernoimagevalidatingpolicy', 'kyvernomutatingpolicy', 'kyvernogeneratingpolicy'],
  'mobsfscan': [],
  'njsscan': [],
  'npm-audit': ['npm audit', 'npm'],
  'opa': ['open policy agent', 'regal'],
  'osv-scanner': ['osv scanner', 'osv'],
  'pod-security': ['pod security admission'],
  'polaris': [],
  'prowler': [],
  'ruff': [],
  'scorecard': ['ossf scorecard'],
  'semgrep': ['semgrep oss', 'semgrep pro', 'semgrep code', 'opengrep', 'opengrep oss'],
  'shellcheck': ['shell script analysis'],
  'snyk': ['snyk open source', 'snyk code', 'snyk container', 'snyk iac'],
  'sonarqube': ['sonarcloud', 'sonar'],
  'spotbugs': ['find security bugs', 'findsecbugs'],
  'terrascan': [],
  'tflint': [],
  'tfsec': ['defsec'],
  'trivy': ['aqua security trivy', 'trivy operator', 'trivy-operator'],
  'trufflehog': [],
  'zap': ['owasp zap', 'zaproxy'],
}

const canonicalByName: ReadonlyMap<string, string> = new Map(
  Object.entries(producers).flatMap(([canonical, names]) => [canonical, ...names].map((name) => [name, canonical] as const)),
)

/** Canonical names, sorted. */
export const toolNames: readonly string[] = Object.keys(producers).sort()

/** Canonical name of a tool as a report, a flag or a document spells it, whatever the case; undefined for one the table lacks. */
export function canonicalTool(name: string): string | undefined {
  return canonicalByName.get(name.trim().toLowerCase())
}

/** `tool/rule` of a finding. */
export function controlOf(finding: { readonly tool: string; readonly rule: string }): string {
  return `${finding.tool}/${finding.rule}`
}

/** Tool and rule of a control: the tool ends at the first `/`; undefined where there is none or a part is empty. */
export function splitControl(control: string): { readonly tool: string; readonly rule: string } | undefined {
  const slash = control.indexOf('/')
  return slash > 0 && slash < control.length - 1 ? { tool: control.slice(0, slash), rule: control.slice(slash + 1) } : undefined
}
