/** Every reader of a native format, by the name that `--input-format` knows it by. */
import { bandit } from './bandit/index.ts'
import { checkov } from './checkov/index.ts'
import { conftest } from './conftest/index.ts'
import { githubVulnerability } from './github_vulnerability/index.ts'
import { gitleaks } from './gitleaks/index.ts'
import { grype } from './grype/index.ts'
import { hadolint } from './hadolint/index.ts'
import { kics } from './kics/index.ts'
import { kubescape } from './kubescape/index.ts'
import { npmAudit } from './npm_audit/index.ts'
import { openReports } from './openreports/index.ts'
import { openVex } from './openvex/index.ts'
import { osvScanner } from './osv_scanner/index.ts'
import { semgrep } from './semgrep/index.ts'
import { tfsec } from './tfsec/index.ts'
import { trivy } from './trivy/index.ts'
import { trivyOperator } from './trivy_operator/index.ts'
import type { NativeReader } from './types.ts'

export const nativeReaders: readonly NativeReader[] = [
  bandit, checkov, conftest, githubVulnerability, gitleaks, grype, hadolint, kics, kubescape, npmAudit, openReports, openVex, osvScanner,
  semgrep, tfsec, trivy, trivyOperator,
]

/** Every value of `--input-format`, sorted. */
export const inputFormats: readonly string[] = ['sarif', ...nativeReaders.map((reader) => reader.format)].sort()
