/** Readers of whole files: ignore files, baselines, configurations, exemptions and pipelines, chosen by name, or by what any YAML file may hold. */
import { pipelineReader } from '../pipelines/index.ts'
import type { Found } from '../types.ts'
import { exemptionHints, exemptions } from './exemptions.ts'
import { gitleaksIgnore, initialisation, semgrepIgnore, trivyIgnore } from './lines.ts'
import { regoExceptions, regoHints } from './rego.ts'
import * as structured from './structured.ts'
import { gitleaksConfig, osvScanner, pyproject } from './toml.ts'

export type FileReader = (text: string, path: string) => readonly Found[]

const named: readonly (readonly [names: string, reader: FileReader])[] = [
  ['.trivyignore trivyignore', trivyIgnore],
  ['.trivyignore.yaml .trivyignore.yml', structured.trivyIgnoreYaml],
  ['trivy.yaml trivy.yml', structured.trivyConfig],
  ['.checkov.yaml .checkov.yml', structured.checkovConfig],
  ['.checkov.baseline', structured.checkovBaseline],
  ['.semgrepignore', semgrepIgnore],
  ['.gitleaksignore', gitleaksIgnore],
  ['.gitleaks.toml gitleaks.toml', gitleaksConfig],
  ['.snyk', structured.snykPolicy],
  ['osv-scanner.toml', osvScanner],
  ['.grype.yaml .grype.yml', structured.grypeConfig],
  ['.hadolint.yaml .hadolint.yml hadolint.yaml', structured.hadolintConfig],
  ['.bandit .flake8 setup.cfg tox.ini', initialisation],
  ['bandit.yaml bandit.yml .bandit.yaml .bandit.yml', structured.banditConfig],
  ['pyproject.toml ruff.toml .ruff.toml', pyproject],
  ['.secrets.baseline', structured.secretsBaseline],
  ['.kics.config .kics.yaml .kics.yml kics.config kics.config.json kics.config.yaml kics.yaml .kics.json', structured.kicsConfig],
  ['.kube-linter.yaml .kube-linter.yml', structured.kubeLinter],
  ['brakeman.ignore', structured.brakemanIgnore],
  ['codeql-config.yml codeql-config.yaml', structured.codeqlConfig],
  ['audit-ci.json audit-ci.jsonc .audit-ci.json', structured.auditAllowlist],
]
const byName: ReadonlyMap<string, FileReader> = new Map(named.flatMap(([names, reader]) => names.split(' ').map((name) => [name, reader] as const)))

/** Undefined: nothing but its comments is looked at. */
export function fileReader(path: string, text: string): FileReader | undefined {
  const slash = path.lastIndexOf('/')
  const name = path.slice(slash + 1).toLowerCase()
  const folder = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash)
  const known = byName.get(name) ?? (folder === '.tfsec' && /\.(?:json|ya?ml)$/.test(name) ? structured.tfsecConfig : undefined)
  if (known !== undefined) return known
  if (name.endsWith('.rego')) return regoHints.test(text) ? regoExceptions : undefined
  const readers = [pipelineReader(path, name, text), /\.(?:ya?ml|json|tpl|gotmpl)$/.test(name) && exemptionHints.test(text) ? exemptions : undefined].filter((reader) => reader !== undefined)
  return readers.length === 0 ? undefined : (all, at) => readers.flatMap((reader) => reader(all, at))
}
