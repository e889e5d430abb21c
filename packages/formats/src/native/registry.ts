import { azurePolicyForm } from './azure_policy/index.ts'
import { checkovForm } from './checkov/index.ts'
import { conformaForm } from './conforma/index.ts'
import { conftestForm } from './conftest/index.ts'
import { gatekeeperForm } from './gatekeeper/index.ts'
import { gitleaksForm } from './gitleaks/index.ts'
import { grypeForm } from './grype/index.ts'
import { kyvernoForm } from './kyverno/index.ts'
import { kyvernoCelForm } from './kyverno_cel/index.ts'
import { opaForm } from './opa/index.ts'
import { openVexForm } from './openvex/index.ts'
import { osvScannerForm } from './osv_scanner/index.ts'
import { sarifForm } from './sarif/index.ts'
import { semgrepForm } from './semgrep/index.ts'
import { snykForm } from './snyk/index.ts'
import { trivyForm } from './trivy/index.ts'
import type { NativeForm } from './types.ts'

/** A folder each, by name. */
export const nativeForms: readonly NativeForm[] = [
  azurePolicyForm, checkovForm, conformaForm, conftestForm, gatekeeperForm, gitleaksForm, grypeForm, kyvernoForm, kyvernoCelForm, opaForm, openVexForm, osvScannerForm,
  sarifForm, semgrepForm, snykForm, trivyForm,
]
